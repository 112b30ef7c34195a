import { createHash, createPublicKey, generateKeyPairSync, randomBytes, verify } from "node:crypto"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { generatePrivateKey } from "../../../../crypto/generate.ts"
import { localSigningKey } from "../../../../crypto/local-key.ts"
import { publicKeyPem, rawPublicKey } from "../../../../crypto/public-key.ts"
import { verifyCheckpoint } from "../../../../crypto/transparency/checkpoint.ts"
import { leafHash, verifyInclusion } from "../../../../crypto/transparency/merkle.ts"
import { MIB } from "../../../../core/limits.ts"
import {
  base64,
  bytesOf,
  envelope,
  hashedrekordV2,
  mutations,
  newSigner,
  NOW,
  signer,
  signerOf,
  startLogs,
  type TestLogs,
  V2,
  v2Key,
} from "../rekor-fixture.ts"

const ENTRIES = `${V2}/api/v2/log/entries`

interface EntryText {
  readonly logIndex: string
  readonly logId: { readonly keyId: string }
  readonly inclusionProof: {
    readonly logIndex: string
    readonly rootHash: string
    readonly treeSize: string
    readonly hashes: readonly string[]
    readonly checkpoint: { readonly envelope: string }
  }
  readonly canonicalizedBody: string
}

let logs: TestLogs
beforeEach(async () => {
  logs = await startLogs()
})
afterEach(async () => {
  await logs.close()
})

async function add(request: object): Promise<EntryText> {
  const response = await logs.post(ENTRIES, request)
  expect([response.status, response.status === 201 ? "" : await response.clone().text()]).toEqual([201, ""])
  return (await response.json()) as EntryText
}

function dsseRequest(by = [signer], payload = "{}"): { dsseRequestV002: { envelope: object; verifiers: object[] } } {
  const { signatures, ...rest } = JSON.parse(envelope(payload, by)) as { signatures: object[] }
  const verifiers = by.map(({ der }) => ({
    keyDetails: "PKIX_ECDSA_P256_SHA_256",
    publicKey: { rawBytes: base64(der) },
  }))
  return { dsseRequestV002: { envelope: { ...rest, signatures }, verifiers } }
}

function expectIncluded(entry: EntryText): void {
  const { checkpoint, hashes, treeSize, rootHash } = entry.inclusionProof
  const log = { key: v2Key.publicKey, scheme: { scheme: "ed25519" }, origin: "log.test" } as const
  const answer = verifyCheckpoint(checkpoint.envelope, log)
  const root = bytesOf(rootHash)
  expect(answer).toMatchObject({ ok: true, checkpoint: { size: BigInt(treeSize), rootHash: root } })
  const leaf = leafHash(bytesOf(entry.canonicalizedBody))
  const claim = { index: BigInt(entry.logIndex), size: BigInt(treeSize), leaf, root }
  expect(verifyInclusion({ ...claim, hashes: hashes.map(bytesOf) })).toBe(true)
}

describe("adding entries", () => {
  it("answers with an entry in protobuf JSON and its proof", async () => {
    const entry = await add(hashedrekordV2("a"))
    const key = rawPublicKey(v2Key.publicKey)
    // C2SP signed-note.md: name, line feed, type 1, key.
    const keyId = createHash("sha256").update("log.test\n").update(Uint8Array.of(1)).update(key).digest("base64")
    expect(entry).toEqual({
      logIndex: "0",
      logId: { keyId },
      kindVersion: { kind: "hashedrekord", version: "0.0.2" },
      integratedTime: "0",
      inclusionPromise: null,
      inclusionProof: {
        logIndex: "0",
        rootHash: expect.any(String) as string,
        treeSize: "1",
        hashes: [],
        checkpoint: { envelope: expect.stringMatching(/^log\.test\n1\n/) as string },
      },
      canonicalizedBody: expect.any(String) as string,
    })
    expectIncluded(entry)
    for (let at = 1; at < 12; at++) expectIncluded(await add(hashedrekordV2(`e${at}`)))
  })

  it("names the index of the entry that is there already", async () => {
    await add(hashedrekordV2("a"))
    const request = hashedrekordV2("b")
    await add(request)
    const again = await logs.post(ENTRIES, request)
    expect([again.status, again.headers.get("x-log-index")]).toEqual([409, "1"])
    const message = "an equivalent entry already exists in the transparency log with index 1"
    expect(await again.json()).toEqual({ code: 6, message, details: [] })
  })

  it.each([
    ["P-384", "PKIX_ECDSA_P384_SHA_384", "sha384", "SHA2_384"],
    ["P-521", "PKIX_ECDSA_P521_SHA_512", "sha512", "SHA2_512"],
  ])("takes %s with the hash of its curve", async (curve, details, hash, name) => {
    const entry = await add(hashedrekordV2("a", newSigner(curve), details, hash))
    expect(new TextDecoder().decode(bytesOf(entry.canonicalizedBody))).toContain(`"algorithm":"${name}"`)
    expectIncluded(entry)
  })

  it.each([2048, 3072, 4096])("takes RSA of %i bits, algorithm by name or number", async (modulusLength) => {
    const rsa = signerOf(generateKeyPairSync("rsa", { modulusLength }))
    const number = { 2048: 9, 3072: 10, 4096: 11 }[modulusLength]
    const one = await add(hashedrekordV2("a", rsa, `PKIX_RSA_PKCS1V15_${modulusLength}_SHA256`))
    const response = await logs.post(ENTRIES, hashedrekordV2("a", rsa, number as unknown as string))
    expect([one.logIndex, response.status]).toEqual(["0", 409])
  })

  it("refuses envelopes, and takes them where that is asked for", async () => {
    const refused = await logs.post(ENTRIES, dsseRequest())
    expect(await refused.json()).toMatchObject({
      code: 3,
      message: expect.stringContaining("invalid type, must be hashedrekord") as string,
    })
    logs = await logs.again({ oldDsse: true })
    const by = [signer, newSigner(), newSigner()]
    const entry = await add(dsseRequest(by))
    expectIncluded(entry)
    expect(entry).toMatchObject({ kindVersion: { kind: "dsse", version: "0.0.2" } })
    const body = JSON.parse(new TextDecoder().decode(bytesOf(entry.canonicalizedBody))) as {
      spec: { dsseV002: { payloadHash: object; signatures: { content: string }[] } }
    }
    const { payloadHash, signatures } = body.spec.dsseV002
    expect(payloadHash).toEqual({ algorithm: "SHA2_256", digest: createHash("sha256").update("{}").digest("base64") })
    const raw = signatures.map(({ content }) => Buffer.from(bytesOf(content)).toString("hex"))
    expect(raw).toEqual([...raw].sort())
    for (const changed of [
      dsseRequest([signer, signer]),
      { dsseRequestV002: { ...dsseRequest().dsseRequestV002, verifiers: [] } },
      {
        dsseRequestV002: {
          ...dsseRequest().dsseRequestV002,
          verifiers: dsseRequest([by[1]!]).dsseRequestV002.verifiers,
        },
      },
      { ...dsseRequest(), ...hashedrekordV2("a") },
      dsseRequest(Array.from({ length: 11 }, () => newSigner())),
    ]) {
      expect((await logs.post(ENTRIES, changed)).status).toBe(400)
    }
    for (const { name, document } of mutations(dsseRequest())) {
      const { status } = await logs.post(ENTRIES, document)
      expect([name, status]).toEqual([name, 400])
    }
  })

  it("has its checkpoints cosigned", async () => {
    const witness = localSigningKey(await generatePrivateKey("ed25519"))
    logs = await logs.again({ witnesses: [{ name: "witness.test/w", key: witness }] })
    const entry = await add(hashedrekordV2("a"))
    expectIncluded(entry)
    const note = entry.inclusionProof.checkpoint.envelope
    const [text = "", lines = ""] = note.split("\n\n")
    const [, name, value = ""] = /^— (\S+) (\S+)$/.exec(lines.split("\n")[1] ?? "") ?? []
    const blob = Buffer.from(bytesOf(value))
    const id = createHash("sha256")
      .update("witness.test/w\n")
      .update(Uint8Array.of(4))
      .update(rawPublicKey(witness.publicKey))
    expect([name, blob.subarray(0, 4)]).toEqual(["witness.test/w", id.digest().subarray(0, 4)])
    expect(blob.readBigUInt64BE(4)).toBe(BigInt(NOW / 1000))
    const message = `cosignature/v1\ntime ${NOW / 1000}\n${text}\n`
    const key = createPublicKey(publicKeyPem(witness.publicKey))
    expect(verify(null, Buffer.from(message), key, blob.subarray(12))).toBe(true)
  })

  it("signs in the host's name, without port and brackets", async () => {
    const ecdsa = localSigningKey(await generatePrivateKey("ecdsa-p256"))
    await logs.close()
    logs = await startLogs({ v2: { url: "http://[::1]:99/rekor2/", signer: ecdsa } })
    expect(logs.rekor.v2.origin).toBe("::1")
    const { envelope: note } = (await add(hashedrekordV2("a"))).inclusionProof.checkpoint
    const scheme = { scheme: "ecdsa", hash: "sha256" } as const
    expect(verifyCheckpoint(note, { key: ecdsa.publicKey, scheme, origin: "::1" }).ok).toBe(true)
    expect(logs.rekor.v2.logId).toEqual(new Uint8Array(createHash("sha256").update(ecdsa.publicKey.spki).digest()))
  })
})

describe("what is refused", () => {
  type Request2 = {
    hashedRekordRequestV002: { digest: string; signature: { content: string; verifier: Record<string, unknown> } }
  }
  const change = (edit: (request: Request2["hashedRekordRequestV002"]) => void): object => {
    const request = structuredClone(hashedrekordV2("a")) as Request2
    edit(request.hashedRekordRequestV002)
    return request
  }
  const ed25519 = signerOf(generateKeyPairSync("ed25519"))
  it.each<[string, unknown, string]>([
    ["another digest", change((r) => (r.digest = base64(randomBytes(32)))), "verifying signature"],
    [
      "a digest of another length",
      change((r) => (r.digest = base64(randomBytes(48)))),
      "does not match expected size (32)",
    ],
    [
      "another key",
      change((r) => (r.signature.verifier["publicKey"] = { rawBytes: base64(newSigner().der) })),
      "verifying",
    ],
    [
      "a key and a certificate",
      change((r) => (r.signature.verifier["x509Certificate"] = { rawBytes: "AA==" })),
      "either",
    ],
    [
      "a certificate that is none",
      change(
        (r) =>
          (r.signature.verifier = {
            keyDetails: "PKIX_ECDSA_P256_SHA_256",
            x509Certificate: { rawBytes: base64(signer.der) },
          }),
      ),
      "certificate",
    ],
    ["the algorithm of another curve", hashedrekordV2("a", newSigner("P-384")), "not allowed"],
    ["another curve's hash", hashedrekordV2("a", newSigner("P-384"), "PKIX_ECDSA_P384_SHA_256"), "not allowed"],
    [
      "pure Ed25519",
      change(
        (r) => (r.signature.verifier = { keyDetails: "PKIX_ED25519", publicKey: { rawBytes: base64(ed25519.der) } }),
      ),
      "no associated digest algorithm",
    ],
    [
      "RSA-PSS",
      hashedrekordV2("a", signerOf(generateKeyPairSync("rsa", { modulusLength: 2048 })), "PKIX_RSA_PSS_2048_SHA256"),
      "unsupported entry algorithm",
    ],
    [
      "the algorithm of another RSA key",
      hashedrekordV2(
        "a",
        signerOf(generateKeyPairSync("rsa", { modulusLength: 2048 })),
        "PKIX_RSA_PKCS1V15_3072_SHA256",
      ),
      "unsupported entry algorithm",
    ],
    ["an unknown algorithm", hashedrekordV2("a", signer, "X"), "unknown signing algorithm"],
    ["an unknown member", { ...hashedrekordV2("a"), more: 1 }, "more"],
    ["nothing", {}, "invalid type, must be hashedrekord"],
    ["a list", [], "object"],
    ["no JSON", "nope", "body"],
  ])("%s", async (_, request, why) => {
    const response = await logs.post(ENTRIES, request)
    const { code, message, details } = (await response.json()) as { code: number; message: string; details: unknown }
    expect([response.status, code, details]).toEqual([400, 3, []])
    expect(message).toContain(why)
    expect(await (await logs.get(`${V2}/api/v2/checkpoint`)).text()).toMatch(/^log\.test\n0\n/)
  })

  it("adv: GHSA-843x-px86-vq42: every value at every place", async () => {
    for (const { name, document } of mutations(hashedrekordV2("a"))) {
      const { status } = await logs.post(ENTRIES, document)
      expect([name, status]).toEqual([name, 400])
    }
  })

  it("too many bytes, another type, other paths and methods", async () => {
    expect((await logs.post(ENTRIES, `"${"x".repeat(4 * MIB)}"`)).status).toBe(413)
    expect((await logs.post(ENTRIES, hashedrekordV2("a"), { "Content-Type": "text/plain" })).status).toBe(415)
    const status = async (path: string, method = "GET") =>
      (await logs.rekor.v2.fetch(new Request(`${V2}${path}`, { method }))).status
    expect(await status("/api/v2/log/entries")).toBe(405)
    expect(await status("/api/v2/checkpoint", "POST")).toBe(405)
    expect(await status("/api/v2/other")).toBe(404)
    expect(await status("/api/v1/log")).toBe(404)
    expect(await status("/")).toBe(404)
  })
})

describe("what goes wrong", () => {
  it("is full: 507, and the next request works", async () => {
    logs = await logs.again({ maxBytes: 64 * 1024 })
    const statuses: number[] = []
    while (!statuses.includes(507)) {
      statuses.push((await logs.post(ENTRIES, hashedrekordV2(`e${statuses.length}`))).status)
      expect(statuses.length).toBeLessThan(400)
    }
    const stored = statuses.length - 1
    expect(await (await logs.get(`${V2}/api/v2/checkpoint`)).text()).toMatch(new RegExp(`^log\\.test\\n${stored}\\n`))
    logs = await logs.again({ maxBytes: MIB })
    expectIncluded(await add(hashedrekordV2("later")))
  })

  it("does what its faults say", async () => {
    logs = await logs.again({
      faults: {
        before: ({ api, method }) =>
          Promise.resolve(api === 2 && method === "POST" ? undefined : new Response(null, { status: 500 })),
        entry: (answer) => {
          const { proof, ...rest } = answer
          return proof === undefined ? rest : { ...rest, proof: { ...proof, checkpoint: "bad" } }
        },
      },
    })
    expect((await logs.get(`${V2}/api/v2/checkpoint`)).status).toBe(500)
    expect((await add(hashedrekordV2("a"))).inclusionProof.checkpoint.envelope).toBe("bad")
  })
})
