import { randomBytes } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, beforeEach, describe as suite, expect, it } from "vitest"

import type { Descriptor } from "../../../core/descriptor.ts"
import type { LayoutStore } from "../../../core/ports.ts"
import { TagQueues } from "../tag-queues.ts"
import { describe, EMPTY, json, MANIFEST_TYPE } from "../test-registry.ts"
import { openLayout } from "./layout.ts"

const KINDS = "dev.cosignproject.cosign/"
const config = describe(EMPTY, "application/vnd.oci.image.config.v1+json")

let folder = ""

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-layout-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function open(): LayoutStore {
  return openLayout({
    path: folder,
    queues: new TagQueues(),
    clock: { now: Date.now },
    randomness: { bytes: (size) => new Uint8Array(randomBytes(size)) },
    sleep: () => new Promise((resolve) => setTimeout(resolve, 2)),
  })
}

async function put(text: string): Promise<Descriptor> {
  const store = open()
  await store.pushBlob(config, { bytes: EMPTY })
  const manifest = json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [], annotations: { text } })
  const descriptor = describe(manifest, MANIFEST_TYPE)
  await store.pushBlob(descriptor, { bytes: manifest })
  return descriptor
}

function kind(descriptor: Descriptor, name: string): Descriptor {
  return { ...descriptor, annotations: { kind: KINDS + name } }
}

suite("entries of a layout", () => {
  // Bytes as cosign 2.5.0 and 3.1.1 wrote them, digests and sizes aside.
  it("writes what cosign writes", async () => {
    const subject = await put("a")
    const signatures = await put("b")
    await open().replaceEntries([kind(subject, "image"), kind(signatures, "sigs")])
    expect(readFileSync(join(folder, "oci-layout"), "utf8")).toBe('{\n    "imageLayoutVersion": "1.0.0"\n}')
    expect(readFileSync(join(folder, "index.json"), "utf8")).toBe(`{
   "schemaVersion": 2,
   "mediaType": "application/vnd.oci.image.index.v1+json",
   "manifests": [
      {
         "mediaType": "application/vnd.oci.image.manifest.v1+json",
         "size": ${subject.size},
         "digest": "${subject.digest}",
         "annotations": {
            "kind": "dev.cosignproject.cosign/image"
         }
      },
      {
         "mediaType": "application/vnd.oci.image.manifest.v1+json",
         "size": ${signatures.size},
         "digest": "${signatures.digest}",
         "annotations": {
            "kind": "dev.cosignproject.cosign/sigs"
         }
      }
   ]
}`)
  })

  it("replaces what was there and leaves no other files", async () => {
    await open().pushManifest(
      json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [] }),
      MANIFEST_TYPE,
      "v1",
    )
    const subject = await put("a")
    await open().replaceEntries([kind(subject, "image")])
    expect(await open().listTags()).toEqual([])
    expect((await open().resolve("")).digest).toBe(subject.digest)
    expect(readdirSync(folder).toSorted()).toEqual(["blobs", "index.json", "oci-layout"])
  })

  it("makes no layout before the entries are written", async () => {
    await put("a")
    expect(readdirSync(folder)).toEqual(["blobs"])
    await expect(open().resolve("")).rejects.toMatchObject({ code: "E_FILE_NOT_FOUND" })
  })

  // cosign 2.5.0 and 3.1.1 save an artifact of oras with the config's type as its artifact type, and without a tag.
  it.each(["image", "imageIndex"])("takes an entry of kind %s with an artifact type for the artifact", async (name) => {
    const subject = await put("a")
    const signatures = await put("b")
    const attached = { ...(await put("c")), artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json" }
    const artifact = { ...kind(subject, name), artifactType: "application/vnd.oci.empty.v1+json" }
    await open().replaceEntries([artifact, kind(signatures, "sigs"), attached])
    expect((await open().resolve("")).digest).toBe(subject.digest)
    const state = await open().readTag(`${subject.digest.replace(":", "-")}.sig`)
    expect(state?.manifest.descriptor.digest).toBe(signatures.digest)
    expect(await open().readTag(`${subject.digest.replace(":", "-")}.att`)).toBeUndefined()
  })

  it.each([
    ["two artifacts", ["image", "image", "sigs"]],
    ["two images of signatures", ["image", "sigs", "sigs"]],
    ["no artifact", ["sigs"]],
    ["an unknown kind", ["image", "signatures"]],
  ])("does not guess whose signatures they are with %s", async (_name, kinds) => {
    const entries: Descriptor[] = []
    for (const [position, name] of kinds.entries()) entries.push(kind(await put(String(position)), name))
    await open().replaceEntries(entries)
    const tag = `${entries[0]?.digest.replace(":", "-") ?? ""}.sig`
    expect(await open().readTag(tag)).toBeUndefined()
  })

  it("does not take another artifact's signatures", async () => {
    const [subject, signatures, other] = [await put("a"), await put("b"), await put("c")]
    await open().replaceEntries([kind(subject, "image"), kind(signatures, "sigs")])
    expect(await open().readTag(`${other.digest.replace(":", "-")}.sig`)).toBeUndefined()
  })

  it("says that a blob is damaged, not that nothing is attached", async () => {
    const [subject, signatures] = [await put("a"), await put("b")]
    await open().replaceEntries([kind(subject, "image"), kind(signatures, "sigs")])
    writeFileSync(join(folder, "blobs", "sha256", signatures.digest.slice(7)), "{}")
    await expect(open().readTag(`${subject.digest.replace(":", "-")}.sig`)).rejects.toThrow()
  })
})
