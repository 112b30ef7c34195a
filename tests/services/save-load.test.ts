/** Saving into a layout and loading from one, with registries that misbehave and content that is hostile. */
import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { loadArtifact } from "../../src/app/load.ts"
import type { AppContext, Target } from "../../src/app/requests.ts"
import { saveArtifact } from "../../src/app/save.ts"
import type { Descriptor } from "../../src/core/descriptor.ts"
import type { ContentStore } from "../../src/core/ports.ts"
import { parseReference } from "../../src/core/reference-grammar.ts"
import { startTestRegistry, type RegistryFaults, type TestRegistry } from "../../src/testing/index.ts"
import { memoryWorld, type MemoryWorld } from "../faces/memory-world.ts"

const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const INDEX = "application/vnd.oci.image.index.v1+json"
const CONFIG = "application/vnd.oci.image.config.v1+json"
const PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"

let folder: string
let world: MemoryWorld
let app: AppContext
let registry: TestRegistry
const closers: (() => Promise<void>)[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "countersign-save-"))
  world = memoryWorld({ folder })
  registry = await start({})
  app = await world.world.open({ manners: "cosign" })
})
afterEach(async () => {
  await world.close()
  await Promise.all(closers.splice(0).map((close) => close()))
  rmSync(folder, { recursive: true, force: true })
})

async function start(faults: RegistryFaults): Promise<TestRegistry> {
  const started = await startTestRegistry({ faults, sparse: true })
  closers.push(() => started.close())
  return started
}

const layout = (): string => join(folder, "layout")
const at = (server: TestRegistry, name: string): ContentStore => app.stores.repository(`${server.address}/${name}`)

function target(server: TestRegistry, name: string): Target {
  const text = `${server.address}/${name}`
  return { kind: "registry", reference: parseReference(text, { style: "cosign" }), text }
}

function describeText(text: string, mediaType: string): Descriptor {
  const bytes = new TextEncoder().encode(text)
  return { mediaType, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.length }
}

async function blob(store: ContentStore, text: string, mediaType: string): Promise<Descriptor> {
  const descriptor = describeText(text, mediaType)
  await store.pushBlob(descriptor, { bytes: new TextEncoder().encode(text) })
  return descriptor
}

interface Parts {
  readonly layers?: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

async function manifest(store: ContentStore, parts: Parts, tag?: string): Promise<Descriptor> {
  const config = await blob(store, "{}", CONFIG)
  const text = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [], ...parts })
  const bytes = new TextEncoder().encode(text)
  if (parts.subject !== undefined) return (await store.attach(bytes, MANIFEST)).descriptor
  return store.pushManifest(bytes, MANIFEST, tag)
}

async function image(store: ContentStore, text: string, tag?: string): Promise<Descriptor> {
  return manifest(store, { layers: [await blob(store, text, "application/vnd.oci.image.layer.v1.tar")] }, tag)
}

const tagOf = ({ digest }: Descriptor, suffix: string): string => `${digest.replace(":", "-")}.${suffix}`

async function signatures(store: ContentStore, subject: Descriptor, ...texts: readonly string[]): Promise<Descriptor> {
  const layers: Descriptor[] = []
  for (const text of texts) {
    const layer = await blob(store, text, PAYLOAD)
    layers.push({ ...layer, annotations: { "dev.cosignproject.cosign/signature": text } })
  }
  return manifest(store, { layers }, tagOf(subject, "sig"))
}

const bundle = async (store: ContentStore, subject: Descriptor, parts: Parts = {}): Promise<Descriptor> =>
  manifest(store, { subject, artifactType: BUNDLE, layers: [await blob(store, "a bundle", BUNDLE)], ...parts })

interface Entry {
  readonly digest: string
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

function entries(): readonly Entry[] {
  const index = JSON.parse(readFileSync(join(layout(), "index.json"), "utf8")) as { manifests: readonly Entry[] }
  return index.manifests
}

const blobPath = (digest: string): string => join(layout(), "blobs", digest.replace(":", "/"))
const save = (name: string): Promise<unknown> => saveArtifact(app, { target: target(registry, name), folder: layout() })
const load = (server: TestRegistry, name: string): Promise<unknown> =>
  loadArtifact(app, { folder: layout(), target: target(server, name) })

describe("an artifact with everything attached to it", () => {
  it.each([
    ["the referrers API", {}],
    ["the fallback tag", { referrers: "404-text" }],
  ] as const)("goes into a layout and into a registry with %s", async (_name, faults) => {
    const source = at(registry, "demo/app")
    const subject = await image(source, "content", "1")
    const signed = await signatures(source, subject, "one", "two")
    const attested = await manifest(source, { layers: [await blob(source, "x", PAYLOAD)] }, tagOf(subject, "att"))
    const referrer = await bundle(source, subject)
    const other = await manifest(source, { subject, artifactType: "application/vnd.cncf.notary.signature" })
    await save("demo/app:1")
    expect(entries().map((entry) => [entry.digest, entry.annotations?.["kind"], entry.artifactType])).toEqual(
      expect.arrayContaining([
        [subject.digest, "dev.cosignproject.cosign/image", undefined],
        [signed.digest, "dev.cosignproject.cosign/sigs", undefined],
        [attested.digest, "dev.cosignproject.cosign/atts", undefined],
        [referrer.digest, undefined, BUNDLE],
        [other.digest, undefined, "application/vnd.cncf.notary.signature"],
      ]),
    )
    expect(entries()[0]?.digest).toBe(subject.digest)

    const second = await start(faults)
    await load(second, "copy/app:2")
    const loaded = at(second, "copy/app")
    expect((await loaded.resolve("2")).digest).toBe(subject.digest)
    expect((await loaded.resolve(tagOf(subject, "sig"))).digest).toBe(signed.digest)
    expect((await loaded.resolve(tagOf(subject, "att"))).digest).toBe(attested.digest)
    const byApi = await loaded.listReferrers(subject.digest)
    const found = byApi.supported ? byApi : await loaded.listReferrersTag(subject.digest)
    expect(found.entries.map((entry) => entry.digest).toSorted()).toEqual([referrer.digest, other.digest].toSorted())
  })

  it("includes what is attached to the children of an index", async () => {
    const source = at(registry, "demo/multi")
    const child = await image(source, "child")
    const text = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [child, child] })
    const index = await source.pushManifest(new TextEncoder().encode(text), INDEX, "1")
    const signed = await signatures(source, child, "of the child")
    const referrer = await bundle(source, child)
    await save("demo/multi:1")
    expect(entries()[0]).toMatchObject({
      digest: index.digest,
      annotations: { kind: "dev.cosignproject.cosign/imageIndex" },
    })
    // Nothing of the child may pass for the index's own.
    expect(entries().filter((entry) => entry.annotations?.["kind"]?.endsWith("/sigs"))).toEqual([])
    const second = await start({})
    await load(second, "copy/multi:1")
    const loaded = at(second, "copy/multi")
    expect((await loaded.resolve(tagOf(child, "sig"))).digest).toBe(signed.digest)
    expect((await loaded.listReferrers(child.digest)).entries.map((entry) => entry.digest)).toEqual([referrer.digest])
    expect(await loaded.readTag(tagOf(index, "sig"))).toBeUndefined()
  })

  it("is not made of what a referrer says about itself", async () => {
    const source = at(registry, "demo/hostile")
    const subject = await image(source, "content", "1")
    const kind = "dev.cosignproject.cosign/image"
    const name = "org.opencontainers.image.ref.name"
    const referrer = await bundle(source, subject, { annotations: { kind, [name]: tagOf(subject, "sig") } })
    await save("demo/hostile:1")
    expect(entries().find((entry) => entry.digest === referrer.digest)).not.toHaveProperty("annotations")
    const saved = app.stores.layout(layout())
    expect((await saved.resolve("")).digest).toBe(subject.digest)
    expect(await saved.readTag(tagOf(subject, "sig"))).toBeUndefined()
  })

  it("leaves out what a fallback tag only claims", async () => {
    registry.setFaults({ referrers: "404-text" })
    const source = at(registry, "demo/claims")
    const subject = await image(source, "content", "1")
    const stranger = await image(source, "a stranger")
    const gone = describeText("deleted", MANIFEST)
    const text = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [stranger, gone] })
    await source.pushManifest(new TextEncoder().encode(text), INDEX, subject.digest.replace(":", "-"))
    await save("demo/claims:1")
    expect(entries().map((entry) => entry.digest)).toEqual([subject.digest])
    expect(existsSync(blobPath(stranger.digest))).toBe(false)
  })

  it("leaves layers alone that may not be distributed", async () => {
    const source = at(registry, "demo/foreign")
    const mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    const layer: Descriptor = { ...describeText("elsewhere", mediaType), urls: ["https://layers.example/1"] }
    await manifest(source, { layers: [layer] }, "1")
    await save("demo/foreign:1")
    expect(existsSync(blobPath(layer.digest))).toBe(false)
  })
})

describe("saving that fails", () => {
  it.each([
    ["the artifact's blobs", 403, (path: string): boolean => path.includes("/blobs/")],
    ["the signature tag", 403, (path: string): boolean => path.includes(".sig")],
    ["the attestation tag", 403, (path: string): boolean => path.includes(".att")],
    ["the referrers", 500, (path: string): boolean => path.includes("/referrers/")],
  ])("at %s makes no layout, and leaves the one there alone", async (_name, status, where) => {
    const source = at(registry, "demo/app")
    await signatures(source, await image(source, "content", "1"), "one")
    registry.setFaults({ serverErrors: { times: 1000, status }, where: ({ path }) => where(path) })
    await expect(save("demo/app:1")).rejects.toMatchObject({ kind: "unknown" })
    expect(existsSync(join(layout(), "index.json"))).toBe(false)
    expect(existsSync(join(layout(), "oci-layout"))).toBe(false)

    registry.setFaults({})
    await image(source, "another", "2")
    await save("demo/app:2")
    const before = readFileSync(join(layout(), "index.json"), "utf8")
    rmSync(join(layout(), "blobs"), { recursive: true })
    app = await world.world.open({ manners: "cosign" })
    registry.setFaults({ serverErrors: { times: 1000, status }, where: ({ path }) => where(path) })
    await expect(save("demo/app:1")).rejects.toMatchObject({ kind: "unknown" })
    expect(readFileSync(join(layout(), "index.json"), "utf8")).toBe(before)
  })

  it("says which limit an index nested too deep passes", async () => {
    const source = at(registry, "demo/deep")
    let below: Descriptor = await image(source, "content")
    for (let level = 0; level < 10; level++) {
      const text = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [below] })
      below = await source.pushManifest(new TextEncoder().encode(text), INDEX, level === 9 ? "1" : undefined)
    }
    await expect(save("demo/deep:1")).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" })
  })

  it("refuses wrong bytes", async () => {
    await image(at(registry, "demo/app"), "content", "1")
    registry.setFaults({ wrongBytes: "blobs" })
    await expect(save("demo/app:1")).rejects.toMatchObject({ code: "E_REGISTRY_PROTOCOL" })
  })
})

describe("loading", () => {
  async function saved(...texts: readonly string[]): Promise<Descriptor> {
    const source = at(registry, "demo/app")
    const subject = await image(source, "content", "1")
    await signatures(source, subject, ...texts)
    await save("demo/app:1")
    return subject
  }

  async function texts(store: ContentStore, subject: Descriptor): Promise<readonly string[]> {
    const { bytes } = await store.fetchManifest(tagOf(subject, "sig"))
    const { layers } = JSON.parse(new TextDecoder().decode(bytes)) as { layers: readonly Descriptor[] }
    return layers.map((layer) => layer.annotations?.["dev.cosignproject.cosign/signature"] ?? "")
  }

  it.each([
    { there: ["three"], before: ["one", "two"], after: ["three", "one", "two"] },
    { there: ["two", "three"], before: ["one", "two"], after: ["two", "three", "one"] },
    { there: ["one"], before: ["one", "two"], after: ["one", "two"] },
    { there: ["two", "one"], before: ["one", "two"], after: ["two", "one"] },
    { there: ["one", "two", "three"], before: ["one"], after: ["one", "two", "three"] },
  ])("adds $before to $there", async ({ there, before, after }) => {
    const subject = await saved(...before)
    const store = at(registry, "copy/app")
    await image(store, "content", "1")
    await signatures(store, subject, ...there)
    for (let time = 0; time < 2; time++) {
      await load(registry, "copy/app:1")
      expect(await texts(store, subject)).toEqual(after)
    }
  })

  it("does not overwrite what is no image of signatures", async () => {
    const subject = await saved("one")
    const store = at(registry, "copy/app")
    const text = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] })
    const index = await store.pushManifest(new TextEncoder().encode(text), INDEX, tagOf(subject, "sig"))
    await expect(load(registry, "copy/app:1")).rejects.toMatchObject({ code: "E_FORMAT_MALFORMED" })
    expect((await store.resolve(tagOf(subject, "sig"))).digest).toBe(index.digest)
    expect(await store.readTag("1")).toBeUndefined()
  })

  it.each([
    ["a layer", (subject: Descriptor): string => layerOf(subject)],
    ["the signatures", (): string => entries()[1]?.digest ?? ""],
  ])("tags nothing when %s is damaged or missing", async (_name, which) => {
    const subject = await saved("one")
    const path = blobPath(which(subject))
    for (const spoil of [
      (): void => {
        writeFileSync(path, "damaged")
      },
      (): void => {
        rmSync(path)
      },
    ]) {
      spoil()
      app = await world.world.open({ manners: "cosign" })
      await expect(load(registry, "copy/app:1")).rejects.toThrow()
      expect(await at(registry, "copy/app").readTag("1")).toBeUndefined()
    }
  })

  it("sends nothing when the layout holds something else than asked for", async () => {
    await saved("one")
    registry.clearRequests()
    const name = `copy/app@sha256:${"0".repeat(64)}`
    await expect(load(registry, name)).rejects.toMatchObject({ code: "E_REF_INVALID" })
    await image(app.stores.layout(layout()), "another", "2")
    await expect(load(registry, "copy/app:1")).rejects.toMatchObject({ code: "E_REF_INVALID" })
    expect(registry.requests).toEqual([])
  })

  it("tags nothing when the registry stops taking referrers", async () => {
    const source = at(registry, "demo/app")
    const subject = await image(source, "content", "1")
    const referrer = await bundle(source, subject)
    await save("demo/app:1")
    const second = await start({
      serverErrors: { times: 1000, status: 500 },
      where: ({ method, path }) => method === "PUT" && path.endsWith(referrer.digest),
    })
    await expect(load(second, "copy/app:1")).rejects.toMatchObject({ kind: "unknown" })
    expect(await at(second, "copy/app").readTag("1")).toBeUndefined()
  })
})

function layerOf({ digest }: Descriptor): string {
  const { layers } = JSON.parse(readFileSync(blobPath(digest), "utf8")) as { layers: readonly Descriptor[] }
  return layers[0]?.digest ?? ""
}
