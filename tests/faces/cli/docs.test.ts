import { existsSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { catalogue } from "../../../src/core/error-catalogue.ts"
import { findCommand } from "../../../src/faces/command-line/find-command.ts"
import { parseFlags } from "../../../src/faces/command-line/pflag.ts"
import { countersignProgram } from "../../../src/faces/cli/program.ts"
import type { Program } from "../../../src/faces/command.ts"
import { cosign2Program, cosignProgram } from "../../../src/faces/cosign/program.ts"
import { notation2Program, notationProgram } from "../../../src/faces/notation/program.ts"

/** Programs behind the first word. */
const faces: ReadonlyMap<string, Program> = new Map([
  ["cosign", cosignProgram],
  ["cosign2", cosign2Program],
  ["notation", notationProgram],
  ["notation2", notation2Program],
])

const root = fileURLToPath(new URL("../../../", import.meta.url))

async function pagesOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(root, folder))
  return names.filter((name) => name.endsWith(".md")).map((name) => `${folder}/${name}`)
}

const pages = [
  ...(await pagesOf("docs/guides")),
  ...(await pagesOf("docs/concepts")),
  ...(await pagesOf("docs/errors")),
  "docs/troubleshooting.md",
  ...(existsSync(join(root, "README.md")) ? ["README.md"] : []),
]

/** Words of our command in a shell line: behind a pipe, `<(`, or variables; before a redirection. */
function wordsOf(line: string): readonly string[] | undefined {
  const command = /(?:^|[|(;]\s*|\s)(?:\.\/)?countersign(?= )([^|>)#]*)/.exec(line)?.[1]
  if (command === undefined) return undefined
  return [...command.matchAll(/"[^"]*"|\S+/g)].map((match) => match[0].replaceAll('"', ""))
}

/** Fails unless the line names a command and flags that exist, with a possible number of arguments. */
function check(line: string, counts = true): void {
  const words = wordsOf(line)
  if (words === undefined) return
  const [first = "", ...rest] = words
  if (rest[0] === "…") return
  const face = faces.get(first)
  const program = face ?? countersignProgram
  const found = findCommand(program, face === undefined ? words : rest)
  if (found.kind === "group") throw new Error(`no command in: ${line}`)
  const { command } = found
  const { args, flags } = parseFlags(
    [...command.flags, ...program.globalFlags],
    counts ? found.argv : [...found.argv, "…"],
  )
  for (const flag of command.flags) {
    const values =
      flag.type === "string" ? [flags.string(flag.name)] : flag.type === "stringSlice" ? flags.strings(flag.name) : []
    for (const value of values) {
      if (value === "…") continue
      if (flag.choices !== undefined && flags.given(flag.name)) expect(flag.choices, line).toContain(value)
    }
  }
  if (!counts || words.includes("…")) return
  const given = (name: string): boolean => command.flags.some((flag) => flag.name === name) && flags.given(name)
  const named = given("from-file") || given("blob") ? args.length + 1 : args.length
  const least = command.args.usage === "ARTIFACT..." ? 1 : command.args.min
  expect(named, line).toBeGreaterThanOrEqual(least)
  expect(args.length, line).toBeLessThanOrEqual(command.args.max ?? Infinity)
}

describe("documentation", () => {
  it.each(pages)("%s: commands exist as they are written", async (page) => {
    const text = await readFile(join(root, page), "utf8")
    const lines = text.split("\n").filter((line) => /^\s*\$ /.test(line))
    for (const line of lines) check(line.trim().slice(2))
    for (const [, code = ""] of text.matchAll(/`(countersign [a-z][^`]*)`/g)) check(code.replaceAll("\n", " "), false)
  })

  it.each(pages)("%s: links lead somewhere", async (page) => {
    const text = await readFile(join(root, page), "utf8")
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      expect(existsSync(join(root, dirname(page), target)), `${page} -> ${target}`).toBe(true)
    }
  })

  it("troubleshooting has symptom, cause and fix of whatever can go wrong with identities, logs and trust data", async () => {
    const text = await readFile(join(root, "docs/troubleshooting.md"), "utf8")
    const entries = text.split(/^## /m).slice(1)
    for (const entry of entries) expect(entry).toMatch(/\n\*\*Cause\.\*\* [^]*\n\*\*Fix\.\*\* /)
    const codes = Object.keys(catalogue).filter((code) => /^E_(TLOG|OIDC|TRUST|SERVICE)_|^E_CERT_SCT$/.test(code))
    expect(codes.length).toBeGreaterThan(12)
    const symptoms = entries.map((entry) => entry.split("\n")[0]).join("\n")
    for (const code of codes) expect(symptoms).toContain(`[${code}]`)
  })

  it("describes every check", async () => {
    const source = await readFile(join(root, "src/core/report.ts"), "utf8")
    const union = /export type CheckId =([^/]*?)\n\n/.exec(source)?.[1] ?? ""
    const ids = [...union.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? "")
    expect(ids.length).toBeGreaterThan(8)
    const text = await readFile(join(root, "docs/concepts/checks.md"), "utf8")
    const described = [...text.matchAll(/^### `([^`]+)`$/gm)].map((match) => match[1] ?? "")
    expect(described.toSorted()).toEqual(ids.toSorted())
  })
})

describe("documents", () => {
  it("every kind that is printed is described", async () => {
    const folder = join(root, "src/faces/cli")
    const names = await readdir(folder, { recursive: true })
    const sources = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    const texts = await Promise.all(sources.map((name) => readFile(join(folder, name), "utf8")))
    const kinds = texts.flatMap((text) => [...text.matchAll(/documentOf\(\s*"(\w+)"/g)].map((match) => match[1] ?? ""))
    expect(kinds.length).toBeGreaterThan(10)
    const page = await readFile(join(root, "docs/concepts/output.md"), "utf8")
    for (const kind of [...kinds, "VerificationReport"]) expect(page, kind).toContain(`\`${kind}\``)
  })
})

describe("help", () => {
  const commands = countersignProgram.commands.map((command) => [command.path.join(" "), command] as const)

  it.each(commands)("%s: examples are possible command lines", (_name, command) => {
    expect(command.examples.length).toBeGreaterThan(0)
    for (const { line } of command.examples) {
      expect(line).toContain(`countersign ${command.path.join(" ")}`)
      check(line)
    }
  })

  it.each(commands)("%s: words are in our form", (_name, command) => {
    const texts = [command.summary, ...command.flags.map((flag) => flag.usage)]
    for (const text of texts) expect(text, text).not.toMatch(/\.$|^[A-Z][a-z]|\n/)
  })

  it("no flag of a command hides a global one", () => {
    for (const { path, flags } of countersignProgram.commands) {
      for (const flag of flags) {
        const clash = countersignProgram.globalFlags.find(
          (g) => g.name === flag.name || (g.short !== undefined && g.short === flag.short),
        )
        expect(clash?.name, `${path.join(" ")} --${flag.name}`).toBeUndefined()
      }
    }
  })
})
