import { afterEach, describe as suite, expect, it } from "vitest"

import type { Descriptor } from "../../core/descriptor.ts"
import type { TagChange } from "../../core/ports.ts"
import { referrersTag } from "./referrers-index.ts"
import {
  describe,
  EMPTY,
  errorBody,
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
} from "./test-registry.ts"
import { failure } from "./test-failure.ts"

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
const running: TestRegistry[] = []

async function registry(manners: Partial<Manners> = {}): Promise<TestRegistry> {
  const started = await startRegistry(manners)
  running.push(started)
  return started
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
})

const digests = (entries: readonly Descriptor[]): string[] => entries.map((entry) => entry.digest)
const asked = (server: TestRegistry): string[] =>
  server.log.map((one) => one.method + " " + (one.path.split("/")[4] ?? ""))

suite("listReferrers", () => {
  it("reads pages, removes repeats and filters where the registry did not", async () => {
    const server = await registry({ pageSize: 2 })
    const client = server.client()
    const subject = await pushSubject(client)
    for (const text of ["1", "2", "3"]) await client.attach(await referrerOf(client, subject, text), MANIFEST_TYPE)
    await client.attach(await referrerOf(client, subject, "4", "application/spdx+json"), MANIFEST_TYPE)
    for (const filters of [true, false]) {
      server.manners.filters = filters
      const list = await server.client().listReferrers(subject.digest, BUNDLE)
      expect(list).toMatchObject({ supported: true, via: "referrers-api" })
      expect(list.entries).toHaveLength(3)
    }
    expect((await client.listReferrers(subject.digest)).entries).toHaveLength(4)
    expect(await client.listReferrers(sha256("unknown"))).toMatchObject({ supported: true, entries: [] })
  })

  const text404 = { referrers: 404, referrersType: "text/plain", referrersBody: "404 page not found\n" }
  it.each<[string, Partial<Manners>, boolean]>([
    ["404 with text", text404, true],
    ["405", { referrers: 405 }, true],
    ["501", { referrers: 501 }, true],
    [
      "404 NAME_UNKNOWN",
      { referrers: 404, referrersBody: errorBody("NAME_UNKNOWN"), referrersType: "application/json" },
      false,
    ],
    ["400", { referrers: 400 }, false],
    ["403", { referrers: 403 }, false],
    ["406", { referrers: 406 }, false],
    ["424", { referrers: 424 }, false],
    ["200 HTML", { referrers: 200, referrersBody: "<html>", referrersType: "text/html" }, false],
    ["200 plain JSON", { referrers: 200, referrersBody: "{}", referrersType: "application/json" }, false],
  ])("%s means no API; remembered only when it leaves no doubt", async (_name, manners, remembered) => {
    const server = await registry(manners)
    const client = server.client()
    expect(await client.listReferrers(sha256("x"))).toMatchObject({ supported: false, entries: [] })
    expect(await client.listReferrers(sha256("x"))).toMatchObject({ supported: false })
    expect(server.log).toHaveLength(remembered ? 1 : 2)
  })

  it("a redirect to another host means no API, and is not followed", async () => {
    const elsewhere = await registry()
    const server = await registry({
      intercept: (_request, response) => (send(response, 303, "", { location: `${elsewhere.origin}/x` }), true),
    })
    expect(await server.client().listReferrers(sha256("x"))).toMatchObject({ supported: false })
    expect(elsewhere.log).toEqual([])
  })

  it.each([
    ["401", { referrers: 401 }, "E_REGISTRY_UNAUTHENTICATED"],
    ["an index that is none", { referrers: 200, referrersBody: "[]", referrersType: INDEX_TYPE }, "E_FORMAT_MALFORMED"],
    [
      "cut short JSON",
      { referrers: 200, referrersBody: '{"manifests":[', referrersType: INDEX_TYPE },
      "E_FORMAT_MALFORMED",
    ],
  ] as const)("%s is a failure, never an empty list", async (_name, manners, code) => {
    const server = await registry(manners)
    expect((await failure(server.client().listReferrers(sha256("x")))).code).toBe(code)
  })
})

suite("listReferrersTag", () => {
  it("names the tag as the specification does, cutting what would be too long", () => {
    expect(referrersTag(sha256("x"))).toBe(`sha256-${sha256("x").slice(7)}`)
    expect(referrersTag(`sha512:${"ab".repeat(64)}`)).toBe(`sha512-${"ab".repeat(32)}`)
  })

  it("takes a registry that answers with the subject itself for one without a tag", async () => {
    const server = await registry({ referrers: 404, tagIsDigest: true })
    const client = server.client()
    const index = json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [await pushSubject(client)] })
    const subject = await client.pushManifest(index, INDEX_TYPE, "multi")
    expect(await client.listReferrersTag(subject.digest)).toEqual({
      entries: [],
      via: "referrers-tag",
      supported: false,
    })
    const error = await failure(client.attach(await referrerOf(client, subject, "1"), MANIFEST_TYPE))
    expect(error.code).toBe("E_REGISTRY_REFERRERS_UNSUPPORTED")
  })

  it("refuses anything but an OCI index there, reading and writing", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const other = await pushSubject(client, "other")
    server.tags.set(referrersTag(subject.digest), other.digest)
    expect((await failure(client.listReferrersTag(subject.digest))).code).toBe("E_FORMAT_MALFORMED")
    const error = await failure(client.attach(await referrerOf(client, subject, "1"), MANIFEST_TYPE))
    expect(error.code).toBe("E_FORMAT_MALFORMED")
    expect(server.tags.get(referrersTag(subject.digest))).toBe(other.digest)
  })

  it("404 alone means that there is no tag", async () => {
    const server = await registry()
    expect(await server.client().listReferrersTag(sha256("x"))).toMatchObject({ supported: false })
    server.manners.intercept = (_request, response) => (send(response, 403), true)
    expect((await failure(server.client().listReferrersTag(sha256("x")))).code).toBe("E_REGISTRY_DENIED")
  })
})

suite("attach", () => {
  it("uses the API and looks that the referrer is there", async () => {
    const server = await registry()
    const client = server.client()
    const subject = await pushSubject(client)
    const bytes = await referrerOf(client, subject, "1")
    server.log.length = 0
    expect(await client.attach(bytes, MANIFEST_TYPE)).toMatchObject({ via: "referrers-api", repairs: 0 })
    expect(asked(server)).toEqual(["GET referrers", "PUT manifests", "GET referrers"])
    expect(server.tags.has(referrersTag(subject.digest))).toBe(false)
  })

  it("does not take OCI-Subject for an API", async () => {
    const server = await registry({ referrers: 404, ociSubject: true })
    const client = server.client()
    const subject = await pushSubject(client)
    const bytes = await referrerOf(client, subject, "1")
    expect((await client.attach(bytes, MANIFEST_TYPE)).via).toBe("referrers-tag")
    expect(digests((await client.listReferrersTag(subject.digest)).entries)).toEqual([sha256(bytes)])
  })

  it("uses the tag when the API never lists what it accepted", async () => {
    const referrersBody = JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] })
    const server = await registry({ referrers: 200, referrersBody, referrersType: INDEX_TYPE })
    const client = server.client()
    const subject = await pushSubject(client)
    expect((await client.attach(await referrerOf(client, subject, "1"), MANIFEST_TYPE)).via).toBe("referrers-tag")
  })

  it("writes the right type and annotations, corrects its own entry, keeps those of others whole", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const bytes = await referrerOf(client, subject, "1")
    // An entry as cosign 3.1.1 writes it, for this very referrer, and one with fields nobody knows.
    const wrong = {
      mediaType: MANIFEST_TYPE,
      size: bytes.length,
      digest: sha256(bytes),
      artifactType: "application/vnd.oci.empty.v1+json",
    }
    const strange = { mediaType: "x/y", size: 7, digest: sha256("z"), x: { y: [1, 12345678901234567890n.toString()] } }
    await client.pushManifest(
      json({ schemaVersion: 2, mediaType: INDEX_TYPE, z: 1, manifests: [strange, wrong] }),
      INDEX_TYPE,
      referrersTag(subject.digest),
    )
    await client.attach(bytes, MANIFEST_TYPE)
    const stored = server.manifests.get(server.tags.get(referrersTag(subject.digest))!)!
    expect(JSON.parse(stored.bytes.toString())).toEqual({
      schemaVersion: 2,
      mediaType: INDEX_TYPE,
      z: 1,
      manifests: [
        strange,
        { ...wrong, artifactType: BUNDLE, annotations: { "dev.sigstore.bundle.content": "dsse-envelope" } },
      ],
    })
    const before = server.log.length
    await client.attach(bytes, MANIFEST_TYPE)
    expect(server.log.slice(before).map((one) => one.method)).toEqual(["GET", "PUT", "GET"])
  })

  it("lists a referrer with its members in the order in which notation writes them", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    await client.attach(await referrerOf(client, subject, "1"), MANIFEST_TYPE)
    const stored = server.manifests.get(server.tags.get(referrersTag(subject.digest))!)!
    const { manifests } = JSON.parse(stored.bytes.toString()) as { manifests: object[] }
    expect(Object.keys(manifests[0] ?? {})).toEqual(["mediaType", "digest", "size", "annotations", "artifactType"])
  })

  it("names the stored referrer when the tag is immutable", async () => {
    const server = await registry({ referrers: 404, immutable: true })
    const client = server.client()
    const subject = await pushSubject(client)
    await client.attach(await referrerOf(client, subject, "1"), MANIFEST_TYPE)
    const second = await referrerOf(client, subject, "2")
    const error = await failure(client.attach(second, MANIFEST_TYPE))
    expect(error.code).toBe("E_REGISTRY_TAG_IMMUTABLE")
    expect(error.what).toContain(sha256(second))
    expect(error.next.join()).toContain("sha256-*")
  })

  it("sends conditions, and once they are known to count, one write is enough", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const tag = referrersTag(subject.digest)
    await client.attach(await referrerOf(client, subject, "1"), MANIFEST_TYPE)
    // Somebody else changes the tag between our read and our write.
    let raced = false
    server.manners.intercept = (request, _response, path) => {
      if (request.method === "PUT" && path.endsWith(tag) && !raced) {
        raced = true
        const entry = { mediaType: MANIFEST_TYPE, digest: sha256("theirs"), size: 1 }
        const theirs = Buffer.from(json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [entry] }))
        server.manifests.set(sha256(theirs), { bytes: theirs, type: INDEX_TYPE })
        server.tags.set(tag, sha256(theirs))
      }
      return false
    }
    const attached = await client.attach(await referrerOf(client, subject, "2"), MANIFEST_TYPE)
    expect(attached.repairs).toBe(1)
    server.log.length = 0
    await client.attach(await referrerOf(client, subject, "3"), MANIFEST_TYPE)
    expect(asked(server).slice(-3)).toEqual(["PUT manifests", "GET manifests", "PUT manifests"])
    expect(server.log.at(-1)?.headers["if-match"]).toBeDefined()
    const listed = digests((await client.listReferrersTag(subject.digest)).entries)
    expect(listed).toContain(sha256("theirs"))
    // Theirs had thrown out our first.
    expect(listed).toHaveLength(4)
  })

  it("never takes a failed read for an absent tag", async () => {
    const server = await registry({ referrers: 404, conditions: false })
    const client = server.client()
    const subject = await pushSubject(client)
    const tag = referrersTag(subject.digest)
    await client.attach(await referrerOf(client, subject, "1"), MANIFEST_TYPE)
    let failures = 0
    server.manners.intercept = (request, response, path) => {
      if (request.method !== "GET" || !path.endsWith(tag) || failures >= 4) return false
      failures++
      if (failures === 2) send(response, 200, "{", { "content-type": INDEX_TYPE })
      else if (failures === 3) response.destroy()
      else send(response, 500, "invalid checksum digest format")
      return true
    }
    await client.attach(await referrerOf(client, subject, "2"), MANIFEST_TYPE)
    expect((await client.listReferrersTag(subject.digest)).entries).toHaveLength(2)
    server.manners.intercept = (request, response, path) =>
      request.method === "GET" && path.endsWith(tag) ? (send(response, 500), true) : false
    const third = await referrerOf(client, subject, "3")
    const error = await failure(client.attach(third, MANIFEST_TYPE))
    expect(error.code).toBe("E_REGISTRY_UNAVAILABLE")
    expect(error.what).toContain(sha256(third))
  })

  it("puts back what a careless writer threw out", async () => {
    const server = await registry({ referrers: 404, conditions: false })
    const client = server.client()
    const subject = await pushSubject(client)
    const tag = referrersTag(subject.digest)
    const first = await referrerOf(client, subject, "1")
    await client.attach(first, MANIFEST_TYPE)
    let thrown = false
    server.manners.intercept = (request, _response, path) => {
      if (
        request.method === "GET" &&
        path.endsWith(tag) &&
        server.tags.size > 0 &&
        writes(server, tag) === 2 &&
        !thrown
      ) {
        thrown = true
        const empty = Buffer.from(json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] }))
        server.manifests.set(sha256(empty), { bytes: empty, type: INDEX_TYPE })
        server.tags.set(tag, sha256(empty))
      }
      return false
    }
    const second = await referrerOf(client, subject, "2")
    const attached = await client.attach(second, MANIFEST_TYPE)
    expect(attached.repairs).toBe(1)
    expect(new Set(digests((await client.listReferrersTag(subject.digest)).entries))).toEqual(
      new Set([sha256(first), sha256(second)]),
    )
  })

  it("merges what one process attaches at the same time", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const all = await Promise.all(Array.from({ length: 10 }, (_, n) => referrerOf(client, subject, String(n))))
    await Promise.all(all.map((bytes) => client.attach(bytes, MANIFEST_TYPE)))
    expect((await client.listReferrersTag(subject.digest)).entries).toHaveLength(10)
    expect(writes(server, referrersTag(subject.digest))).toBeLessThan(6)
  })

  it("takes entries out again", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const [a, b] = [await referrerOf(client, subject, "1"), await referrerOf(client, subject, "2")]
    await client.attach(a, MANIFEST_TYPE)
    await client.attach(b, MANIFEST_TYPE)
    expect(await client.detachFromTag(subject.digest, [sha256("x")])).toBe(false)
    expect(await client.detachFromTag(subject.digest, [sha256(a)])).toBe(true)
    expect(digests((await client.listReferrersTag(subject.digest)).entries)).toEqual([sha256(b)])
    expect(await client.detachFromTag(subject.digest, [sha256(b)])).toBe(true)
    expect(await client.listReferrersTag(subject.digest)).toMatchObject({ supported: true, entries: [] })
  })
})

suite("updateTag", () => {
  const config = describe(EMPTY, "application/vnd.oci.image.config.v1+json")
  const layerOf = (text: string): Descriptor => describe(new TextEncoder().encode(text), "text/plain")
  const adding =
    (text: string): TagChange =>
    (current) => {
      const layers =
        current === undefined
          ? []
          : (JSON.parse(new TextDecoder().decode(current.bytes)) as { layers: Descriptor[] }).layers
      const layer = layerOf(text)
      if (layers.some((one) => one.digest === layer.digest)) return Promise.resolve(undefined)
      const bytes = json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [...layers, layer] })
      const blobs = [
        { descriptor: config, source: { bytes: EMPTY } },
        { descriptor: layer, source: { bytes: new TextEncoder().encode(text) } },
      ]
      return Promise.resolve({ bytes, mediaType: MANIFEST_TYPE, blobs })
    }
  const holding =
    (text: string) =>
    ({ bytes }: { readonly bytes: Uint8Array }): boolean =>
      new TextDecoder().decode(bytes).includes(layerOf(text).digest)

  it.each([true, false])("many writers lose nothing (conditions honoured: %s)", async (conditions) => {
    const server = await registry({ conditions })
    const names = Array.from({ length: 8 }, (_, n) => `layer ${n}`)
    await Promise.all(names.map((name) => server.client().updateTag("t", adding(name), holding(name))))
    const stored = server.manifests.get(server.tags.get("t")!)!.bytes.toString()
    for (const name of names) expect(stored).toContain(layerOf(name).digest)
  })

  it("writes nothing when nothing needs to change", async () => {
    const server = await registry()
    const client = server.client()
    await client.updateTag("t", adding("a"), holding("a"))
    server.log.length = 0
    expect((await client.updateTag("t", adding("a"), holding("a"))).repairs).toBe(0)
    expect(asked(server)).toEqual(["GET manifests"])
  })

  it("gives up when others never let go", async () => {
    const server = await registry({ conditions: true })
    const client = server.client()
    let count = 0
    server.manners.intercept = (request, _response, path) => {
      if (request.method !== "PUT" || !path.endsWith("/manifests/t")) return false
      const bytes = Buffer.from(json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [], n: ++count }))
      server.manifests.set(sha256(bytes), { bytes, type: MANIFEST_TYPE })
      server.tags.set("t", sha256(bytes))
      return false
    }
    const error = await failure(client.updateTag("t", adding("a"), holding("a")))
    expect(error.code).toBe("E_REGISTRY_CONFLICT")
    expect(count).toBe(200)
  })

  it("does without conditions where they are refused for no reason", async () => {
    const server = await registry({ conditions: false })
    const client = server.client()
    server.manners.intercept = (request, response) => {
      const conditional = request.headers["if-match"] ?? request.headers["if-none-match"]
      return conditional === undefined ? false : (send(response, 412, errorBody("PRECONDITION_FAILED")), true)
    }
    await client.updateTag("t", adding("a"), holding("a"))
    expect(server.tags.has("t")).toBe(true)
  })
})

function writes(server: TestRegistry, tag: string): number {
  return server.log.filter((one) => one.method === "PUT" && one.path.endsWith(tag)).length
}
