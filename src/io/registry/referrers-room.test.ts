import { afterEach, describe as suite, expect, it } from "vitest"

import type { Descriptor } from "../../core/descriptor.ts"
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

/** Index of `count` entries, some of them given. */
function listOf(count: number, ...given: readonly Descriptor[]): string {
  const others = Array.from({ length: count - given.length }, (_, n) => ({
    mediaType: MANIFEST_TYPE,
    digest: sha256(String(n)),
    size: n,
    artifactType: "application/spdx+json",
  }))
  return JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [...others, ...given] })
}

suite("bounds of listing", () => {
  it("adv: GHSA-298f-872v-2rcx a list of 10,000 referrers is read, one more is refused", async () => {
    const server = await registry({ referrers: 200, referrersBody: listOf(10_000), referrersType: INDEX_TYPE })
    expect((await server.client().listReferrers(sha256("x"))).entries).toHaveLength(10_000)
    server.manners.referrersBody = listOf(10_001)
    expect((await failure(server.client().listReferrers(sha256("x")))).code).toBe("E_LIMIT_EXCEEDED")
  })

  it("counts the type asked for alone", async () => {
    const wanted = { ...describe(EMPTY, MANIFEST_TYPE), artifactType: BUNDLE }
    const server = await registry({ referrers: 200, referrersBody: listOf(10_001, wanted), referrersType: INDEX_TYPE })
    expect((await server.client().listReferrers(sha256("x"), BUNDLE)).entries).toHaveLength(1)
  })

  it("counts the type asked for alone, and what tells none, under the tag", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const untold = describe(EMPTY, MANIFEST_TYPE)
    const wanted = { ...describe(json("wanted"), MANIFEST_TYPE), artifactType: BUNDLE }
    const index = new TextEncoder().encode(listOf(10_001, untold, wanted))
    await client.pushManifest(index, INDEX_TYPE, referrersTag(subject.digest))
    const { entries } = await client.listReferrersTag(subject.digest, BUNDLE)
    expect(entries.map((entry) => entry.digest)).toEqual([untold.digest, wanted.digest])
  })

  it("bounds the bytes of a list in pages", async () => {
    const server = await registry()
    let page = 0
    server.manners.intercept = (request, response) => {
      if (!(request.url ?? "").includes("/referrers/")) return false
      const entry = { ...describe(json(page++), MANIFEST_TYPE), annotations: { x: "x".repeat(3_000_000) } }
      const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [entry] })
      const link = `</v2/team/app/referrers/${sha256("x")}?page=${page}>; rel="next"`
      send(response, 200, body, { "content-type": INDEX_TYPE, link })
      return true
    }
    expect((await failure(server.client().listReferrers(sha256("x")))).code).toBe("E_LIMIT_EXCEEDED")
    expect(page).toBe(6)
  })
})

suite("bounds of attaching", () => {
  it("adv: GHSA-298f-872v-2rcx reads 10,000 entries and refuses more, before a referrer is stored", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const put = (count: number): Promise<Descriptor> =>
      client.pushManifest(new TextEncoder().encode(listOf(count)), INDEX_TYPE, referrersTag(subject.digest))
    await put(9999)
    await client.attach(await referrerOf(client, subject, "last"), MANIFEST_TYPE)
    expect((await client.listReferrersTag(subject.digest)).entries).toHaveLength(10_000)
    const refused = await referrerOf(client, subject, "one too many")
    for (const count of [10_000, 10_001]) {
      await put(count)
      const before = server.manifests.size
      const error = await failure(client.attach(refused, MANIFEST_TYPE))
      expect([error.code, error.what]).toEqual(["E_LIMIT_EXCEEDED", `too many referrers of ${subject.digest}`])
      expect(server.manifests.size).toBe(before)
    }
    expect((await failure(client.listReferrersTag(subject.digest))).code).toBe("E_LIMIT_EXCEEDED")
  })

  it("stores no referrer whose entry would make the index larger than readers take", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const large = { ...describe(EMPTY, MANIFEST_TYPE), annotations: { x: "x".repeat(4 * 1024 * 1024 - 400) } }
    const index = json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [large] })
    await client.pushManifest(index, INDEX_TYPE, referrersTag(subject.digest))
    const before = server.manifests.size
    const error = await failure(client.attach(await referrerOf(client, subject, "1"), MANIFEST_TYPE))
    expect(error.code).toBe("E_LIMIT_EXCEEDED")
    expect(server.manifests.size).toBe(before)
  })

  it("stores no referrer that the API would list beyond what is read", async () => {
    const server = await registry({ referrers: 200, referrersBody: listOf(10_000), referrersType: INDEX_TYPE })
    const client = server.client()
    const subject = await pushSubject(client)
    const before = server.manifests.size
    const bytes = await referrerOf(client, subject, "1")
    expect((await failure(client.attach(bytes, MANIFEST_TYPE))).code).toBe("E_LIMIT_EXCEEDED")
    expect(server.manifests.size).toBe(before)
  })

  it("attaches where nothing may be listed before it exists", async () => {
    const server = await registry({ referrers: 404 })
    const client = server.client()
    const subject = await pushSubject(client)
    const bytes = await referrerOf(client, subject, "1")
    server.manners.intercept = (request, response) => {
      if (request.method !== "GET" || server.manifests.has(sha256(bytes))) return false
      send(response, 403, errorBody("DENIED"))
      return true
    }
    expect((await client.attach(bytes, MANIFEST_TYPE)).via).toBe("referrers-tag")
  })
})
