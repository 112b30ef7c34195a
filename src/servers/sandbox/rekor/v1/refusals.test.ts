import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { JsonObject } from "../../../../core/json-value.ts"
import { MIB } from "../../../../core/limits.ts"
import {
  base64,
  dsse,
  envelope,
  hashedrekord,
  intoto,
  intotoEnvelope,
  mutations,
  newSigner,
  signer,
  startLogs,
  type TestLogs,
  V1,
} from "../rekor-fixture.ts"

const ENTRIES = `${V1}/api/v1/log/entries`
const STATEMENT = JSON.stringify({ subject: [{ name: "app", digest: { sha256: "ab".repeat(32) } }] })

let logs: TestLogs
beforeEach(async () => {
  logs = await startLogs()
})
afterEach(async () => {
  await logs.close()
})

describe("what is refused", () => {
  const other = newSigner()
  const text = envelope(STATEMENT)
  const change = (proposal: object, edit: (copy: never) => void): object => {
    const copy = structuredClone(proposal)
    edit(copy as never)
    return copy
  }
  type Hashed = {
    spec: {
      data: { hash: { value: string; algorithm: string } }
      signature: { content: string; publicKey: { content: string } }
    }
  }
  it.each<[string, unknown, string]>([
    [
      "another digest",
      change(hashedrekord("a"), (p: Hashed) => (p.spec.data.hash.value = "00".repeat(32))),
      "verifying signature",
    ],
    [
      "a short digest",
      change(hashedrekord("a"), (p: Hashed) => (p.spec.data.hash.value = "00")),
      "invalid value for hash",
    ],
    [
      "capital digits",
      change(hashedrekord("a"), (p: Hashed) => (p.spec.data.hash.value = "AB".repeat(32))),
      "hexadecimal",
    ],
    ["SHA-1", change(hashedrekord("a"), (p: Hashed) => (p.spec.data.hash.algorithm = "sha1")), "sha256"],
    [
      "another key",
      change(hashedrekord("a"), (p: Hashed) => (p.spec.signature.publicKey.content = base64(other.pem))),
      "verifying",
    ],
    ["no PEM", change(hashedrekord("a"), (p: Hashed) => (p.spec.signature.publicKey.content = base64("key"))), "PEM"],
    [
      "two keys",
      change(hashedrekord("a"), (p: Hashed) => (p.spec.signature.publicKey.content = base64(signer.pem + other.pem))),
      "PUBLIC KEY",
    ],
    [
      "a private key",
      change(
        hashedrekord("a"),
        (p: Hashed) =>
          (p.spec.signature.publicKey.content = base64(signer.privateKey.export({ type: "pkcs8", format: "pem" }))),
      ),
      "PRIVATE KEY",
    ],
    ["base64 with a newline", change(hashedrekord("a"), (p: Hashed) => (p.spec.signature.content += "\n")), "base64"],
    ["an envelope without its key", dsse(envelope(STATEMENT, [signer, other])), "all signatures must have a key"],
    ["a key that signed nothing", dsse(text, [other, signer]), "could not verify envelope"],
    ["an envelope signed by others", dsse(text, [other]), "could not verify envelope"],
    ["an envelope that is none", dsse("{}"), "DSSE envelope"],
    ["an envelope that is no JSON", dsse("{"), "DSSE envelope"],
    [
      "a proposal with results",
      change(dsse(text), (p: { spec: JsonObject }) =>
        Object.assign(p.spec, { payloadHash: { algorithm: "sha256", value: "00".repeat(32) } }),
      ),
      "but not both",
    ],
    [
      "intoto without the envelope's hash",
      change(intoto(text), (p: { spec: { content: { hash?: object } } }) => delete p.spec.content.hash),
      "content.hash",
    ],
    ["intoto with another's key", intoto(text, other), "could not verify envelope"],
    ["an unknown kind", { kind: "x", apiVersion: "0.0.1", spec: {} }, 'entry kind "x"'],
    ["a kind this log does not take", { kind: "rekord", apiVersion: "0.0.1", spec: {} }, 'entry kind "rekord"'],
    ["adv: GHSA-frqx-jfcm-6jjr: intoto 0.0.1", { kind: "intoto", apiVersion: "0.0.1", spec: {} }, "spec.content"],
    ["intoto 0.0.1 with another's key", intotoEnvelope(text, other), "could not verify envelope"],
    [
      "intoto 0.0.1 that is logged already, without its envelope",
      change(intotoEnvelope(text), (p: { spec: { content: object } }) =>
        Object.assign(p.spec.content, { envelope: "", hash: { algorithm: "sha256", value: "00".repeat(32) } }),
      ),
      "content.envelope",
    ],
    [
      "intoto 0.0.1 with a hash that is none",
      change(intotoEnvelope(text), (p: { spec: { content: object } }) =>
        Object.assign(p.spec.content, { hash: { algorithm: "sha256", value: "00" } }),
      ),
      "invalid value for hash",
    ],
    ["an inherited name as kind", { kind: "__proto__", apiVersion: "0.0.1", spec: {} }, "__proto__"],
    ["no kind", { apiVersion: "0.0.1", spec: {} }, "kind"],
    ["no JSON", "{", "body"],
    ["two documents", "{}{}", "body"],
    ["a duplicate key", '{"kind":"a","kind":"b"}', "kind"],
    ["deep nesting", "[".repeat(100_000), "body"],
  ])("%s", async (_, proposal, why) => {
    const response = await logs.post(ENTRIES, proposal)
    expect(response.status).toBe(400)
    const { code, message } = (await response.json()) as { code: number; message: string }
    expect(code).toBe(400)
    expect(message).toMatch(/^error processing entry: /)
    expect(message).toContain(why)
    expect(await (await logs.get(`${V1}/api/v1/log`)).json()).toMatchObject({ treeSize: 0 })
  })

  it.each([
    ["hashedrekord", hashedrekord("a")],
    ["dsse", dsse(text)],
    ["intoto", intoto(text)],
    ["intoto 0.0.1", intotoEnvelope(text)],
  ])(
    "adv: GHSA-843x-px86-vq42, GHSA-273p-m2cw-6833: no value at any place of %s makes a failure or an entry",
    async (kind, proposal) => {
      for (const { name, document } of mutations(proposal)) {
        const { status } = await logs.post(ENTRIES, document)
        expect([kind, name, status]).toEqual([kind, name, 400])
      }
    },
  )

  it("another type and too many bytes", async () => {
    const typed = await logs.post(ENTRIES, hashedrekord("a"), { "Content-Type": "text/plain" })
    expect([typed.status, await typed.json()]).toMatchObject([415, { code: 415 }])
    const large = await logs.post(ENTRIES, `"${"x".repeat(4 * MIB)}"`)
    expect([large.status, await large.json()]).toMatchObject([413, { code: 413 }])
    const charset = await logs.post(ENTRIES, hashedrekord("a"), { "Content-Type": "application/json; charset=utf-8" })
    expect(charset.status).toBe(201)
  })

  it("no value at any place of a query makes a failure", async () => {
    await logs.post(ENTRIES, hashedrekord("a"))
    const uuid = "0".repeat(80)
    const queries = [
      [`${ENTRIES}/retrieve`, { entries: [hashedrekord("a")], entryUUIDs: [uuid], logIndexes: [0] }],
      [
        `${V1}/api/v1/index/retrieve`,
        {
          hash: uuid.slice(16),
          email: "a@b.c",
          publicKey: { format: "x509", content: base64(signer.pem) },
          operator: "and",
        },
      ],
    ] as const
    for (const [url, query] of queries) {
      expect((await logs.post(url, query)).status).toBe(200)
      for (const { name, document } of mutations(query)) {
        const { status } = await logs.post(url, document)
        expect([name, [200, 400].includes(status) ? "answered" : status]).toEqual([name, "answered"])
      }
    }
  })

  it.each<[string, string, number]>([
    ["GET", "/api/v1/nothing", 404],
    ["GET", "/", 404],
    ["GET", "/api/v1/log/entries/../log", 404],
    ["DELETE", "/api/v1/log/entries", 405],
    ["PUT", "/api/v1/log", 405],
    ["GET", "/api/v1/log/entries", 422],
    ["GET", "/api/v1/log/entries?logIndex=", 422],
    ["GET", "/api/v1/log/entries?logIndex=-1", 422],
    ["GET", "/api/v1/log/entries?logIndex=1e3", 422],
    ["GET", "/api/v1/log/entries?logIndex=99999999999999999999", 422],
    ["GET", "/api/v1/log/entries?logIndex=0", 404],
    ["GET", "/api/v1/log/entries/xyz", 422],
    ["GET", `/api/v1/log/entries/${"0".repeat(64)}`, 404],
    ["GET", `/api/v1/log/entries/${"0".repeat(80)}`, 404],
    ["GET", `/api/v1/log/entries/${"0".repeat(79)}`, 422],
    ["GET", `/api/v1/log/entries/__proto__`, 422],
    ["GET", "/api/v1/log/proof", 422],
    ["GET", "/api/v1/log/proof?lastSize=0", 422],
    ["GET", "/api/v1/log/proof?lastSize=1", 400],
    ["GET", "/api/v1/log/proof?firstSize=2&lastSize=1", 400],
    ["GET", "/api/v1/log/publicKey?treeID=1", 400],
  ])("%s %s is answered %i", async (method, path, status) => {
    const response = await logs.rekor.v1.fetch(new Request(`${V1}${path}`, { method }))
    expect(response.status).toBe(status)
  })
})
