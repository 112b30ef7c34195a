/** Finds and runs the real tools, in INTEROP_BIN first, then on PATH; says loudly which are missing. */
import { spawn } from "node:child_process"
import { accessSync, closeSync, constants, openSync, readSync, realpathSync } from "node:fs"
import { basename, delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"

export type PeerName =
  | "cosign2"
  | "cosign3"
  | "oras"
  | "crane"
  | "skopeo"
  | "umoci"
  | "docker-registry"
  | "openssl"
  | "notation"
  | "notation2"

const missing = new Set<string>()

/** Whether a program is a link to countersign, or a script that starts it, under the name of a real tool. */
function isOurs(path: string): boolean {
  if (basename(realpathSync(path)) === "countersign") return true
  const file = openSync(path, "r")
  try {
    const start = Buffer.alloc(64 * 1024)
    const length = readSync(file, start)
    return start.toString("latin1", 0, 2) === "#!" && start.subarray(0, length).includes("countersign")
  } finally {
    closeSync(file)
  }
}

/** Path of a real tool, or `undefined` after a warning. Our own programs under its name are passed over. */
export function findPeer(name: PeerName): string | undefined {
  const folders = [process.env["INTEROP_BIN"] ?? "", ...(process.env["PATH"] ?? "").split(delimiter)].filter(
    (f) => f !== "",
  )
  for (const folder of folders) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      if (!isOurs(path)) return path
    } catch {
      continue
    }
  }
  if (!missing.has(name))
    console.warn(`MISSING PEER: ${name} is neither in INTEROP_BIN nor on PATH; its tests are skipped`)
  missing.add(name)
  return undefined
}

/** Whether all of these are there. */
export function havePeers(...names: readonly PeerName[]): boolean {
  return names.map((name) => findPeer(name)).every((path) => path !== undefined)
}

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
}

/** Run a program to its end. The home folder is the working folder, so that nobody's credentials are used. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: options.cwd, COSIGN_PASSWORD: "secret", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  })
  const output: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on("data", (chunk: Buffer) => output[0].push(chunk))
  child.stderr.on("data", (chunk: Buffer) => output[1].push(chunk))
  child.stdin.on("error", () => undefined)
  child.stdin.end(options.input ?? "")
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (status, signal) => {
      resolve(status ?? (signal === null ? 255 : 128))
    })
  })
  return { code, stdout: Buffer.concat(output[0]).toString(), stderr: Buffer.concat(output[1]).toString() }
}

/** Run a real tool that {@link havePeers} found. */
export async function peer(name: PeerName, args: readonly string[], options: RunOptions): Promise<Finished> {
  const path = findPeer(name)
  if (path === undefined) throw new Error(`${name} is missing`)
  return run(path, args, options)
}

const launcher = fileURLToPath(new URL("../../countersign", import.meta.url))

/** Run this checkout's command as a user would. */
export async function countersign(args: readonly string[], options: RunOptions): Promise<Finished> {
  return run(launcher, args, options)
}

/** Fail with everything a person needs when a program did not end as expected. */
export function expectCode(finished: Finished, code: number): Finished {
  if (finished.code === code) return finished
  throw new Error(
    `exit ${finished.code}, expected ${code}\n--- stdout\n${finished.stdout}\n--- stderr\n${finished.stderr}`,
  )
}
