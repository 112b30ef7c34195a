import { describe, expect, it } from "vitest"
import { encodePem } from "../../codec/pem.ts"
import { asToolError } from "../../core/errors.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import { generatePrivateKey } from "../../crypto/generate.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { pae } from "../../envelopes/dsse/pae.ts"
import type { DraftEvidence } from "../format.ts"
import { cosignBlobs } from "./blob-formats.ts"
import { cosignV2 } from "./cosign-v2.ts"
import { cosignV3 } from "./cosign-v3.ts"
import { IN_TOTO_PAYLOAD } from "./media-types.ts"

const { publicKey } = localSigningKey(await generatePrivateKey())
const LEAF = Uint8Array.of(0x30, 1)
const ISSUER = Uint8Array.of(0x30, 2)
const ROOT = Uint8Array.of(0x30, 3)
const SIGNATURE = Uint8Array.of(9, 9, 9)
const STAMP = Uint8Array.of(0x30, 7)
const WITHOUT_PROMISE: LogEntry = {
  logIndex: 12_345_678_901_234_567_890n,
  logId: Uint8Array.of(0xab, 0xcd),
  kind: "hashedrekord",
  version: "0.0.1",
  integratedTime: 1_700_000_000n,
  canonicalizedBody: new TextEncoder().encode("{}"),
}
const ENTRY: LogEntry = { ...WITHOUT_PROMISE, signedEntryTimestamp: Uint8Array.of(1, 2, 3) }
const evidence: DraftEvidence = { certificates: [LEAF, ISSUER, ROOT], logEntries: [ENTRY], timestamps: [STAMP] }
const BUNDLE =
  '{"SignedEntryTimestamp":"AQID","Payload":{"body":"e30=","integratedTime":1700000000,' +
  '"logIndex":12345678901234567890,"logID":"abcd"}}'
const NAMES = {
  certificate: "dev.sigstore.cosign/certificate",
  chain: "dev.sigstore.cosign/chain",
  bundle: "dev.sigstore.cosign/bundle",
  stamp: "dev.sigstore.cosign/rfc3161timestamp",
} as const

const subject = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  size: 2,
  digest: sha256Digest(Uint8Array.of()),
}
const signatureInput = { subject, at: 0, dockerReferences: ["r.test/app"], annotations: {} }
const attestationInput = {
  subject: subject.digest,
  subjectName: "app",
  predicate: { type: "https://p.test/v1", bytes: new TextEncoder().encode("{}") },
  generation: "cosign3",
  at: 0,
} as const
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe("what Sigstore's services gave, in the format of cosign 2", () => {
  it("lies in annotations of a signature", () => {
    const [draft] = cosignV2.writer.draftSignature(signatureInput)
    expect(draft?.logged?.(SIGNATURE)).toEqual({ kind: "message" })
    expect(draft?.timestamped?.(SIGNATURE)).toBe(SIGNATURE)
    expect(draft?.finish(SIGNATURE, publicKey, evidence).annotations).toEqual({
      "dev.cosignproject.cosign/signature": "CQkJ",
      [NAMES.certificate]: encodePem("CERTIFICATE", LEAF),
      [NAMES.chain]: encodePem("CERTIFICATE", ISSUER) + encodePem("CERTIFICATE", ROOT),
      [NAMES.bundle]: BUNDLE,
      [NAMES.stamp]: '{"SignedRFC3161Timestamp":"MAc="}',
    })
  })

  it("has an empty chain beside a certificate alone, and nothing for a bare key", () => {
    const [draft] = cosignV2.writer.draftSignature(signatureInput)
    const alone = draft?.finish(SIGNATURE, publicKey, { certificates: [LEAF] }).annotations
    expect(Object.keys(alone ?? {}).slice(1)).toEqual([NAMES.certificate, NAMES.chain])
    expect(alone?.[NAMES.chain]).toBe("")
    const bare = draft?.finish(SIGNATURE, publicKey, { certificates: [], logEntries: [ENTRY] }).annotations
    expect(Object.keys(bare ?? {}).slice(1)).toEqual([NAMES.bundle])
  })

  it("is about the whole envelope of an attestation", () => {
    const draft = cosignV2.writer.draftAttestation(attestationInput)
    const document = draft.finish(SIGNATURE, publicKey, evidence)
    expect(draft.timestamped?.(SIGNATURE)).toEqual(document.bytes)
    expect(draft.logged?.(SIGNATURE)).toEqual({
      kind: "envelope",
      envelope: document.bytes,
      payloadType: IN_TOTO_PAYLOAD,
      payload: draft.payload,
    })
    expect(document.annotations[NAMES.bundle]).toBe(BUNDLE)
  })

  it.each<[string, DraftEvidence, string]>([
    ["two entries", { certificates: [], logEntries: [ENTRY, ENTRY] }, "holds one log entry"],
    ["two timestamps", { certificates: [], timestamps: [STAMP, STAMP] }, "holds one timestamp"],
    ["an entry without promise", { certificates: [], logEntries: [WITHOUT_PROMISE] }, "does not fit"],
  ])("refuses %s", (_, given, words) => {
    const [draft] = cosignV2.writer.draftSignature(signatureInput)
    const made = [
      () => draft?.finish(SIGNATURE, publicKey, given),
      () =>
        (given.timestamps ?? []).length > 0
          ? draft?.finish(SIGNATURE, publicKey, given)
          : cosignBlobs.buildLegacyBundle({
              signature: SIGNATURE,
              key: publicKey,
              generation: "cosign3",
              evidence: given,
            }),
    ]
    for (const make of made) {
      const error = refusal(make)
      expect([error.code, error.what]).toEqual(["E_USAGE", expect.stringContaining(words)])
    }
  })
})

function refusal(make: () => unknown): ReturnType<typeof asToolError> {
  try {
    make()
  } catch (thrown) {
    return asToolError(thrown)
  }
  throw new Error("it was accepted")
}

describe("what Sigstore's services gave, in bundles", () => {
  it("is a leaf, entries and timestamps; the envelope is signed as it stands", () => {
    const [draft] = cosignV3.writer.draftSignature(signatureInput)
    const bundle = JSON.parse(text(draft?.finish(SIGNATURE, publicKey, evidence).bytes ?? new Uint8Array())) as {
      verificationMaterial: Record<string, unknown>
    }
    expect(Object.keys(bundle.verificationMaterial)).toEqual([
      "certificate",
      "tlogEntries",
      "timestampVerificationData",
    ])
    expect(bundle.verificationMaterial["certificate"]).toEqual({ rawBytes: "MAE=" })
    expect(bundle.verificationMaterial["tlogEntries"]).toMatchObject([{ logIndex: "12345678901234567890" }])
    const logged = draft?.logged?.(SIGNATURE)
    if (logged?.kind !== "envelope") throw new Error("a statement is logged as envelope")
    expect(pae(logged.payloadType, logged.payload)).toEqual(draft?.message)
    expect(JSON.parse(text(logged.envelope))).toMatchObject({ signatures: [{ sig: "CQkJ" }] })
    expect(draft?.timestamped?.(SIGNATURE)).toBe(SIGNATURE)
  })
})

describe("cosign's own bundle of a file", () => {
  const make = (generation: "cosign2" | "cosign3", given?: DraftEvidence): string => {
    const input = { signature: SIGNATURE, key: publicKey, generation }
    return text(cosignBlobs.buildLegacyBundle(given === undefined ? input : { ...input, evidence: given }))
  }
  const pem = (label: string, der: Uint8Array): string => btoa(encodePem(label, der))

  it.each<[string, () => string, string]>([
    [
      "of an identity",
      () => make("cosign2", evidence),
      `,"cert":"${pem("CERTIFICATE", LEAF)}","rekorBundle":${BUNDLE}`,
    ],
    [
      "of a key in a log, which is named then",
      () => make("cosign2", { certificates: [], logEntries: [ENTRY] }),
      `,"cert":"${pem("PUBLIC KEY", publicKey.spki)}","rekorBundle":${BUNDLE}`,
    ],
    ["of a key alone, cosign 2", () => make("cosign2"), ""],
    ["of a key alone, cosign 3", () => make("cosign3"), `,"cert":"${pem("PUBLIC KEY", publicKey.spki)}"`],
  ])("%s", (_, made, rest) => {
    expect(made()).toBe(`{"base64Signature":"CQkJ"${rest}}`)
  })

  it("of an attestation holds the envelope; timestamps cover what is stored", () => {
    const draft = cosignBlobs.draftAttestation(attestationInput)
    const documents = draft.finish(SIGNATURE, publicKey, evidence)
    const legacy = JSON.parse(text(documents.legacyBundle)) as { base64Signature: string }
    expect(atob(legacy.base64Signature)).toBe(text(documents.envelope))
    expect(draft.timestamped(SIGNATURE, "legacy")).toEqual(documents.envelope)
    expect(draft.timestamped(SIGNATURE, "bundle")).toBe(SIGNATURE)
    const second = draft.finish(SIGNATURE, publicKey, { certificates: [LEAF], logEntries: [WITHOUT_PROMISE] })
    expect(second.bundle.length).toBeGreaterThan(0)
    expect(refusal(() => second.legacyBundle).code).toBe("E_USAGE")
  })
})
