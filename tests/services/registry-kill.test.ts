import { spawn, type ChildProcess } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const script = fileURLToPath(new URL("registry-process.ts", import.meta.url))
const NAME = "demo/app"
/** Characters of the large blobs; more than is written in one go. */
const LARGE = 700_000

let folder: string
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-kill-"))
})
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  await rm(folder, { recursive: true, force: true })
})

async function start(durability: string): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [script, folder, durability], { stdio: ["ignore", "pipe", "inherit"] })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) return { url: `http://${line}`, child }
  throw new Error("the registry did not start")
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill("SIGKILL")
  await ended
}

const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`

function manifestOf(blob: string, subject?: string): string {
  const mediaType = "application/vnd.oci.image.manifest.v1+json"
  const link = { mediaType: "application/octet-stream", digest: digestOf(blob), size: blob.length }
  const about = subject === undefined ? {} : { subject: { mediaType, digest: subject, size: 1 } }
  return JSON.stringify({ schemaVersion: 2, mediaType, artifactType: "a/b", config: link, layers: [link], ...about })
}

/** Push blobs, manifests, tags and referrers until the connection ends; note what was answered 201. */
async function writer(url: string, name: string, stored: Map<string, string>): Promise<void> {
  const subject = digestOf("the subject")
  for (let round = 0; ; round += 1) {
    const blob = `${name}-${String(round)}`
    const manifest = manifestOf(blob, subject)
    const blobPath = `/v2/${NAME}/blobs/${digestOf(blob)}`
    const tagPath = `/v2/${NAME}/manifests/${blob}`
    const begin = await fetch(`${url}/v2/${NAME}/blobs/uploads/`, { method: "POST" })
    const location = begin.headers.get("location") ?? ""
    const put = await fetch(`${url}${location}?digest=${digestOf(blob)}`, { method: "PUT", body: blob })
    if (put.status === 201) stored.set(blobPath, blob)
    const single = `${blob} in one request`
    const once = await fetch(`${url}/v2/${NAME}/blobs/uploads/?digest=${digestOf(single)}`, {
      method: "POST",
      body: single,
    })
    if (once.status === 201) stored.set(`/v2/${NAME}/blobs/${digestOf(single)}`, single)
    const large = `${blob} `.repeat(LARGE / (blob.length + 1))
    const session = await fetch(`${url}/v2/${NAME}/blobs/uploads/`, { method: "POST" })
    const chunks = `${url}${session.headers.get("location") ?? ""}`
    await fetch(chunks, { method: "PATCH", body: large.slice(0, LARGE / 2) })
    const last = await fetch(`${chunks}?digest=${digestOf(large)}`, { method: "PUT", body: large.slice(LARGE / 2) })
    if (last.status === 201) stored.set(`/v2/${NAME}/blobs/${digestOf(large)}`, large)
    const headers = { "Content-Type": "application/vnd.oci.image.manifest.v1+json" }
    const tag = await fetch(url + tagPath, { method: "PUT", body: manifest, headers })
    if (tag.status === 201) stored.set(tagPath, manifest)
  }
}

describe("a registry that is killed at any moment", () => {
  it.each(["full", "fast"])("has everything it answered 201 for (%s)", async (durability) => {
    const stored = new Map<string, string>()
    for (const enough of [20, 60, 100]) {
      const { url, child } = await start(durability)
      const writers = Array.from({ length: 4 }, (_, at) => writer(url, `w${String(enough)}-${String(at)}`, stored))
      const ended = Promise.allSettled(writers)
      while (stored.size < enough) await new Promise(setImmediate)
      await kill(child)
      await ended
    }
    const { url } = await start(durability)
    for (const [path, text] of stored) {
      const response = await fetch(url + path)
      expect([path, response.status]).toEqual([path, 200])
      expect(await response.text()).toBe(text)
    }
    // Parts of one-request pushes have no owner after a restart; sessions may be gone on with.
    const { DatabaseSync } = await import("node:sqlite")
    await kill(children.at(-1)!)
    const index = new DatabaseSync(join(folder, "index.sqlite"))
    const sessions = index
      .prepare("SELECT id FROM uploads")
      .all()
      .map((row) => row["id"])
    index.close()
    expect(sessions).toEqual(expect.arrayContaining(await readdir(join(folder, "uploads"))))
    const again = await start(durability)
    const list = await (await fetch(`${again.url}/v2/${NAME}/referrers/${digestOf("the subject")}`)).text()
    for (const [path, text] of stored) if (path.includes("/manifests/")) expect(list).toContain(digestOf(text))
  })
})
