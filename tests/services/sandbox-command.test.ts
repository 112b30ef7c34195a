/** The command `sandbox` as its own process: started, asked, stopped, killed. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { run, type Finished } from "../interop/peers.ts"

const MAIN = fileURLToPath(new URL("../../src/bin/main.ts", import.meta.url))

interface Started {
  readonly child: ChildProcess
  /** Answer on standard output. */
  readonly document: {
    readonly url: string
    readonly address: string
    readonly data: string | null
    readonly files: Record<string, string>
    readonly services: Record<string, string>
  }
  readonly stderr: () => string
}

let folder: string
let children: ChildProcess[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-sandbox-"))
  children = []
})

afterEach(async () => {
  for (const child of children) await stop(child, "SIGKILL")
  await rm(folder, { recursive: true, force: true })
})

const data = (): string => join(folder, "it's data")
const command = (...args: readonly string[]): Promise<Finished> =>
  run(process.execPath, [MAIN, ...args], { cwd: folder })

async function start(...args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [MAIN, "sandbox", "--output", "json", ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder },
    stdio: ["ignore", "pipe", "pipe"],
  })
  children.push(child)
  let [stdout, stderr] = ["", ""]
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const text = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString()
      if (stdout.endsWith("}\n")) resolve(stdout)
    })
    child.once("close", (code) => {
      reject(new Error(`exit ${String(code)}\n${stderr}`))
    })
  })
  return { child, document: JSON.parse(text) as Started["document"], stderr: () => stderr }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = once(child, "close")
  child.kill(signal)
  return ((await ended) as [number | null])[0]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

describe("countersign sandbox", () => {
  it("says where everything is, answers there, and ends when asked to", async () => {
    const address = `127.0.0.1:${await freePort()}`
    const { child, document } = await start("--listen", address, "--data", data())
    expect(document).toMatchObject({ kind: "Sandbox", url: `http://${address}`, address, data: data() })
    for (const path of Object.values(document.files)) expect(existsSync(path), path).toBe(true)
    expect((await fetch(`${document.services["oidc"] ?? ""}/.well-known/openid-configuration`)).status).toBe(200)
    expect((await fetch(`${document.services["rekor"] ?? ""}/api/v1/log`)).status).toBe(200)
    expect((await fetch(`${document.services["rekor2"] ?? ""}/api/v2/checkpoint`)).status).toBe(200)
    expect(await stop(child, "SIGTERM")).toBe(0)
  })

  it("prints tokens and exports while it does not run", async () => {
    const { child, document } = await start("--listen", "127.0.0.1:0", "--data", data())
    await stop(child, "SIGINT")
    const token = await command(
      "sandbox",
      "token",
      "--data",
      data(),
      "--email",
      "alice@example.com",
      "--claim",
      "a=b=c",
      "--claim",
      "yes=true",
    )
    expect(token).toMatchObject({ code: 0, stderr: "" })
    expect(token.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    const [, payload = ""] = token.stdout.split(".")
    const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as object
    expect(claims).toMatchObject({ iss: document.services["oidc"], email: "alice@example.com", a: "b=c", yes: true })
    const env = await command("sandbox", "env", "--data", data())
    expect(env).toMatchObject({ code: 0, stderr: "" })
    // A shell reads it, quotes of the path and all.
    const script = `${env.stdout}cat "$SIGSTORE_CT_LOG_PUBLIC_KEY_FILE" && printf %s "$TUF_MIRROR"`
    const said = execFileSync("sh", ["-c", script], { encoding: "utf8" })
    expect(said).toContain("BEGIN PUBLIC KEY")
    expect(said.endsWith(document.services["tuf"] ?? "?")).toBe(true)
    const json = await command("sandbox", "env", "--data", data(), "--output", "json")
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: "SandboxEnvironment",
      variables: { TUF_MIRROR: document.services["tuf"] },
    })
  })

  it("keeps keys and logs when it is killed, and keeps others out while it runs", async () => {
    const first = await start("--listen", "127.0.0.1:0", "--data", data())
    const second = await command("sandbox", "--listen", "127.0.0.1:0", "--data", data())
    expect(second.code).toBe(4)
    expect(second.stderr).toContain("E_STORAGE_LOCKED")
    const key = await readFile(join(data(), "rekor.pub"), "utf8")
    await stop(first.child, "SIGKILL")
    const again = await start("--listen", "127.0.0.1:0", "--data", data())
    expect(await (await fetch(`${again.document.services["rekor"] ?? ""}/api/v1/log/publicKey`)).text()).toBe(key)
  })

  it("forgets everything without a folder", async () => {
    const { child, document, stderr } = await start("--listen", "127.0.0.1:0")
    expect(document.data).toBeNull()
    const path = document.files["trustedRoot"] ?? ""
    expect(existsSync(path)).toBe(true)
    await stop(child, "SIGTERM")
    expect(existsSync(path)).toBe(false)
    expect(stderr()).toContain("temporary")
  })

  it("adv: GHSA-q4r8-xm5f-56gw is for this machine alone unless told otherwise, and then warns", async () => {
    const help = await command("sandbox", "--help")
    expect(help.stdout).toMatch(/--listen.*127\.0\.0\.1/s)
    const { child, stderr } = await start("--listen", "0.0.0.0:0", "--data", data())
    await stop(child, "SIGTERM")
    expect(stderr()).toContain("whoever reaches a sandbox can be anybody")
  })

  it.each([
    ["a bad address", ["sandbox", "--listen", "nonsense"], 2, "E_CONFIG_INVALID"],
    ["a port that is none", ["sandbox", "--listen", "127.0.0.1:99999"], 2, "E_CONFIG_INVALID"],
    ["a URL with a path", ["sandbox", "--listen", "127.0.0.1:0", "--url", "http://a.example/b"], 2, "E_CONFIG_INVALID"],
    ["a time that would end it", ["sandbox", "--timeout", "1s"], 2, "E_USAGE"],
    ["a token of no folder", ["sandbox", "token", "--email", "a@example.com"], 2, "E_USAGE"],
    [
      "a token of an empty folder",
      ["sandbox", "token", "--data", "none", "--email", "a@example.com"],
      2,
      "E_FILE_NOT_FOUND",
    ],
    ["a claim without a value", ["sandbox", "token", "--data", "none", "--claim", "x"], 2, "E_USAGE"],
    ["a claim twice", ["sandbox", "token", "--data", "none", "--claim", "x=1", "--claim", "x=2"], 2, "E_USAGE"],
    ["exports of no folder", ["sandbox", "env"], 2, "E_USAGE"],
    ["exports of an empty folder", ["sandbox", "env", "--data", "none"], 2, "E_FILE_NOT_FOUND"],
  ])("refuses %s", async (_, args, code, error) => {
    const refused = await command(...args)
    expect(refused.code).toBe(code)
    expect(refused.stderr).toContain(error)
    expect(refused.stdout).toBe("")
    expect(existsSync(join(folder, "none"))).toBe(false)
  })
})
