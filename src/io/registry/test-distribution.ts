/** A real distribution registry (2.8: no referrers API, no conditional writes) for tests; absent tools are said aloud. */
import { execFileSync, spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { get } from "node:http"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"

/** A running registry. */
export interface Distribution {
  readonly host: string
  stop(): Promise<void>
}

/** Path of a peer tool from INTEROP_BIN, then PATH; `undefined` when absent, with a warning. */
export function findTool(name: string): string | undefined {
  const folders = [process.env.INTEROP_BIN ?? "", ...(process.env.PATH ?? "").split(delimiter)]
  const found = folders.filter((folder) => folder !== "").find((folder) => existsSync(join(folder, name)))
  if (found !== undefined) return join(found, name)
  console.warn(`SKIPPED: ${name} is neither in INTEROP_BIN nor in PATH`)
  return undefined
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get(`http://127.0.0.1:${port}/v2/`, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    }).on("error", () => {
      resolve(false)
    })
  })
}

/** Start it with an empty temporary store and deletion enabled. */
export async function startDistribution(tool: string): Promise<Distribution> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-distribution-"))
  const port = await freePort()
  const config = join(folder, "config.yml")
  writeFileSync(
    config,
    `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${JSON.stringify(join(folder, "data"))}}, delete: {enabled: true}}
http: {addr: "127.0.0.1:${port}"}
`,
  )
  const child = spawn(tool, ["serve", config], { stdio: ["ignore", "ignore", "pipe"] })
  let said = ""
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
  const ended = new Promise((resolve) => child.once("exit", resolve))
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL")
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) break
    const up = await answers(port)
    if (up) return { host: `127.0.0.1:${port}`, stop }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop()
  throw new Error(`${tool} did not start: ${said}`)
}

/** Run a peer tool; its standard output. */
export function runTool(tool: string, args: readonly string[], env: Record<string, string> = {}): string {
  return execFileSync(tool, [...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
}
