import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import { parseBundle } from "./parse-bundle.ts"

type Json = Record<string, unknown>

const MESSAGE = { messageDigest: { algorithm: "SHA2_256", digest: b64(32) }, signature: "AQID" }
const ENVELOPE = { payload: "e30=", payloadType: "application/vnd.in-toto+json", signatures: [{ sig: "AQID" }] }
const V03 = "application/vnd.dev.sigstore.bundle.v0.3+json"
const V01 = "application/vnd.dev.sigstore.bundle+json;version=0.1"
const V02 = "application/vnd.dev.sigstore.bundle+json;version=0.2"
const KEY = { publicKey: { hint: "h" } }
const PROOF = { rootHash: b64(32), treeSize: "1", checkpoint: { envelope: "text" } }
const ENTRY = {
  logId: { keyId: b64(32) },
  kindVersion: { kind: "hashedrekord", version: "0.0.1" },
  inclusionPromise: { signedEntryTimestamp: "AQID" },
  inclusionProof: PROOF,
  canonicalizedBody: "e30=",
}

function b64(bytes: number): string {
  return Buffer.alloc(bytes).toString("base64")
}

function bundle(over: Json = {}, material: Json = KEY): Json {
  return { mediaType: V03, verificationMaterial: material, messageSignature: MESSAGE, ...over }
}

function parse(document: unknown): ReturnType<typeof parseBundle> {
  return parseBundle(new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document)))
}

function code(document: unknown): string {
  try {
    parse(document)
    return "accepted"
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
}

function entries(count: number, over: Json = {}): Json {
  return { ...KEY, tlogEntries: Array.from({ length: count }, () => ({ ...ENTRY, ...over })) }
}

function stamps(count: number): Json {
  return {
    ...KEY,
    timestampVerificationData: {
      rfc3161Timestamps: Array.from({ length: count }, () => ({ signedTimestamp: "AQID" })),
    },
  }
}

const certificate = { rawBytes: "AQID" }
const without = (object: Json, name: string): Json => ({ ...object, [name]: undefined })

describe("parseBundle accepts", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["a message signature", bundle()],
    ["an envelope", bundle({ messageSignature: undefined, dsseEnvelope: ENVELOPE })],
    ["null for absent", bundle({ dsseEnvelope: null })],
    ["no message digest", bundle({ messageSignature: { signature: "AQID" } })],
    ["an empty message digest", bundle({ messageSignature: { signature: "AQID", messageDigest: {} } })],
    ["an empty hint", bundle({}, { publicKey: {} })],
    [
      "snake_case",
      {
        media_type: V03,
        verification_material: { public_key: { hint: "h" }, tlog_entries: [] },
        message_signature: { message_digest: { algorithm: 1, digest: b64(32) }, signature: "AQID" },
      },
    ],
    ["the other spelling of 0.3", bundle({ mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.3" })],
    ["base64 without padding", bundle({ messageSignature: { signature: "AQI" } })],
    ["base64 of the URL alphabet", bundle({ messageSignature: { signature: "_-8=" } })],
    ["a certificate", bundle({}, { certificate })],
    ["a chain before 0.3", bundle({ mediaType: V02 }, { x509CertificateChain: { certificates: [certificate] } })],
    ["integers as numbers", bundle({}, entries(1, { logIndex: 5, integratedTime: 6 }))],
    ["32 log entries", bundle({}, entries(32))],
    ["32 timestamps", bundle({}, stamps(32))],
    ["0.1 with a promise alone", bundle({ mediaType: V01 }, entries(1, { inclusionProof: undefined }))],
    ["0.2 with a proof alone", bundle({ mediaType: V02 }, entries(1, { inclusionPromise: undefined }))],
  ]
  it.each(cases)("%s", (_, document) => {
    expect(code(document)).toBe("accepted")
  })

  it("64-bit integers without losing digits, and absent ones as zero", () => {
    const index = "9223372036854775807"
    const [first] = parse(bundle({}, entries(1, { logIndex: index }))).logEntries
    expect(first?.logIndex).toBe(9223372036854775807n)
    expect(first?.integratedTime).toBe(0n)
  })
})

describe("parseBundle refuses", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["no JSON", "{"],
    ["an array", []],
    ["null", "null"],
    ["a duplicate key", `{"mediaType":"${V03}","mediaType":"${V03}"}`],
    ["an unknown member", bundle({ extra: 1 })],
    ["an unknown member below", bundle({}, { publicKey: { hint: "h", rawBytes: "AQID" } })],
    ["__proto__", `{"__proto__":{},"mediaType":"${V03}"}`],
    ["a field in both spellings", bundle({}, { publicKey: { hint: "h" }, public_key: { hint: "h" } })],
    ["no content", bundle({ messageSignature: undefined })],
    ["two contents", bundle({ dsseEnvelope: ENVELOPE })],
    ["no material", bundle({ verificationMaterial: undefined })],
    ["empty material", bundle({}, {})],
    ["two materials", bundle({}, { ...KEY, certificate })],
    ["a certificate without bytes", bundle({}, { certificate: {} })],
    ["an empty certificate", bundle({}, { certificate: { rawBytes: "" } })],
    ["a chain in 0.3", bundle({}, { x509CertificateChain: { certificates: [certificate] } })],
    ["an empty chain", bundle({ mediaType: V01 }, { x509CertificateChain: { certificates: [] } })],
    ["no signature", bundle({ messageSignature: { messageDigest: MESSAGE.messageDigest } })],
    ["an empty signature", bundle({ messageSignature: { signature: "" } })],
    ["junk in base64", bundle({ messageSignature: { signature: "AQ ID" } })],
    ["both alphabets", bundle({ messageSignature: { signature: "_+8=" } })],
    ["non-zero trailing bits", bundle({ messageSignature: { signature: "AQJ=" } })],
    [
      "an unknown hash",
      bundle({ messageSignature: { ...MESSAGE, messageDigest: { algorithm: "MD5", digest: "AA==" } } }),
    ],
    ["no hash", bundle({ messageSignature: { ...MESSAGE, messageDigest: { digest: b64(32) } } })],
    ["a hash without digest", bundle({ messageSignature: { ...MESSAGE, messageDigest: { algorithm: "SHA2_256" } } })],
    ["a short digest", bundle({ messageSignature: { ...MESSAGE, messageDigest: { algorithm: 1, digest: b64(31) } } })],
    [
      "an envelope without signatures",
      bundle({ messageSignature: undefined, dsseEnvelope: { ...ENVELOPE, signatures: [] } }),
    ],
    [
      "an envelope without type",
      bundle({ messageSignature: undefined, dsseEnvelope: without(ENVELOPE, "payloadType") }),
    ],
    [
      "an envelope without payload",
      bundle({ messageSignature: undefined, dsseEnvelope: without(ENVELOPE, "payload") }),
    ],
    ["a null log entry", bundle({}, { ...KEY, tlogEntries: [null] })],
    ["an entry without log id", bundle({}, entries(1, { logId: undefined }))],
    ["an entry without body", bundle({}, entries(1, { canonicalizedBody: undefined }))],
    ["a negative index", bundle({}, entries(1, { logIndex: "-1" }))],
    ["an index of 2^63", bundle({}, entries(1, { logIndex: "9223372036854775808" }))],
    ["a fractional index", bundle({}, entries(1, { logIndex: 1.5 }))],
    ["an index in hexadecimal", bundle({}, entries(1, { logIndex: "0x10" }))],
    ["0.3 without proof", bundle({}, entries(1, { inclusionProof: undefined }))],
    ["0.3 without checkpoint", bundle({}, entries(1, { inclusionProof: without(PROOF, "checkpoint") }))],
    ["0.1 without promise", bundle({ mediaType: V01 }, entries(1, { inclusionPromise: undefined }))],
    ["an empty timestamp", bundle({}, { ...KEY, timestampVerificationData: { rfc3161Timestamps: [{}] } })],
  ]
  it.each(cases)("%s", (_, document) => {
    expect(code(document)).toBe("E_FORMAT_MALFORMED")
  })

  it("adv: sigstore-python-1062 an envelope with two signatures", () => {
    const two = { ...ENVELOPE, signatures: [{ sig: "AQID" }, { sig: "AQIE" }] }
    expect(code(bundle({ messageSignature: undefined, dsseEnvelope: two }))).toBe("E_FORMAT_MALFORMED")
  })

  it("adv: GHSA-cq38-jh5f-37mq more entries or timestamps than 32", () => {
    expect(code(bundle({}, entries(33)))).toBe("E_LIMIT_EXCEEDED")
    expect(code(bundle({}, stamps(33)))).toBe("E_LIMIT_EXCEEDED")
  })

  it("adv: GHSA-cq38-jh5f-37mq a timestamp of more than 64 KiB, of which few would keep a verifier busy", () => {
    const stamped = (bytes: number): Json => ({
      ...KEY,
      timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: b64(bytes) }] },
    })
    expect(code(bundle({}, stamped(65_536)))).toBe("accepted")
    expect(code(bundle({}, stamped(65_537)))).toBe("E_LIMIT_EXCEEDED")
  })

  it.each(["0.4", "", "application/vnd.dev.sigstore.bundle.v0.4+json", "application/json", V03.toUpperCase()])(
    "media type %j",
    (mediaType) => {
      expect(code(bundle({ mediaType }))).toBe("E_FORMAT_UNSUPPORTED_VERSION")
    },
  )

  it("anything else without another error", () => {
    const value = fc.jsonValue({ maxDepth: 4 })
    fc.assert(
      fc.property(value, fc.constantFrom("verificationMaterial", "messageSignature", "dsseEnvelope"), (json, name) => {
        expect(["accepted", "E_FORMAT_MALFORMED", "E_LIMIT_EXCEEDED"]).toContain(code(bundle({ [name]: json })))
      }),
    )
  })
})
