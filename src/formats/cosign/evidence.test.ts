import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { encodeHex } from "../../codec/hex.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { RawSignature } from "../../core/ports.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import { cosignBlobs } from "./blob-formats.ts"
import { layerEvidence } from "./evidence.ts"
import { LOG_ANNOTATION, SIGNATURE_ANNOTATION, TIMESTAMP_ANNOTATION } from "./media-types.ts"
import { simpleSigningCandidate } from "./simple-signing-candidate.ts"

/** Written by real cosign. */
const data = new URL("../../../tests/vectors/cosign/data/", import.meta.url)
const bytes = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, data)))

const ENTRY = {
  SignedEntryTimestamp: "AQID",
  Payload: { body: "e30=", integratedTime: 5, logIndex: 7, logID: "00ff" },
}
const STAMP = { SignedRFC3161Timestamp: "BAUG" }
const signature = new Uint8Array([1])

describe("evidence of a legacy layer", () => {
  it("is its entry and its timestamp over the signature", () => {
    const { evidence, evidenceFault } = layerEvidence(
      { [LOG_ANNOTATION]: JSON.stringify(ENTRY), [TIMESTAMP_ANNOTATION]: JSON.stringify(STAMP) },
      signature,
    )
    expect(evidenceFault).toBeUndefined()
    expect(evidence).toMatchObject({ form: "legacy", stamped: signature, timestamps: [new Uint8Array([4, 5, 6])] })
    const [entry] = evidence?.entries ?? []
    expect(entry).toMatchObject({ logIndex: 7n, integratedTime: 5n, kind: "", version: "" })
    expect(encodeHex(entry?.logId ?? signature)).toBe("00ff")
    expect(entry?.inclusionProof).toBeUndefined()
  })

  it("is empty without annotations, or with empty ones", () => {
    for (const annotations of [{}, { [LOG_ANNOTATION]: "", [TIMESTAMP_ANNOTATION]: "" }]) {
      const { evidence, evidenceFault } = layerEvidence(annotations, signature)
      expect([evidence?.entries, evidence?.timestamps, evidenceFault]).toEqual([[], [], undefined])
    }
  })

  it.each([
    ["no JSON", LOG_ANNOTATION, "{", "log.entry"],
    ["a log id that is no hexadecimal", LOG_ANNOTATION, withPayload({ logID: "xy" }), "log.entry"],
    ["a negative index", LOG_ANNOTATION, withPayload({ logIndex: -1 }), "log.entry"],
    ["no promise", LOG_ANNOTATION, JSON.stringify({ Payload: ENTRY.Payload }), "log.entry"],
    ["an array", LOG_ANNOTATION, "[]", "log.entry"],
    ["a timestamp that is no base64", TIMESTAMP_ANNOTATION, '{"SignedRFC3161Timestamp":"*"}', "timestamp"],
    ["a timestamp without member", TIMESTAMP_ANNOTATION, "{}", "timestamp"],
  ])("says what cannot be read: %s", (_case, key, text, check) => {
    const { evidence, evidenceFault } = layerEvidence({ [key]: text }, signature)
    expect([evidence?.entries, evidence?.timestamps]).toEqual([[], []])
    expect(evidenceFault).toMatchObject({ check, outcome: "failed", code: "E_FORMAT_MALFORMED" })
  })

  it("does not hinder that a key alone is tried", () => {
    const payload = encodeUtf8(
      '{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":""},"type":""},"optional":null}',
      "payload",
    )
    const raw: RawSignature = {
      location: { store: "signature-tag", where: "", reference: "" },
      descriptor: { mediaType: "", size: payload.length, digest: sha256Digest(payload) },
      bytes: payload,
      mediaType: "",
      annotations: { [SIGNATURE_ANNOTATION]: "AQ==", [LOG_ANNOTATION]: "{" },
    }
    const candidate = simpleSigningCandidate(raw)
    expect(candidate.signatures).toHaveLength(1)
    expect(candidate.evidenceFault).toBeDefined()
  })
})

describe("evidence of files", () => {
  it("covers the signature in a bundle", () => {
    const candidate = cosignBlobs.parseBundle(bytes("blob.sigstore.json"))
    expect(candidate.evidence).toMatchObject({ form: "bundle", stamped: candidate.signatures[0]?.bytes })
    expect(candidate.evidence?.envelope).toBeUndefined()
  })

  it("covers the whole envelope in a legacy attestation", () => {
    const candidate = cosignBlobs.parseBundle(bytes("att.legacy3.json"))
    const envelope = candidate.evidence?.envelope
    expect(candidate.evidence?.form).toBe("legacy")
    expect(envelope?.bytes).toEqual(candidate.evidence?.stamped)
    expect(new TextDecoder().decode(candidate.evidence?.stamped)).toMatch(/^\{"payload/)
    expect(envelope?.payloadType).toBe("application/vnd.in-toto+json")
  })
})

function withPayload(change: object): string {
  return JSON.stringify({ ...ENTRY, Payload: { ...ENTRY.Payload, ...change } })
}
