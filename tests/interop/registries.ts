/** Registries to run real tools against: our own, and docker-registry 2.8, which has no referrers API. */
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { findPeer } from "./peers.ts"

export interface InteropRegistry {
  /** `127.0.0.1:port` */
  readonly address: string
  stop(): Promise<void>
}

const launcher = fileURLToPath(new URL("../../countersign", import.meta.url))

/** A port nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

/** `countersign serve` as its own process. */
export async function startOurs(): Promise<InteropRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-interop-"))
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(launcher, ["serve", "--listen", address, "--data", join(folder, "data")], {
    stdio: ["ignore", "ignore", "ignore"],
    detached: false,
  })
  return running(child, address, folder)
}

/** Debian's docker-registry on a temporary folder, deletes enabled. */
export async function startDockerRegistry(): Promise<InteropRegistry> {
  const binary = findPeer("docker-registry")
  if (binary === undefined) throw new Error("docker-registry is missing")
  const folder = await mkdtemp(join(tmpdir(), "countersign-interop-"))
  const address = `127.0.0.1:${await freePort()}`
  const config = [
    "version: 0.1",
    "log: {level: error, accesslog: {disabled: true}}",
    `storage: {filesystem: {rootdirectory: ${join(folder, "data")}}, delete: {enabled: true}}`,
    `http: {addr: "${address}"}`,
  ].join("\n")
  await writeFile(join(folder, "config.yml"), config)
  const child = spawn(binary, ["serve", join(folder, "config.yml")], { stdio: ["ignore", "ignore", "ignore"] })
  return running(child, address, folder)
}

async function running(child: ChildProcess, address: string, folder: string): Promise<InteropRegistry> {
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM")
      await once(child, "exit")
    }
    await rm(folder, { recursive: true, force: true })
  }
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) break
    const ready = await fetch(`http://${address}/v2/`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ready) return { address, stop }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop()
  throw new Error(`the registry on ${address} did not start (exit ${child.exitCode ?? "none"})`)
}
