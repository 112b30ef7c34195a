import { randomBytes } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, beforeEach, describe as suite, expect, it } from "vitest"

import type { Descriptor } from "../../../core/descriptor.ts"
import type { LayoutStore, TagChange } from "../../../core/ports.ts"
import { TagQueues } from "../tag-queues.ts"
import { describe, EMPTY, json, MANIFEST_TYPE } from "../test-registry.ts"
import { openLayout } from "./layout.ts"

let folder = ""

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-layout-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const lockPath = (): string => join(folder, "index.json.lock")

/** A store with nothing in common with others but the folder, as another process would have. */
function open(): LayoutStore {
  return openLayout({
    path: folder,
    queues: new TagQueues(),
    clock: { now: Date.now },
    randomness: { bytes: (size) => new Uint8Array(randomBytes(size)) },
    sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
  })
}

/** The lock as it looks when its holder was stopped a while ago. */
function age(): void {
  const then = new Date(Date.now() - 120_000)
  utimesSync(lockPath(), then, then)
}

const config = describe(EMPTY, "application/vnd.oci.image.config.v1+json")

function names(bytes: Uint8Array): Record<string, string> {
  return (JSON.parse(new TextDecoder().decode(bytes)) as { annotations: Record<string, string> }).annotations
}

/** Adds a name to the manifest under a tag; `meanwhile` happens between reading and writing, the first time. */
function adding(name: string, meanwhile: () => Promise<unknown> = () => Promise.resolve()): TagChange {
  let first = true
  return async (current) => {
    if (first) {
      first = false
      await meanwhile()
    }
    const before = current === undefined ? {} : names(current.bytes)
    if (Object.hasOwn(before, name)) return undefined
    const annotations = { ...before, [name]: "" }
    const bytes = json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [], annotations })
    return { bytes, mediaType: MANIFEST_TYPE, blobs: [{ descriptor: config, source: { bytes: EMPTY } }] }
  }
}

const update = (tag: string, name: string, meanwhile?: () => Promise<unknown>): Promise<unknown> =>
  open().updateTag(tag, adding(name, meanwhile), () => true)

async function stored(tag: string): Promise<readonly string[]> {
  return Object.keys(names((await open().fetchManifest(tag)).bytes)).toSorted()
}

/** The index as somebody writes it who knows nothing of locks. */
function overwrite(change: (entries: Descriptor[]) => Descriptor[]): void {
  const path = join(folder, "index.json")
  const index = JSON.parse(readFileSync(path, "utf8")) as { manifests: Descriptor[] }
  writeFileSync(path, JSON.stringify({ ...index, manifests: change(index.manifests) }))
}

suite("a writer that was stopped while it had the lock", () => {
  it("loses nothing of what others wrote meanwhile, under the same tag", async () => {
    await update("t", "before")
    await update("t", "stopped", () => {
      age()
      return update("t", "other")
    })
    expect(await stored("t")).toEqual(["before", "other", "stopped"])
    expect(readdirSync(folder).toSorted()).toEqual(["blobs", "index.json", "oci-layout"])
  })

  it("loses nothing of what others wrote meanwhile, under other tags and as referrers", async () => {
    await update("t", "before")
    const subject = await open().resolve("t")
    const referrer = json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [], subject })
    await update("t", "stopped", async () => {
      age()
      await update("u", "other")
      await open().attach(referrer, MANIFEST_TYPE)
    })
    expect([await stored("t"), await stored("u")]).toEqual([["before", "stopped"], ["other"]])
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: Descriptor[] }
    expect(index.manifests.map((one) => one.digest)).toContain(describe(referrer, MANIFEST_TYPE).digest)
  })

  it("loses nothing in a layout that others made meanwhile", async () => {
    await update("t", "stopped", () => {
      age()
      rmSync(join(folder, "index.json"), { force: true })
      return update("t", "other")
    })
    expect(await stored("t")).toEqual(["other", "stopped"])
  })

  it("leaves the lock of the next writer alone", async () => {
    await update("t", "before")
    // The other has taken the lock and still works when the stopped one comes back and gives up.
    let held = ""
    await update("u", "other", async () => {
      age()
      await update("t", "stopped", () => {
        held = readFileSync(lockPath(), "utf8")
        age()
        return Promise.resolve()
      })
    })
    expect(held).toMatch(/^[0-9a-f]{32} [0-9]+ /)
    expect([await stored("t"), await stored("u")]).toEqual([["before", "stopped"], ["other"]])
    expect(existsSync(lockPath())).toBe(false)
  })

  it("gives up when that happens again and again", async () => {
    await update("t", "before")
    let count = 0
    const change: TagChange = async (current) => {
      age()
      await update("u", `other ${count++}`)
      return adding("stopped")(current)
    }
    await expect(open().updateTag("t", change, () => true)).rejects.toMatchObject({ code: "E_REGISTRY_CONFLICT" })
    expect(await stored("u")).toHaveLength(count)
    expect(await stored("t")).toEqual(["before"])
  })
})

suite("tools that know nothing of the lock", () => {
  it("are not overwritten when they write between our reading and writing", async () => {
    await update("t", "before")
    const theirs = await open().resolve("t")
    await update("t", "ours", () => {
      const annotations = { "org.opencontainers.image.ref.name": "theirs" }
      overwrite((entries) => [...entries, { ...theirs, annotations }])
      return Promise.resolve()
    })
    expect((await open().listTags()).toSorted()).toEqual(["t", "theirs"])
    expect(await stored("t")).toEqual(["before", "ours"])
  })
})

suite("a lock left behind", () => {
  it.each([
    ["by a version that wrote nothing into it", ""],
    ["by a holder that died", `${"0".repeat(32)} 1 host\n`],
    ["with nonsense in it", "\u001b[2J".repeat(1000)],
  ])("%s is taken after a minute", async (_name, content) => {
    writeFileSync(lockPath(), content)
    age()
    await update("t", "a")
    expect(await stored("t")).toEqual(["a"])
    expect(readdirSync(folder).toSorted()).toEqual(["blobs", "index.json", "oci-layout"])
  })

  it("is respected until then, and the error says who has it", async () => {
    writeFileSync(lockPath(), `${"0".repeat(32)} 4711 builder.example\n`)
    const error = { code: "E_REGISTRY_CONFLICT", why: `${lockPath()} is held by process 4711 on builder.example` }
    await expect(update("t", "a")).rejects.toMatchObject(error)
  })

  it("is taken by one of many", async () => {
    await update("t", "before")
    writeFileSync(lockPath(), "")
    age()
    const all = Array.from({ length: 24 }, (_, n) => `name ${n}`)
    await Promise.all(all.map((name) => update("t", name)))
    expect(await stored("t")).toEqual(["before", ...all].toSorted())
  })
})
