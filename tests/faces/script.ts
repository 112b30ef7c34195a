/**
 * Script tests of the faces: plain text, one command after another with what it prints.
 *
 *     # a comment
 *     env NAME=value            set a variable from here on; `env NAME` removes it
 *     image app:1               push a small image to $REG as app:1; its digest is $DIGEST
 *     stdin text                standard input of the next command; \n is a line break
 *     $ cosign verify …         run a command; words may be quoted with '…'; $REG, $DIGEST, $HEX, $WORK are replaced
 *     exit 1                    exit code, 0 if absent
 *     1| text                   a line of stdout     2| text   a line of stderr
 *     1~ regex                  a line that matches  2~ regex
 *     1*                        any number of lines  2*
 *     1\                        the last line of stdout has no line break
 *     is FILE MODE              the file exists with these permission bits
 *     absent FILE               the file does not exist
 *     text FILE content         the file's content, \n is a line break
 *     -- FILE --                after the commands: a file and its lines, written before the first command
 *
 * A stream of which nothing is said must be empty.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { createHash } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Program } from "../../src/faces/command.ts"
import { runProgram } from "../../src/faces/command-line/run-program.ts"
import { memoryWorld } from "./memory-world.ts"

/** One expected line. */
type Line = { readonly text: string } | { readonly regex: RegExp } | "rest"

interface Command {
  readonly line: number
  readonly words: readonly string[]
  readonly stdin: string
  readonly env: Readonly<Record<string, string>>
  exit: number
  readonly stdout: Line[]
  readonly stderr: Line[]
  unfinished: boolean
}

/** What a script needs from outside. */
export interface ScriptOptions {
  /** Programs by the first word of a command. */
  readonly programs: Readonly<Record<string, Program>>
  /** Registry for `image`, `host:port`. */
  readonly registry: string
}

/**
 * Run a script.
 *
 * @throws {Error} naming the line and showing both streams at the first difference.
 */
export async function runScript(text: string, options: ScriptOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-script-"))
  try {
    await new Script(options, folder).run(text)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

class Script {
  readonly #options: ScriptOptions
  readonly #folder: string
  readonly #env: Record<string, string> = {}
  readonly #variables: Record<string, string>
  #stdin = ""
  #command: Command | undefined

  constructor(options: ScriptOptions, folder: string) {
    this.#options = options
    this.#folder = folder
    this.#variables = { REG: options.registry, WORK: folder, DIGEST: "", HEX: "" }
  }

  async run(text: string): Promise<void> {
    const [commands = "", ...sections] = text.split(/^-- (?=\S+ --$)/m)
    for (const section of sections) {
      const end = section.indexOf(" --\n")
      await writeFile(join(this.#folder, section.slice(0, end)), section.slice(end + 4))
    }
    for (const [index, line] of commands.split("\n").entries()) await this.#take(line, index + 1)
    await this.#finish()
  }

  async #take(line: string, number: number): Promise<void> {
    if (line.trim() === "" || line.startsWith("#")) return
    if (this.#command !== undefined && this.#expectation(line, this.#command)) return
    await this.#finish()
    const [verb, rest = ""] = cut(line, " ")
    if (verb === "$") this.#command = this.#commandOf(rest, number)
    else await this.#step(verb, rest, number)
  }

  /** Whether the line says something about the command before it. */
  #expectation(line: string, command: Command): boolean {
    const exit = /^exit ([0-9]+)$/.exec(line)
    if (exit !== null) command.exit = Number(exit[1])
    const match = /^([12])([|~*\\]) ?(.*)$/.exec(line)
    if (match === null) return exit !== null
    const stream = match[1] === "1" ? command.stdout : command.stderr
    const content = this.#expand(match[3] ?? "")
    if (match[2] === "|") stream.push({ text: content })
    else if (match[2] === "~") stream.push({ regex: new RegExp(`^(?:${content})$`, "u") })
    else if (match[2] === "*") stream.push("rest")
    else command.unfinished = true
    return true
  }

  async #step(verb: string, rest: string, number: number): Promise<void> {
    const [name, value = ""] = cut(rest, " ")
    switch (verb) {
      case "env": {
        const [variable, content] = cut(rest, "=")
        if (content === undefined) Reflect.deleteProperty(this.#env, variable)
        else this.#env[variable] = this.#expand(content)
        return
      }
      case "stdin":
        this.#stdin = unescape(rest)
        return
      case "image": {
        const digest = await pushImage(this.#options.registry, name)
        this.#variables["DIGEST"] = digest
        this.#variables["HEX"] = digest.slice("sha256:".length)
        return
      }
      case "is": {
        const mode = (await stat(join(this.#folder, name))).mode & 0o777
        if (value !== "" && mode.toString(8) !== value) throw new Error(`line ${number}: mode ${mode.toString(8)}`)
        return
      }
      case "absent": {
        const found = await stat(join(this.#folder, name)).then(
          () => true,
          () => false,
        )
        if (found) throw new Error(`line ${number}: ${name} is there`)
        return
      }
      case "text": {
        const content = await readFile(join(this.#folder, name), "utf8")
        if (content !== unescape(this.#expand(value))) throw new Error(`line ${number}: ${name} holds ${content}`)
        return
      }
    }
    throw new Error(`line ${number}: unknown word ${verb}`)
  }

  #commandOf(text: string, line: number): Command {
    const words = [...text.matchAll(/'([^']*)'|(\S+)/g)].map((m) => this.#expand(m[1] ?? m[2] ?? ""))
    const stdin = this.#stdin
    this.#stdin = ""
    return { line, words, stdin, env: { ...this.#env }, exit: 0, stdout: [], stderr: [], unfinished: false }
  }

  async #finish(): Promise<void> {
    const command = this.#command
    if (command === undefined) return
    this.#command = undefined
    const [name = "", ...argv] = command.words
    const program = this.#options.programs[name]
    if (program === undefined) throw new Error(`line ${command.line}: unknown program ${name}`)
    const memory = memoryWorld({ folder: this.#folder, env: command.env, stdin: command.stdin })
    try {
      const exit = await runProgram(program, argv, memory.world, "cobra")
      const differences = [
        ...(exit === command.exit ? [] : [`exit ${exit}, expected ${command.exit}`]),
        ...compare("stdout", memory.stdout(), command.stdout, command.unfinished),
        ...compare("stderr", memory.stderr(), command.stderr, false),
      ]
      if (differences.length === 0) return
      const seen = `stdout:\n${memory.stdout()}\nstderr:\n${memory.stderr()}`
      throw new Error(`line ${command.line}: ${command.words.join(" ")}\n${differences.join("\n")}\n${seen}`)
    } finally {
      await memory.close()
    }
  }

  #expand(text: string): string {
    return text.replaceAll(/\$(REG|DIGEST|HEX|WORK)\b/g, (_, name: string) => this.#variables[name] ?? "")
  }
}

function compare(name: string, text: string, lines: readonly Line[], unfinished: boolean): readonly string[] {
  if (text !== "" && text.endsWith("\n") === unfinished)
    return [`${name}: line break at the end: ${String(!unfinished)}`]
  const seen = text === "" ? [] : text.replace(/\n$/, "").split("\n")
  for (const [index, line] of lines.entries()) {
    if (line === "rest") return []
    const found = seen[index]
    if (found === undefined) return [`${name}: line ${index + 1} is missing`]
    const same = "text" in line ? found === line.text : line.regex.test(found)
    if (!same) return [`${name}: line ${index + 1} is ${JSON.stringify(found)}, expected ${show(line)}`]
  }
  return seen.length > lines.length ? [`${name}: unexpected ${JSON.stringify(seen[lines.length])}`] : []
}

function show(line: { readonly text: string } | { readonly regex: RegExp }): string {
  return "text" in line ? JSON.stringify(line.text) : String(line.regex)
}

function cut(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}

function unescape(text: string): string {
  return text.replaceAll("\\n", "\n")
}

/** Push an image of one small layer. @returns its digest; the same each time. */
async function pushImage(registry: string, name: string): Promise<string> {
  const [repository, tag = "latest"] = cut(name, ":")
  const base = `http://${registry}/v2/${repository}`
  const layer = new TextEncoder().encode("hello\n")
  const config = new TextEncoder().encode('{"architecture":"amd64","os":"linux"}')
  for (const blob of [layer, config]) {
    const start = await fetch(`${base}/blobs/uploads/`, { method: "POST" })
    const location = new URL(start.headers.get("location") ?? "", `http://${registry}`)
    location.searchParams.set("digest", digestOf(blob))
    const done = await fetch(location, { method: "PUT", body: blob })
    if (done.status !== 201) throw new Error(`blob upload answered ${done.status}`)
  }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      size: config.length,
      digest: digestOf(config),
    },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", size: layer.length, digest: digestOf(layer) }],
  })
  const put = await fetch(`${base}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
    body: manifest,
  })
  if (put.status !== 201) throw new Error(`manifest upload answered ${put.status}`)
  return digestOf(new TextEncoder().encode(manifest))
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}
