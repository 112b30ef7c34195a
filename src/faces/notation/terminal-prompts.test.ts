import { existsSync } from "node:fs"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { memoryWorld } from "../../../tests/faces/memory-world.ts"
import type { World } from "../../app/world.ts"
import { createPrompter } from "../../io/system/terminal.ts"
import { runProgram } from "../command-line/run-program.ts"
import { notation2Program } from "./program.ts"

let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-terminal-"))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What stood on the terminal besides the streams. */
  readonly asked: string
  readonly login: readonly string[]
}

/** Run a command with somebody at a terminal who types `typed`. */
async function atTerminal(typed: string, args: readonly string[]): Promise<Ended> {
  const memory = memoryWorld({ folder, env: { NOTATION_CONFIG: join(folder, "config") } })
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined })
  const terminal = new PassThrough()
  stdin.write(typed)
  const prompter = createPrompter({ stdin, stderr: terminal })
  const login: string[] = []
  const world: World = {
    ...memory.world,
    stdin: { isTTY: true, read: () => Promise.reject(new Error("a terminal was read to its end")) },
    open: async (options) => ({ ...(await memory.world.open(options)), prompter }),
    credentials: {
      ...memory.world.credentials,
      login: (server, username, password) => {
        login.push(server, username, password)
        return Promise.resolve({ storedIn: "helper", plaintext: false })
      },
    },
  }
  try {
    const code = await runProgram(notation2Program, args, world, "cobra")
    const asked = String(terminal.read() ?? "")
    return { code, stdout: memory.stdout(), stderr: memory.stderr(), asked, login }
  } finally {
    await memory.close()
  }
}

describe("questions at a terminal", () => {
  const store = (): string => join(folder, "config/truststore/x509/ca/acme")
  const args = ["cert", "delete", "root.pem", "-t", "ca", "-s", "acme"]
  const question = 'Are you sure you want to delete "root.pem" in "acme" of type "ca"? [y/N] '
  beforeEach(async () => {
    await mkdir(store(), { recursive: true })
    await writeFile(join(store(), "root.pem"), "content")
  })

  it.each(["y\n", "YES\r", "yes\n"])("%j goes on", async (typed) => {
    expect(await atTerminal(typed, args)).toEqual({
      code: 0,
      stdout: "Successfully deleted root.pem from trust store acme of type ca\n",
      stderr: "",
      asked: question,
      login: [],
    })
    expect(existsSync(store())).toBe(false)
  })

  it.each(["n\n", "\n", "yep\n", "ja\n", "y n\n"])("%j does not", async (typed) => {
    expect(await atTerminal(typed, args)).toEqual({
      code: 0,
      stdout: "Operation cancelled.\n",
      stderr: "",
      asked: question,
      login: [],
    })
    expect(existsSync(join(store(), "root.pem"))).toBe(true)
  })

  it("nothing is asked with -y", async () => {
    expect(await atTerminal("", [...args, "-y"])).toMatchObject({ code: 0, asked: "" })
  })
})

describe("login at a terminal", () => {
  const args = ["login", "registry.example"]

  it.each([
    ["name and password", "me\nsecret\r", [], "Username: Password: \n", ["registry.example", "me", "secret"]],
    ["a token", "\nsecret\r", [], "Username: Token: \n", ["registry.example", "", "secret"]],
    ["the password alone", "secret\r", ["-u", "me"], "Password: \n", ["registry.example", "me", "secret"]],
    ["nothing", "", ["-u", "me", "-p", "secret"], "", ["registry.example", "me", "secret"]],
  ])("asks for %s", async (_what, typed, flags, asked, login) => {
    expect(await atTerminal(typed, [...args, ...flags])).toEqual({
      code: 0,
      stdout: "Login Succeeded\n",
      stderr: "",
      asked,
      login,
    })
  })

  it.each([
    ["me\n\r", "Error: password required\n"],
    ["\n\r", "Error: token required\n"],
  ])("refuses an empty answer: %j", async (typed, stderr) => {
    expect(await atTerminal(typed, args)).toMatchObject({ code: 1, stdout: "", stderr, login: [] })
  })
})
