import { randomBytes } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, beforeEach, describe as suite, expect, it } from "vitest"

import type { Descriptor } from "../../../core/descriptor.ts"
import type { ContentStore, TagChange } from "../../../core/ports.ts"
import { TagQueues } from "../tag-queues.ts"
import { findTool, runTool, startDistribution } from "../test-distribution.ts"
import {
  clientOf,
  describe,
  EMPTY,
  INDEX_TYPE,
  json,
  MANIFEST_TYPE,
  pushSubject,
  referrerOf,
  sha256,
} from "../test-registry.ts"
import { openLayout } from "./layout.ts"
import { failure } from "../test-failure.ts"

let folder = ""

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-layout-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function open(path = folder): ContentStore {
  return openLayout({
    path,
    queues: new TagQueues(),
    clock: { now: Date.now },
    randomness: { bytes: (size) => new Uint8Array(randomBytes(size)) },
    sleep: () => new Promise((resolve) => setTimeout(resolve, 2)),
  })
}

const config = describe(EMPTY, "application/vnd.oci.image.config.v1+json")
const image = (text: string): Uint8Array =>
  json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [], annotations: { text } })

async function pushImage(store: ContentStore, tag?: string, text = "x"): Promise<Descriptor> {
  await store.pushBlob(config, { bytes: EMPTY })
  return store.pushManifest(image(text), MANIFEST_TYPE, tag)
}

suite("layout", () => {
  it("makes a layout, stores and finds by tag, digest and as the only artifact", async () => {
    const store = open()
    const pushed = await pushImage(store, "v1")
    expect(JSON.parse(readFileSync(join(folder, "oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" })
    for (const reference of ["v1", pushed.digest, ""]) expect(await open().resolve(reference)).toEqual(pushed)
    expect(await store.listTags()).toEqual(["v1"])
    expect(await store.fetchBlob(config, 10)).toEqual(EMPTY)
    expect(readdirSync(join(folder, "blobs", "sha256")).toSorted()).toEqual(
      [config.digest, pushed.digest].map((one) => one.slice(7)).toSorted(),
    )
    expect(readdirSync(folder).toSorted()).toEqual(["blobs", "index.json", "oci-layout"])
  })

  it("moves a tag, and needs a name once there are two artifacts", async () => {
    const store = open()
    await pushImage(store, "v1", "a")
    const second = await pushImage(store, "v1", "b")
    expect(await store.resolve("v1")).toEqual(second)
    await pushImage(store, "v2", "c")
    expect((await failure(store.resolve(""))).code).toBe("E_REF_INVALID")
    for (const absent of ["v3", sha256("none")]) {
      const { code, next } = await failure(store.resolve(absent))
      expect([code, next.join()]).toEqual(["E_REF_TAG_NOT_FOUND", expect.stringContaining("index.json")])
    }
    expect(await store.readTag("v3")).toBeUndefined()
  })

  it("knows what is attached although nothing but the manifest says so", async () => {
    const store = open()
    const subject = await pushImage(store, "v1")
    const attached = json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [], subject })
    await store.pushManifest(attached, MANIFEST_TYPE)
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: unknown[] }
    index.manifests.push(describe(attached, MANIFEST_TYPE))
    writeFileSync(join(folder, "index.json"), JSON.stringify(index))
    expect(await open().resolve("")).toEqual(subject)
  })

  it("attaches, lists and deletes referrers; an unlisted one is found among the blobs", async () => {
    const store = open()
    const subject = await pushImage(store, "v1")
    const listed = json({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      artifactType: "a/b",
      config,
      layers: [],
      subject,
    })
    const blobOnly = json({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      artifactType: "c/d",
      config,
      layers: [],
      subject,
    })
    expect(await store.attach(listed, MANIFEST_TYPE)).toMatchObject({ via: "referrers-api", repairs: 0 })
    await store.attach(listed, MANIFEST_TYPE)
    await store.pushManifest(blobOnly, MANIFEST_TYPE)
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: Descriptor[] }
    expect(index.manifests).toHaveLength(2)
    expect(index.manifests[1]).toMatchObject({ digest: sha256(listed), artifactType: "a/b" })
    const found = await open().listReferrers(subject.digest)
    expect(new Set(found.entries.map((one) => one.digest))).toEqual(new Set([sha256(listed), sha256(blobOnly)]))
    expect((await store.listReferrers(subject.digest, "c/d")).entries).toHaveLength(1)
    expect(await store.resolve("")).toEqual(subject)
    expect(await store.deleteManifest(sha256(listed))).toBe(true)
    expect(await store.deleteManifest(sha256(listed))).toBe(false)
    expect((await store.listReferrers(subject.digest)).entries).toHaveLength(1)
  })

  it("many writers lose nothing", async () => {
    const subject = await pushImage(open(), "v1")
    const texts = Array.from({ length: 12 }, (_, n) => `layer ${n}`)
    const layerOf = (text: string): Descriptor => describe(new TextEncoder().encode(text), "text/plain")
    const adding =
      (text: string): TagChange =>
      (current) => {
        const layers =
          current === undefined
            ? []
            : (JSON.parse(new TextDecoder().decode(current.bytes)) as { layers: Descriptor[] }).layers
        const bytes = json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [...layers, layerOf(text)] })
        return Promise.resolve({ bytes, mediaType: MANIFEST_TYPE })
      }
    const tag = `sha256-${subject.digest.slice(7)}.sig`
    await Promise.all(texts.map((text) => open().updateTag(tag, adding(text), () => true)))
    const text = new TextDecoder().decode((await open().readTag(tag))!.manifest.bytes)
    for (const one of texts) expect(text).toContain(layerOf(one).digest)
    expect(readFileSync(join(folder, "index.json"), "utf8")).toContain('"dev.cosignproject.cosign/sigs"')
    expect(await open().resolve("")).toEqual(subject)
  })

  suite("adv: ggcr #2306 links in a layout", () => {
    const outside = (): string => {
      const path = join(folder, "..", `${folder.split("/").at(-1) ?? ""}-secret`)
      writeFileSync(path, EMPTY)
      return path
    }

    it("a blob, its folders, index.json and oci-layout may be no links", async () => {
      const secret = outside()
      try {
        const store = open()
        await pushImage(store, "v1")
        const blob = join(folder, "blobs", "sha256", config.digest.slice(7))
        rmSync(blob)
        symlinkSync(secret, blob)
        expect((await failure(store.fetchBlob(config, 10))).code).toBe("E_FORMAT_MALFORMED")
        expect((await failure(store.pushBlob(config, { bytes: EMPTY }))).code).toBe("E_FORMAT_MALFORMED")
        expect((await failure(store.listReferrers(config.digest))).code).toBe("E_FORMAT_MALFORMED")
        for (const name of ["index.json", "oci-layout"]) {
          const copy = readFileSync(join(folder, name))
          rmSync(join(folder, name))
          symlinkSync(secret, join(folder, name))
          expect((await failure(open().resolve("v1"))).code).toBe("E_FORMAT_MALFORMED")
          rmSync(join(folder, name))
          writeFileSync(join(folder, name), copy)
        }
        rmSync(join(folder, "blobs"), { recursive: true })
        mkdirSync(join(folder, "elsewhere", "sha256"), { recursive: true })
        symlinkSync(join(folder, "elsewhere"), join(folder, "blobs"))
        expect((await failure(open().resolve("v1"))).code).toBe("E_FORMAT_MALFORMED")
      } finally {
        rmSync(secret)
      }
    })
  })

  it("adv: ggcr #2272 damaged content is never handed out", async () => {
    const store = open()
    const pushed = await pushImage(store, "v1")
    const path = join(folder, "blobs", "sha256", pushed.digest.slice(7))
    writeFileSync(path, readFileSync(path, "utf8").replace('"text":"x"', '"text":"y"'))
    expect((await failure(open().resolve("v1"))).code).toBe("E_REGISTRY_PROTOCOL")
    expect((await failure(open().listReferrers(pushed.digest))).code).toBe("E_FORMAT_MALFORMED")
    rmSync(path)
    expect((await failure(open().resolve("v1"))).code).toBe("E_IO")
  })

  it("leaves index.json readable when it has no room for another entry", async () => {
    const store = open()
    const subject = await pushImage(store, "1")
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: object[] }
    const large = { ...subject, annotations: { x: "x".repeat(16 * 1024 * 1024 - 600) } }
    writeFileSync(join(folder, "index.json"), JSON.stringify({ ...index, manifests: [...index.manifests, large] }))
    const before = readFileSync(join(folder, "index.json"))
    const referrer = json({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      artifactType: "a/b",
      config,
      layers: [],
      subject,
    })
    expect((await failure(store.attach(referrer, MANIFEST_TYPE))).code).toBe("E_LIMIT_EXCEEDED")
    expect(readFileSync(join(folder, "index.json")).equals(before)).toBe(true)
    expect(await open().resolve("1")).toEqual(subject)
  })

  it("adv: GHSA-298f-872v-2rcx lists 10,000 referrers and stores no other", async () => {
    const store = open()
    const subject = await pushImage(store, "1")
    const referrer = (n: number): Uint8Array =>
      json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, artifactType: "a/b", config, layers: [], subject, n })
    for (let n = 1; n < 10_000; n++) {
      const bytes = referrer(n)
      writeFileSync(join(folder, "blobs/sha256", sha256(bytes).slice(7)), bytes)
    }
    await store.attach(referrer(10_000), MANIFEST_TYPE)
    expect((await store.listReferrers(subject.digest)).entries).toHaveLength(10_000)
    const before = readdirSync(join(folder, "blobs/sha256")).length
    expect((await failure(store.attach(referrer(0), MANIFEST_TYPE))).code).toBe("E_LIMIT_EXCEEDED")
    expect(readdirSync(join(folder, "blobs/sha256"))).toHaveLength(before)
    await store.attach(referrer(1), MANIFEST_TYPE)
  })

  it.each([
    [
      "no oci-layout",
      (): void => {
        rmSync(join(folder, "oci-layout"))
      },
      "E_FILE_NOT_FOUND",
    ],
    [
      "another version",
      (): void => {
        writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}')
      },
      "E_FORMAT_UNSUPPORTED_VERSION",
    ],
    [
      "no index.json",
      (): void => {
        rmSync(join(folder, "index.json"))
      },
      "E_FORMAT_MALFORMED",
    ],
    [
      "index.json no JSON",
      (): void => {
        writeFileSync(join(folder, "index.json"), "{")
      },
      "E_FORMAT_MALFORMED",
    ],
    [
      "size -1",
      (): void => {
        writeFileSync(join(folder, "index.json"), JSON.stringify({ manifests: [{ ...config, size: -1 }] }))
      },
      "E_FORMAT_MALFORMED",
    ],
    [
      "index.json of 17 MiB",
      (): void => {
        writeFileSync(join(folder, "index.json"), " ".repeat(17 << 20))
      },
      "E_LIMIT_EXCEEDED",
    ],
  ])("refuses a layout with %s", async (_name, spoil, code) => {
    await pushImage(open(), "v1")
    spoil()
    expect((await failure(open().resolve("v1"))).code).toBe(code)
  })

  it("refuses content that is other than described and leaves nothing behind", async () => {
    const store = open()
    expect((await failure(store.pushBlob({ ...config, digest: sha256("x") }, { bytes: EMPTY }))).code).toBe(
      "E_REGISTRY_PROTOCOL",
    )
    expect(readdirSync(join(folder, "blobs", "sha256"))).toEqual([])
    expect((await failure(store.fetchBlob({ ...config, size: 11 }, 10))).code).toBe("E_LIMIT_EXCEEDED")
  })

  it("reads unknown entries without complaint and keeps them", async () => {
    await pushImage(open(), "v1")
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: unknown[] }
    const strange = { mediaType: "x/y", digest: sha256("z"), size: 1, extra: [1] }
    writeFileSync(
      join(folder, "index.json"),
      JSON.stringify({ schemaVersion: 2, z: 1, manifests: [...index.manifests, strange] }),
    )
    await pushImage(open(), "v2", "other")
    expect(JSON.parse(readFileSync(join(folder, "index.json"), "utf8"))).toMatchObject({ z: 1, mediaType: INDEX_TYPE })
    expect(readFileSync(join(folder, "index.json"), "utf8").replace(/\s/g, "")).toContain(JSON.stringify(strange))
  })
})

const distribution = findTool("docker-registry")
const oras = findTool("oras")
const cosign = findTool("cosign3")
const crane = findTool("crane")

suite.skipIf(distribution === undefined || oras === undefined || crane === undefined)("layouts of other tools", () => {
  it("reads what oras copied with its referrers, and crane pulled", { timeout: 60_000 }, async () => {
    const registry = await startDistribution(distribution ?? "")
    try {
      const client = clientOf(registry.host)
      const subject = await pushSubject(client)
      const referrer = await referrerOf(client, subject, "a bundle")
      await client.attach(referrer, MANIFEST_TYPE)
      const name = `${registry.host}/team/app:v1`
      const copied = join(folder, "oras")
      runTool(oras ?? "", ["copy", "-r", "--from-plain-http", "--to-oci-layout", name, `${copied}:v1`])
      expect(await open(copied).resolve("v1")).toEqual(subject)
      const { entries } = await open(copied).listReferrers(subject.digest)
      expect(entries.map((one) => one.digest)).toEqual([sha256(referrer)])
      const pulled = join(folder, "crane")
      runTool(crane ?? "", ["pull", "--insecure", "--format=oci", name, pulled])
      expect((await open(pulled).resolve("")).digest).toBe(subject.digest)
      if (cosign !== undefined) {
        const saved = join(folder, "cosign")
        runTool(cosign, ["save", "--dir", saved, "--allow-http-registry", name], { HOME: folder })
        expect((await open(saved).resolve("")).digest).toBe(subject.digest)
        expect((await open(saved).listReferrers(subject.digest)).entries.map((one) => one.digest)).toEqual([
          sha256(referrer),
        ])
      }
      // And the other way: oras reads ours.
      const ours = open(join(folder, "ours"))
      const own = await pushImage(ours, "v1")
      const attached = json({
        schemaVersion: 2,
        mediaType: MANIFEST_TYPE,
        artifactType: "a/b",
        config,
        layers: [config],
        subject: own,
      })
      await ours.attach(attached, MANIFEST_TYPE)
      const seen = runTool(oras ?? "", ["discover", "--oci-layout", "--format", "json", `${join(folder, "ours")}:v1`])
      expect(seen).toContain(sha256(attached))
    } finally {
      await registry.stop()
    }
  })
})
