import { spawn } from "node:child_process"
import { constants } from "node:fs"
import { access } from "node:fs/promises"
import { delimiter, isAbsolute, join } from "node:path"

import { parseJson } from "../../../codec/json.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import { childEnvironment } from "../../system/child-environment.ts"
import { hasControl, type Credential } from "./credentials.ts"

/** What a helper can be asked. */
export interface CredentialHelper {
  /** @returns `undefined` when it has none for the server. */
  get(server: string): Promise<Credential | undefined>
  store(server: string, username: string, secret: string): Promise<void>
  /** False when it had none. */
  erase(server: string): Promise<boolean>
}

/** Where and how long helpers run. */
export interface HelperOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds; default `limits.helperMs`. */
  readonly timeoutMs?: number
}

/** Helpers of one process; what they answered is kept. */
export interface CredentialHelpers {
  /** @throws {ToolError} `E_CONFIG_INVALID` for a name that could lead elsewhere. */
  open(name: string): CredentialHelper
  /** Whether the program is on PATH. */
  exists(name: string): Promise<boolean>
}

/** The helper protocol's only text for "none". */
const NOT_FOUND = "credentials not found in native keychain"

/**
 * Docker credential helpers: `docker-credential-NAME` from PATH, one argument, standard input and output.
 *
 * Spec: docker-credential-helpers, credentials/credentials.go; registry.md 3.8.
 * Security: no shell, absolute PATH entries only, bounded output and time, no line breaks in what is sent.
 */
export function createHelpers(options: HelperOptions): CredentialHelpers {
  const answers = new Map<string, Promise<Credential | undefined>>()
  return {
    open(name) {
      checkName(name)
      return {
        get(server) {
          const key = `${name} ${server}`
          const found = answers.get(key) ?? getFrom(options, name, server)
          answers.set(key, found)
          return found
        },
        async store(server, username, secret) {
          answers.clear()
          checkText([server, username, secret])
          const input = JSON.stringify({ ServerURL: server, Username: username, Secret: secret })
          const { failed } = await run(options, name, "store", input)
          if (failed !== undefined) throw helperError(name, "store", failed)
        },
        async erase(server) {
          answers.clear()
          checkText([server])
          const { failed, output } = await run(options, name, "erase", server)
          if (failed === undefined) return true
          if (output.trim() === NOT_FOUND) return false
          throw helperError(name, "erase", failed)
        },
      }
    },
    async exists(name) {
      checkName(name)
      return (await findProgram(options, name)) !== undefined
    },
  }
}

function checkName(name: string): void {
  // SECURITY: the name becomes part of a program's name.
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(name)) return
  throw new ToolError("E_CONFIG_INVALID", {
    what: "a credential helper has a name that is refused",
    why: `${JSON.stringify(name.slice(0, 80))}; expected letters, digits, dots, dashes and underscores`,
    next: ["correct `credsStore` or `credHelpers` in the configuration file"],
  })
}

function checkText(texts: readonly string[]): void {
  // SECURITY: the protocol is made of lines; see CVE-2020-5260 of git's helpers.
  if (!texts.some(hasControl)) return
  throw new ToolError("E_CONFIG_INVALID", {
    what: "a credential helper was not asked",
    why: "the server, user name or password contains a line break or another control character",
  })
}

async function getFrom(options: HelperOptions, name: string, server: string): Promise<Credential | undefined> {
  checkText([server])
  const { failed, output } = await run(options, name, "get", server)
  if (failed !== undefined) {
    if (output.trim() === NOT_FOUND) return undefined
    throw helperError(name, "get", failed)
  }
  return readAnswer(name, server, output)
}

function readAnswer(name: string, server: string, output: string): Credential | undefined {
  const fields = parseFields(name, output)
  const answered = fields("serverurl")
  // COMPAT(docker-credential-helpers): some helpers leave ServerURL out, and most repeat what was asked.
  if (answered !== undefined && answered !== "" && hostOf(answered) !== hostOf(server)) {
    throw helperError(name, "get", `it answered for ${JSON.stringify(answered.slice(0, 100))}, asked was ${server}`)
  }
  const username = fields("username") ?? ""
  const secret = fields("secret") ?? ""
  if (secret === "") return undefined
  const source = `credential helper ${name}`
  if (username === "<token>") return { kind: "identity-token", username: undefined, token: secret, source }
  return { kind: "basic", username, password: secret, source }
}

/** Members of the answer by lower-case name; the reference client reads them in any case. */
function parseFields(name: string, output: string): (field: string) => string | undefined {
  try {
    const value = parseJson(output, { maxBytes: limits.helperBytes, maxDepth: 8, what: "helper answer" })
    if (isObject(value)) {
      const names = Object.keys(value)
      return (field) => {
        const found = names.find((key) => key.toLowerCase() === field)
        const text = found === undefined ? undefined : member(value, found)
        return typeof text === "string" ? text : undefined
      }
    }
  } catch {
    // The parser's message may quote a piece of the secret.
  }
  throw helperError(name, "get", "its answer is not a JSON object")
}

function hostOf(server: string): string {
  return server.replace(/^https?:\/\//, "").replace(/\/.*$/, "")
}

async function findProgram(options: HelperOptions, name: string): Promise<string | undefined> {
  for (const folder of (options.env["PATH"] ?? "").split(delimiter)) {
    // SECURITY: an empty or relative entry would run a program of the current folder.
    if (!isAbsolute(folder)) continue
    const path = join(folder, `docker-credential-${name}`)
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (usable) return path
  }
  return undefined
}

interface Ran {
  readonly output: string
  /** Why it failed; absent after exit status 0. */
  readonly failed?: string
}

async function run(options: HelperOptions, name: string, action: string, input: string): Promise<Ran> {
  const program = await findProgram(options, name)
  if (program === undefined) throw helperError(name, action, `docker-credential-${name} is not on PATH`)
  return new Promise((resolve, reject) => {
    const env = childEnvironment(options.env, { keyPasswords: false })
    const child = spawn(program, [action], { shell: false, stdio: ["pipe", "pipe", "ignore"], env })
    const chunks: Buffer[] = []
    let size = 0
    let stopped: string | undefined
    const stop = (why: string): void => {
      stopped ??= why
      child.kill("SIGKILL")
      // A grandchild may hold the pipe open after the helper itself is gone.
      child.stdout.destroy()
    }
    const ms = options.timeoutMs ?? limits.helperMs
    const timer = setTimeout(() => {
      stop(`it gave no answer within ${ms} ms`)
    }, ms)
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size > limits.helperBytes) stop(`it printed more than ${limits.helperBytes} bytes`)
      else chunks.push(chunk)
    })
    child.stdin.on("error", () => undefined).end(input)
    child.on("error", (cause) => {
      clearTimeout(timer)
      reject(helperError(name, action, `it cannot be run (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`))
    })
    child.on("close", (status) => {
      clearTimeout(timer)
      if (stopped !== undefined) reject(helperError(name, action, stopped))
      else {
        const output = Buffer.concat(chunks).toString("utf8")
        resolve(status === 0 ? { output } : { output, failed: `it ended with status ${status ?? "none"}` })
      }
    })
  })
}

function helperError(name: string, action: string, why: string): ToolError {
  return new ToolError("E_CONFIG_INVALID", {
    what: `the credential helper ${name} failed at ${action}`,
    why,
    next: [`run \`docker-credential-${name} list\` to see whether it works`, "or log in again with another store"],
    details: { helper: name, action },
  })
}
