import { createPrivateKey, createPublicKey, verify } from "node:crypto"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { canonicalJson } from "../../../../codec/canonical-json.ts"
import type { JsonObject } from "../../../../core/json-value.ts"
import { publicKeyPem } from "../../../../crypto/public-key.ts"
import { verifyCheckpoint } from "../../../../crypto/transparency/checkpoint.ts"
import { leafHash, verifyConsistency, verifyInclusion } from "../../../../crypto/transparency/merkle.ts"
import {
  base64,
  bytesOf,
  dsse,
  envelope,
  hashedrekord,
  intoto,
  intotoEnvelope,
  newSigner,
  NOW,
  sha256,
  signer,
  startLogs,
  textOf,
  type TestLogs,
  V1,
  v1Key,
} from "../rekor-fixture.ts"

const ENTRIES = `${V1}/api/v1/log/entries`
const STATEMENT = JSON.stringify({
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "app", digest: { sha256: "ab".repeat(32) } }],
  predicateType: "https://slsa.dev/provenance/v0.2",
  predicate: { materials: [{ uri: "git", digest: { sha1: "cd".repeat(20) } }] },
})

interface EntryText {
  readonly body: string
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
  readonly verification: {
    readonly inclusionProof: {
      readonly checkpoint: string
      readonly hashes: readonly string[]
      readonly logIndex: number
      readonly rootHash: string
      readonly treeSize: number
    }
    readonly signedEntryTimestamp: string
  }
}

let logs: TestLogs
beforeEach(async () => {
  logs = await startLogs()
})
afterEach(async () => {
  await logs.close()
})

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"))

async function only(response: Response): Promise<{ uuid: string; entry: EntryText }> {
  const [[uuid, entry] = ["", undefined], ...others] = Object.entries(
    (await response.json()) as Record<string, EntryText>,
  )
  expect(others).toEqual([])
  return { uuid, entry: entry! }
}

async function add(proposal: object): Promise<{ uuid: string; entry: EntryText }> {
  const response = await logs.post(ENTRIES, proposal)
  expect([response.status, response.status === 201 ? "" : await response.clone().text()]).toEqual([201, ""])
  const added = await only(response)
  expect(response.headers.get("etag")).toBe(added.uuid)
  expect(response.headers.get("location")).toBe(`/rekor/api/v1/log/entries/${added.uuid}`)
  return added
}

/** All that a log vouches with, checked with Node's own signatures. */
function expectVouched({ uuid, entry }: { uuid: string; entry: EntryText }): void {
  const key = createPublicKey(publicKeyPem(v1Key.publicKey))
  const { inclusionProof: proof, signedEntryTimestamp } = entry.verification
  const promised = canonicalJson({
    body: entry.body,
    integratedTime: entry.integratedTime,
    logID: entry.logID,
    logIndex: entry.logIndex,
  })
  expect(verify("sha256", Buffer.from(promised), key, bytesOf(signedEntryTimestamp))).toBe(true)
  expect(entry.logID).toBe(sha256(v1Key.publicKey.spki).toString("hex"))
  const leaf = leafHash(bytesOf(entry.body))
  expect(uuid.slice(16)).toBe(Buffer.from(leaf).toString("hex"))
  const claim = { index: BigInt(proof.logIndex), size: BigInt(proof.treeSize), root: hex(proof.rootHash) }
  expect(verifyInclusion({ ...claim, leaf, hashes: proof.hashes.map(hex) })).toBe(true)
  const answer = verifyCheckpoint(proof.checkpoint, {
    key: v1Key.publicKey,
    scheme: { scheme: "ecdsa", hash: "sha256" },
  })
  expect(answer).toMatchObject({ ok: true, checkpoint: { size: claim.size, rootHash: claim.root } })
  expect(proof.checkpoint.split("\n")[0]).toBe(`log.test - ${BigInt(`0x${uuid.slice(0, 16)}`)}`)
}

describe("adding entries", () => {
  it("answers with promise, proof and checkpoint for each kind", async () => {
    const other = newSigner()
    const text = envelope(STATEMENT, [signer, other])
    const proposals = [
      hashedrekord("a"),
      dsse(text, [signer, other]),
      intoto(envelope(STATEMENT)),
      hashedrekord("b"),
      intotoEnvelope(text),
    ]
    for (const [at, proposal] of proposals.entries()) {
      const added = await add(proposal)
      expect(added.entry).toMatchObject({ logIndex: at, integratedTime: NOW / 1000 })
      expectVouched(added)
    }
    const body = (at: number) => logs.get(`${ENTRIES}?logIndex=${at}`).then(only)
    const stored = await body(1)
    expectVouched(stored)
    const read = JSON.parse(textOf(stored.entry.body)) as { spec: JsonObject }
    const signatures = read.spec["signatures"] as { signature: string; verifier: string }[]
    expect(signatures.map(({ signature }) => signature)).toEqual(signatures.map(({ signature }) => signature).sort())
    expect(read.spec["envelopeHash"]).toEqual({ algorithm: "sha256", value: sha256(text).toString("hex") })
    expect(read.spec["payloadHash"]).toEqual({ algorithm: "sha256", value: sha256(STATEMENT).toString("hex") })
    expect(JSON.stringify((await body(2)).entry)).not.toContain(base64(STATEMENT))
  })

  it("names the entry that is there already", async () => {
    const { uuid } = await add(hashedrekord("a"))
    const first = JSON.parse(textOf((await only(await logs.get(`${ENTRIES}/${uuid}`))).entry.body)) as object
    const again = await logs.post(ENTRIES, first)
    expect(again.status).toBe(409)
    expect(again.headers.get("location")).toBe(`/rekor/api/v1/log/entries/${uuid}`)
    expect(await again.json()).toEqual({
      code: 409,
      message: `an equivalent entry already exists in the transparency log with UUID ${uuid}`,
    })
  })

  it("takes what upstream's clients write beside the members that count", async () => {
    const proposal = dsse(envelope(STATEMENT)) as { spec: object }
    await add({ ...proposal, spec: { ...proposal.spec, signatures: null } })
  })

  it("writes keys anew, so that the same key makes the same entry", async () => {
    const one = hashedrekord("a") as { spec: { signature: { publicKey: { content: string } } } }
    const { uuid } = await add(one)
    const changed = structuredClone(one)
    changed.spec.signature.publicKey.content = base64(`\n${signer.pem.replaceAll("\n", "\r\n")}\n\n`)
    const again = await logs.post(ENTRIES, changed)
    expect([again.status, again.headers.get("location")?.endsWith(uuid)]).toEqual([409, true])
  })

  it("checks Ed25519 over the hash alone, and curves with their own hash", async () => {
    // RFC 8032 7.3: "abc".
    const seed = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"
    const privateKey = createPrivateKey({
      key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(seed, "hex")]),
      format: "der",
      type: "pkcs8",
    })
    const value =
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    const signature =
      "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    const pem = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString()
    const spec = (algorithm: string, digest: string) => ({
      data: { hash: { algorithm, value: digest } },
      signature: { content: base64(Buffer.from(signature, "hex")), publicKey: { content: base64(pem) } },
    })
    expectVouched(await add({ apiVersion: "0.0.1", kind: "hashedrekord", spec: spec("sha512", value) }))
    const short = { apiVersion: "0.0.1", kind: "hashedrekord", spec: spec("sha256", value.slice(0, 64)) }
    expect((await logs.post(ENTRIES, short)).status).toBe(400)
    const p384 = await logs.post(ENTRIES, hashedrekord("a", newSigner("P-384")))
    expect(await p384.json()).toMatchObject({ code: 400, message: expect.stringContaining("not allowed") as string })
  })
})

describe("reading", () => {
  it("finds entries by UUID with and without tree, index and proposal", async () => {
    const a = hashedrekord("a")
    const first = await add(a)
    const second = await add(dsse(envelope(STATEMENT)))
    for (const uuid of [first.uuid, first.uuid.slice(16), first.uuid.toUpperCase()]) {
      const found = await only(await logs.get(`${ENTRIES}/${uuid}`))
      expect(found.uuid).toBe(first.uuid)
      expect(found.entry.verification.inclusionProof.treeSize).toBe(2)
      expectVouched(found)
    }
    const foreign = { kind: "rpm", apiVersion: "0.0.1", spec: { anything: 1 } }
    const query = { entries: [a, foreign], entryUUIDs: [second.uuid, "0".repeat(64)], logIndexes: [1, 7] }
    const list = (await (await logs.post(`${ENTRIES}/retrieve`, query)).json()) as Record<string, EntryText>[]
    expect(list.map((item) => Object.keys(item)[0])).toEqual([second.uuid, first.uuid, second.uuid])
    expect(await (await logs.post(`${ENTRIES}/retrieve`, { entries: null })).json()).toEqual([])
  })

  it.each<[string, unknown, number]>([
    ["eleven indices", { logIndexes: Array(11).fill(0) }, 422],
    ["a UUID that is none", { entryUUIDs: ["x"] }, 400],
    ["an index that is none", { logIndexes: ["0"] }, 400],
    ["a negative index", { logIndexes: [-1] }, 400],
    ["an entry that is none", { entries: [null] }, 400],
    ["an entry that does not verify", { entries: [dsse("{}")] }, 400],
    ["no object", [], 400],
  ])("does not retrieve %s", async (_, query, status) => {
    const response = await logs.post(`${ENTRIES}/retrieve`, query)
    expect([response.status, await response.json()]).toMatchObject([status, { code: status }])
  })

  it("searches by digest, subject, material, key and name", async () => {
    const a = await add(hashedrekord("a"))
    const b = await add(hashedrekord("b"))
    const c = await add(dsse(envelope(STATEMENT)))
    const search = async (query: object): Promise<unknown> => {
      const response = await logs.post(`${V1}/api/v1/index/retrieve`, query)
      return response.status === 200 ? response.json() : response.status
    }
    const publicKey = { format: "x509", content: base64(signer.pem) }
    const ofA = sha256("a").toString("hex")
    expect(await search({ hash: ofA })).toEqual([a.uuid])
    expect(await search({ hash: `sha256:${ofA}` })).toEqual([a.uuid])
    expect(await search({ hash: ofA.toUpperCase() })).toEqual([a.uuid])
    expect(await search({ hash: "ab".repeat(32) })).toEqual([c.uuid])
    expect(await search({ hash: `sha1:${"cd".repeat(20)}` })).toEqual([c.uuid])
    expect(await search({ publicKey })).toEqual([c.uuid, b.uuid, a.uuid])
    expect(await search({ publicKey, hash: ofA, operator: "and" })).toEqual([a.uuid])
    expect(await search({ publicKey, hash: ofA, operator: "or" })).toEqual([c.uuid, b.uuid, a.uuid])
    expect(await search({ email: "nobody@example.com" })).toEqual([])
    expect(await search({})).toEqual([])
    for (const bad of [
      { hash: "x" },
      { hash: 1 },
      { publicKey: { format: "pgp", content: "AA==" } },
      { publicKey: { format: "x509", content: base64("x") } },
      { publicKey: {} },
      { operator: "xor" },
      { subject: "x".repeat(513) },
      [],
      null,
    ]) {
      expect(await search(bad as object)).toBe(400)
    }
    logs = await logs.again()
    expect(await search({ hash: "ab".repeat(32) })).toEqual([c.uuid])
  })

  it("shows the tree and proves that it only grows", async () => {
    const info = async () => (await (await logs.get(`${V1}/api/v1/log`)).json()) as Record<string, string>
    const sizes = new Map<number, string>()
    for (let size = 1; size <= 9; size++) {
      await add(hashedrekord(`e${size}`))
      const { rootHash = "", treeSize, signedTreeHead = "", treeID } = await info()
      expect([Number(treeSize), typeof treeID]).toEqual([size, "string"])
      expect(
        verifyCheckpoint(signedTreeHead, { key: v1Key.publicKey, scheme: { scheme: "ecdsa", hash: "sha256" } }).ok,
      ).toBe(true)
      sizes.set(size, rootHash)
    }
    for (const [size1, root1] of sizes) {
      for (const [size2, root2] of sizes) {
        if (size1 > size2) continue
        const response = await logs.get(`${V1}/api/v1/log/proof?firstSize=${size1}&lastSize=${size2}`)
        const { hashes, rootHash } = (await response.json()) as { hashes: string[]; rootHash: string }
        expect(rootHash).toBe(sizes.get(9))
        const claim = { size1: BigInt(size1), root1: hex(root1), size2: BigInt(size2), root2: hex(root2) }
        expect(verifyConsistency({ ...claim, hashes: hashes.map(hex) })).toBe(true)
      }
    }
    const { treeID = "" } = await info()
    const key = await logs.get(`${V1}/api/v1/log/publicKey?treeID=${treeID}`)
    expect(key.headers.get("content-type")).toBe("application/x-pem-file")
    expect(await key.text()).toBe(publicKeyPem(v1Key.publicKey))
    logs = await logs.again()
    expect(await info()).toMatchObject({ treeID, rootHash: sizes.get(9) })
  })
})

describe("what goes wrong", () => {
  it("is full: 507, nothing added, the next request works", async () => {
    const warnings: unknown[] = []
    const nothing = (): void => undefined
    const logger = {
      debug: nothing,
      info: nothing,
      warn: (event: string, fields: unknown) => warnings.push([event, fields]),
    }
    logs = await logs.again({ maxBytes: 512 * 1024, logger })
    const large = JSON.stringify({
      subject: Array.from({ length: 1000 }, (_, at) => ({ digest: { [`a${at}`]: "x".repeat(200) } })),
    })
    const responses: number[] = []
    for (let at = 0; at < 4; at++)
      responses.push((await logs.post(ENTRIES, dsse(envelope(`${large}${" ".repeat(at)}`)))).status)
    expect(responses.at(-1)).toBe(507)
    expect(warnings.at(-1)).toMatchObject([
      "rekor.failure",
      { code: "E_IO", why: expect.stringContaining("full") as string },
    ])
    const stored = responses.filter((status) => status === 201).length
    expect(await (await logs.get(`${V1}/api/v1/log`)).json()).toMatchObject({ treeSize: stored })
    expectVouched(await add(hashedrekord("small")))
  })

  it("does what its faults say", async () => {
    const calls: string[] = []
    logs = await logs.again({
      faults: {
        before: ({ method, path }) => {
          calls.push(`${method} ${path}`)
          return Promise.resolve(path.endsWith("publicKey") ? new Response("no", { status: 503 }) : undefined)
        },
        entry: ({ proof: _, ...rest }) => ({ ...rest, signedEntryTimestamp: Uint8Array.of(1) }),
        checkpoint: (note) => note.replace("log.test", "other"),
        after: (response) => new Response(response.body, { status: response.status, headers: { "X-After": "1" } }),
        keepDuplicates: true,
      },
    })
    const proposal = hashedrekord("a")
    for (const index of [0, 1]) {
      const response = await logs.post(ENTRIES, proposal)
      expect([response.status, response.headers.get("x-after")]).toEqual([201, "1"])
      const { entry } = await only(response)
      expect(entry).toMatchObject({ logIndex: index, verification: { signedEntryTimestamp: "AQ==" } })
      expect(entry.verification.inclusionProof).toBeUndefined()
    }
    expect((await logs.get(`${V1}/api/v1/log/publicKey`)).status).toBe(503)
    expect(await (await logs.get(`${V1}/api/v1/log`)).text()).toContain("other")
    expect(calls[0]).toBe("POST /api/v1/log/entries")
  })
})
