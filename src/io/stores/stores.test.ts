import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, describe as suite, expect, it } from "vitest"

import type { Descriptor } from "../../core/descriptor.ts"
import type { SignatureStore } from "../../core/ports.ts"
import { createHttpClient } from "../net/http-client.ts"
import { referrersTag } from "../registry/referrers-index.ts"
import {
  describe,
  EMPTY,
  INDEX_TYPE,
  json,
  MANIFEST_TYPE,
  pushSubject,
  referrerOf,
  send,
  sha256,
  startRegistry,
  type Manners,
  type TestRegistry,
} from "../registry/test-registry.ts"
import { collecting, type CollectingStore } from "./test-collecting-store.ts"
import { createStores, type OpenedStores } from "./create-stores.ts"
import { signatureTag } from "./tag-store.ts"

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
const PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
const WANTED = ["application/vnd.dev.sigstore.bundle*", PAYLOAD, "application/vnd.dsse.envelope.v1+json"]
const running: { close(): Promise<void> }[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
})

async function registry(manners: Partial<Manners> = {}): Promise<TestRegistry> {
  const started = await startRegistry(manners)
  running.push(started)
  return started
}

function stores(): OpenedStores {
  const http = createHttpClient({ userAgent: "countersign-test/0", tries: 1 })
  running.push(http)
  return createStores({
    http: () => http,
    style: "docker",
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    clock: { now: Date.now },
    randomness: { bytes: (size) => new Uint8Array(randomBytes(size)) },
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
  })
}

function signatureStores(
  server: TestRegistry,
  kind: "signature" | "attestation" = "signature",
): readonly CollectingStore[] {
  const all = stores()
  const where = all.repository(`${server.host}/team/app`)
  return all
    .signatures(where, { kind, formats: ["cosign-v2", "cosign-v3"], attachmentBytes: 1000 })
    .map((store) => collecting(store))
}

function storeOf(server: TestRegistry, kind: SignatureStore["kind"], signs?: "attestation"): CollectingStore {
  return signatureStores(server, signs).find((store) => store.kind === kind)!
}

const config = describe(EMPTY, "application/vnd.oci.image.config.v1+json")

async function pushLayers(server: TestRegistry, tag: string, layers: readonly Descriptor[]): Promise<void> {
  server.blobs.set(config.digest, Buffer.from(EMPTY))
  const bytes = Buffer.from(json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers }))
  server.manifests.set(sha256(bytes), { bytes, type: MANIFEST_TYPE })
  server.tags.set(tag, sha256(bytes))
  await Promise.resolve()
}

function payload(server: TestRegistry, text: string, signature: string): Descriptor {
  const bytes = new TextEncoder().encode(text)
  server.blobs.set(sha256(bytes), Buffer.from(bytes))
  return { ...describe(bytes, PAYLOAD), annotations: { "dev.cosignproject.cosign/signature": signature } }
}

suite("requests of a keyed verification", () => {
  it("by the referrers API: list, manifest, document", async () => {
    const server = await registry()
    const client = server.client()
    const subject = await pushSubject(client)
    await client.attach(await referrerOf(client, subject, "bundle"), MANIFEST_TYPE)
    server.log.length = 0
    const answer = await storeOf(server, "referrers-api").find(subject, WANTED)
    expect(answer.report).toMatchObject({ outcome: "found", count: 1, where: `${server.host}/team/app` })
    expect(new TextDecoder().decode(answer.signatures[0]?.bytes)).toBe("bundle")
    expect(answer.signatures[0]).toMatchObject({ mediaType: BUNDLE, artifactType: BUNDLE, location: { position: 0 } })
    expect(answer.signatures[0]?.annotations).toMatchObject({ "dev.sigstore.bundle.content": "dsse-envelope" })
    expect(server.log).toHaveLength(3)
  })

  it("by the referrers tag: one request more", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    await client.attach(await referrerOf(client, subject, "bundle"), MANIFEST_TYPE)
    server.log.length = 0
    const [api, tag] = signatureStores(server)
    expect((await api!.find(subject, WANTED)).report.outcome).toBe("unsupported")
    expect((await tag!.find(subject, WANTED)).report).toMatchObject({
      store: "referrers-tag",
      outcome: "found",
      count: 1,
    })
    expect(server.log).toHaveLength(4)
  })

  it("by the signature tag: manifest and payload, equal payloads once", async () => {
    const server = await registry()
    const subject = await pushSubject(server.client())
    const layers = [
      payload(server, "claim", "AA=="),
      payload(server, "claim", "BB=="),
      payload(server, "other", "CC=="),
    ]
    await pushLayers(server, signatureTag(subject.digest, "signature-tag"), layers)
    server.log.length = 0
    const answer = await storeOf(server, "signature-tag").find(subject, WANTED)
    expect(answer.signatures.map((one) => one.annotations["dev.cosignproject.cosign/signature"])).toEqual([
      "AA==",
      "BB==",
      "CC==",
    ])
    expect(answer.signatures.map((one) => one.location.position)).toEqual([0, 1, 2])
    expect(server.log).toHaveLength(3)
  })
})

suite("order and sharing", () => {
  it("gives one object per place and the tag of the kind wanted", async () => {
    const server = await registry()
    const all = stores()
    const where = all.repository(`${server.host}/team/app`)
    const reference = { registry: server.host, repository: "team/app", tag: "v1" }
    expect(all.content({ kind: "registry", reference })).toBe(where)
    const kinds = (kind: "signature" | "attestation", formats: readonly ("cosign-v2" | "cosign-v3")[]): string[] =>
      all.signatures(where, { kind, formats, attachmentBytes: 1 }).map((store) => store.kind)
    expect(kinds("signature", ["cosign-v2", "cosign-v3"])).toEqual(["referrers-api", "referrers-tag", "signature-tag"])
    expect(kinds("attestation", ["cosign-v3", "cosign-v2"])).toEqual([
      "referrers-api",
      "referrers-tag",
      "attestation-tag",
    ])
    expect(kinds("signature", ["cosign-v3"])).toEqual(["referrers-api", "referrers-tag"])
    expect(kinds("signature", ["cosign-v2"])).toEqual(["signature-tag", "referrers-api", "referrers-tag"])
  })

  it("opens layouts too", async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-stores-"))
    try {
      const all = stores()
      const where = all.content({ kind: "layout", path: folder })
      expect(all.content({ kind: "layout", path: `${folder}/.` })).toBe(where)
      await where.pushBlob(config, { bytes: EMPTY })
      const bytes = json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [] })
      const subject = await where.pushManifest(bytes, MANIFEST_TYPE, "v1")
      const answers = await Promise.all(
        all
          .signatures(where, { kind: "signature", formats: ["cosign-v2", "cosign-v3"], attachmentBytes: 1 })
          .map((store) => collecting(store).find(subject, WANTED)),
      )
      expect(answers.map((answer) => answer.report.outcome)).toEqual(["none", "none", "none"])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

suite("referrers", () => {
  it("looks into entries whose listed type tells nothing, and only lists foreign ones", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const bundle = await referrerOf(client, subject, "bundle")
    const sbom = await referrerOf(client, subject, "sbom", "application/spdx+json")
    const hidden = await referrerOf(client, subject, "hidden sbom", "application/spdx+json")
    for (const bytes of [bundle, sbom, hidden]) await client.pushManifest(bytes, MANIFEST_TYPE)
    const entry = (bytes: Uint8Array, artifactType?: string): unknown => ({
      ...describe(bytes, MANIFEST_TYPE),
      artifactType,
    })
    // As cosign 3.1.1 writes it: the config's type, no annotations.
    const manifests = [
      entry(bundle, "application/vnd.oci.empty.v1+json"),
      entry(sbom, "application/spdx+json"),
      entry(hidden),
      { ...(entry(bundle) as object), digest: sha256("an index"), mediaType: INDEX_TYPE },
    ]
    await client.pushManifest(
      json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }),
      INDEX_TYPE,
      referrersTag(subject.digest),
    )
    server.log.length = 0
    const answer = await storeOf(server, "referrers-tag").find(subject, WANTED)
    expect(answer.report).toMatchObject({ outcome: "found", count: 1 })
    expect(answer.others.map((one) => [one.descriptor.digest, one.error])).toEqual([
      [sha256(hidden), undefined],
      [sha256(sbom), undefined],
      [sha256("an index"), undefined],
    ])
    expect(server.log.some((one) => one.path.includes(sha256(sbom)))).toBe(false)
  })

  it("reads cosign's older form: several layers, repeats of earlier pushes once", async () => {
    const server = await registry()
    const client = server.client()
    const subject = await pushSubject(client)
    const legacy = describe(EMPTY, "application/vnd.dev.cosign.artifact.sig.v1+json")
    server.blobs.set(EMPTY.length > 0 ? legacy.digest : "", Buffer.from(EMPTY))
    const [a, b] = [payload(server, "claim", "AA=="), payload(server, "claim", "BB==")]
    for (const layers of [[a], [a, b]]) {
      await client.attach(
        json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config: legacy, layers, subject }),
        MANIFEST_TYPE,
      )
    }
    const answer = await storeOf(server, "referrers-api").find(subject, WANTED)
    const signatures = answer.signatures.map((one) => one.annotations["dev.cosignproject.cosign/signature"])
    expect(new Set(signatures)).toEqual(new Set(["AA==", "BB=="]))
    expect(signatures).toHaveLength(2)
  })

  it("adv: notaryproject/ratify #1726 a signature manifest has exactly one document, and our subject", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const other = await pushSubject(client, "other")
    const good = await referrerOf(client, subject, "good")
    const foreign = await referrerOf(client, other, "of another artifact")
    const parsed = JSON.parse(new TextDecoder().decode(good)) as { layers: unknown[]; subject?: unknown }
    const two = json({ ...parsed, layers: [...parsed.layers, ...parsed.layers] })
    const none = json({ ...parsed, layers: [] })
    const without = json({ ...parsed, subject: undefined })
    const all = [two, none, foreign, without, good]
    for (const bytes of all) await client.pushManifest(bytes, MANIFEST_TYPE)
    const manifests = all.map((bytes) => ({ ...describe(bytes, MANIFEST_TYPE), artifactType: BUNDLE }))
    await client.pushManifest(
      json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }),
      INDEX_TYPE,
      referrersTag(subject.digest),
    )
    const answer = await storeOf(server, "referrers-tag").find(subject, WANTED)
    expect(answer.report).toMatchObject({ outcome: "found", count: 1 })
    expect(answer.others.map((one) => one.error?.code)).toEqual([
      "E_FORMAT_MALFORMED",
      "E_FORMAT_MALFORMED",
      "E_SIG_SUBJECT_MISMATCH",
      "E_SIG_SUBJECT_MISMATCH",
    ])
  })

  it.each([
    ["its own artifact type", { artifactType: BUNDLE, config: describe(EMPTY, "application/vnd.oci.empty.v1+json") }],
    ["its config's media type", { config: describe(EMPTY, BUNDLE) }],
  ])("a signature manifest, told by %s, with another document in it is named as malformed", async (_name, type) => {
    const server = await registry()
    const client = server.client()
    const subject = await pushSubject(client)
    const layers = [payload(server, "text", "AA==")].map((layer) => ({ ...layer, mediaType: "text/plain" }))
    server.blobs.set(type.config.digest, Buffer.from(EMPTY))
    const manifest = json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, ...type, layers, subject })
    await client.attach(manifest, MANIFEST_TYPE)
    const answer = await storeOf(server, "referrers-api").find(subject, WANTED)
    expect(answer.others.map(({ error }) => error?.code)).toEqual(["E_FORMAT_MALFORMED"])
  })

  it.each([
    ["manifest", /\/manifests\/sha256:/],
    ["document", /\/blobs\//],
  ])("a %s that cannot be read makes the answer failed, never none", async (_name, pattern) => {
    const server = await registry()
    const client = server.client()
    const subject = await pushSubject(client)
    await client.attach(await referrerOf(client, subject, "bundle"), MANIFEST_TYPE)
    server.manners.intercept = (_request, response, path) => (pattern.test(path) ? (send(response, 500), true) : false)
    const answer = await storeOf(server, "referrers-api").find(subject, WANTED)
    expect(answer.report).toMatchObject({ outcome: "failed", count: 0, error: { code: "E_REGISTRY_UNAVAILABLE" } })
    expect(answer.others[0]?.error?.code).toBe("E_REGISTRY_UNAVAILABLE")
  })

  it.each([500, 401, 429])("a list answered with %i is failed, never none", async (status) => {
    const server = await registry({ referrers: status })
    const answer = await storeOf(server, "referrers-api").find({ digest: sha256("x") }, WANTED)
    expect(answer.report.outcome).toBe("failed")
  })

  it("adv: CVE-2023-33957 200 referrers of a wanted type: 100 are read, and the rest is not forgotten", async () => {
    const server = await registry()
    const client = server.client()
    const subject = await pushSubject(client)
    for (let n = 0; n < 200; n++) {
      const document = Buffer.from(String(n))
      server.blobs.set(sha256(document), document)
      const layers = [describe(document, BUNDLE)]
      const bytes = Buffer.from(
        json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, artifactType: BUNDLE, config, layers, subject }),
      )
      server.manifests.set(sha256(bytes), { bytes, type: MANIFEST_TYPE })
    }
    server.log.length = 0
    const answer = await storeOf(server, "referrers-api").find(subject, WANTED)
    expect(answer.report).toMatchObject({ outcome: "failed", count: 100, error: { code: "E_LIMIT_EXCEEDED" } })
    expect(answer.others).toHaveLength(100)
    expect(server.log).toHaveLength(201)
  })

  it("adv: CVE-2024-29902 a document larger than allowed is refused by its descriptor", async () => {
    const server = await registry()
    const client = server.client()
    const subject = await pushSubject(client)
    await client.attach(await referrerOf(client, subject, "x".repeat(1001)), MANIFEST_TYPE)
    server.log.length = 0
    const answer = await storeOf(server, "referrers-api").find(subject, WANTED)
    expect(answer.report).toMatchObject({ outcome: "failed", error: { code: "E_LIMIT_EXCEEDED" } })
    expect(server.log.some((one) => one.path.includes("/blobs/"))).toBe(false)
  })
})

suite("signature tags", () => {
  it("names tags as cosign does", () => {
    const subject = sha256("x")
    expect(signatureTag(subject, "signature-tag")).toBe(`sha256-${subject.slice(7)}.sig`)
    expect(signatureTag(subject, "attestation-tag", "pre-")).toBe(`pre-sha256-${subject.slice(7)}.att`)
  })

  it("404 is none, everything else failed", async () => {
    const server = await registry()
    const store = storeOf(server, "attestation-tag", "attestation")
    expect((await store.find({ digest: sha256("x") }, WANTED)).report).toMatchObject({ outcome: "none", count: 0 })
    expect((await store.find({ digest: `sha512:${"a".repeat(128)}` }, WANTED)).report.outcome).toBe("none")
    for (const status of [401, 403, 500, 418]) {
      server.manners.intercept = (_request, response) => (send(response, status), true)
      expect((await store.find({ digest: sha256("x") }, WANTED)).report.outcome).toBe("failed")
    }
  })

  it.each([
    ["adv: CVE-2023-46737 101 layers: 100 evaluated", 101, 100],
    ["adv: CVE-2023-46737 1,001 layers: refused", 1001, 0],
  ])("%s", async (_name, count, read) => {
    const server = await registry()
    const subject = await pushSubject(server.client())
    const layers = Array.from({ length: count }, (_, n) => payload(server, "claim", String(n)))
    await pushLayers(server, signatureTag(subject.digest, "signature-tag"), layers)
    const answer = await storeOf(server, "signature-tag").find(subject, WANTED)
    expect(answer.report).toMatchObject({ outcome: "failed", count: read, error: { code: "E_LIMIT_EXCEEDED" } })
    expect(answer.signatures).toHaveLength(read)
  })

  it("lists layers of other types, and goes on past one that is missing", async () => {
    const server = await registry()
    const subject = await pushSubject(server.client())
    const gone = { ...payload(server, "gone", "AA=="), digest: sha256("never stored") }
    const layers = [gone, { ...payload(server, "sbom", ""), mediaType: "text/spdx" }, payload(server, "claim", "BB==")]
    await pushLayers(server, signatureTag(subject.digest, "signature-tag"), layers)
    const answer = await storeOf(server, "signature-tag").find(subject, WANTED)
    expect(answer.report).toMatchObject({ outcome: "failed", count: 1 })
    expect(answer.signatures[0]?.location.position).toBe(2)
    expect(answer.others.map((one) => [one.location.position, one.error?.code])).toEqual([
      [0, "E_REGISTRY_PROTOCOL"],
      [1, undefined],
    ])
  })

  it("an index under the tag is a failure", async () => {
    const server = await registry()
    const client = server.client()
    const subject = await pushSubject(client)
    const index = json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] })
    await client.pushManifest(index, INDEX_TYPE, signatureTag(subject.digest, "signature-tag"))
    const answer = await storeOf(server, "signature-tag").find(subject, WANTED)
    expect(answer.report).toMatchObject({ outcome: "failed", error: { code: "E_FORMAT_MALFORMED" } })
  })

  it("a caller who gives up gets an exception, not an answer", async () => {
    const server = await registry()
    const abort = new AbortController()
    abort.abort()
    await expect(storeOf(server, "signature-tag").find({ digest: sha256("x") }, WANTED, abort.signal)).rejects.toThrow()
    await expect(storeOf(server, "referrers-api").find({ digest: sha256("x") }, WANTED, abort.signal)).rejects.toThrow()
  })
})
