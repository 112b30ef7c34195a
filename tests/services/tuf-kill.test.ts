import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, expect, it } from "vitest"
import { DAY, TestMirror, textTarget, TRUSTED_ROOT } from "./tuf-mirror.ts"

const program = fileURLToPath(new URL("tuf-process.ts", import.meta.url))
const KILLS = 16
const READERS = 2

let mirror: TestMirror
let children: ChildProcess[] = []
const failures: string[] = []

beforeEach(async () => {
  const end = Date.now() + DAY
  mirror = await TestMirror.start({ expires: { root: end, targets: end, snapshot: end, timestamp: end } })
  mirror.now = Date.now()
  await mirror.initialize()
})

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL")
  children = []
  await mirror.stop()
})

async function start(role: "writer" | "reader"): Promise<ChildProcess> {
  const folder = join(mirror.folder, "home", ".sigstore", "root")
  const child = spawn(process.execPath, [program, role, folder, mirror.url], { stdio: ["ignore", "pipe", "inherit"] })
  children.push(child)
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.split("\n")) if (line.startsWith("failed")) failures.push(`${role}: ${line}`)
      resolve()
    })
    child.once("exit", () => {
      resolve()
    })
  })
  await ready
  return child
}

it("processes that share a cache and are killed at random leave it usable", { timeout: 120_000 }, async () => {
  await Promise.all(Array.from({ length: READERS }, () => start("reader")))
  for (let round = 1; round <= KILLS; round++) {
    const writers = await Promise.all([start("writer"), start("writer")])
    const versions = { root: 1, targets: round + 1, snapshot: round + 1, timestamp: round + 1 }
    await mirror.publish({ versions, targets: [textTarget("trusted_root.json", TRUSTED_ROOT + " ".repeat(round))] })
    // A random number of requests of theirs is a random moment, and no time has to be waited for.
    const until = mirror.asked.length + Math.floor(Math.random() * 12)
    while (mirror.asked.length < until && failures.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const gone = writers.map((writer) => once(writer, "exit"))
    for (const writer of writers) writer.kill("SIGKILL")
    await Promise.all(gone)
    const offline = await mirror.client().trustedRoot({ offline: true })
    expect(new TextDecoder().decode(offline.bytes).trimEnd()).toBe(TRUSTED_ROOT)
    const status = await mirror.client().status({ offline: true })
    const [, timestamp, snapshot, targets] = status.roles
    expect([snapshot?.version, targets?.version]).toEqual([timestamp?.version, timestamp?.version])
  }
  expect(failures).toEqual([])
  // The dead writers' lock is theirs for a minute; what was verified is used all the same.
  const online = await mirror.client().trustedRoot({ offline: false })
  expect(online.bytes).toHaveLength(TRUSTED_ROOT.length + KILLS)
})
