import { describe, expect, it } from "vitest"
import { parseImageManifest } from "../../codec/oci/manifest.ts"
import type { Candidate } from "../../core/candidate.ts"
import type { RawSignature } from "../../core/ports.ts"
import { rawEcdsaSignature } from "../../crypto/ecdsa-raw.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import { keySpecByName } from "../../crypto/key-spec.ts"
import { parsePublicKey } from "../../crypto/public-key.ts"
import { verifySignature } from "../../crypto/verify.ts"
import { readSigned } from "../../../tests/vectors/notation/read-signed.ts"
import type { SignatureFormat } from "../format.ts"
import { notation, notationCose } from "./notation.ts"

/** Made by notation 1.3.2. */
const signed = readSigned().map((one) => ({
  ...one,
  name: `${one.key} ${one.format}`,
  row: one.format === "jws" ? notation : notationCose,
}))

function raw(bytes: Uint8Array, mediaType: string): RawSignature {
  return {
    location: { store: "referrers-api", where: "r", reference: "d" },
    descriptor: { mediaType, digest: sha256Digest(bytes), size: bytes.length },
    bytes,
    mediaType,
    annotations: {},
  }
}

function parse(row: SignatureFormat, bytes: Uint8Array): Candidate {
  const [candidate] = row.parse(raw(bytes, row.wanted.signature[0] ?? ""))
  if (candidate === undefined) throw new Error("no candidate")
  return candidate
}

function chainOf(candidate: Candidate): readonly Uint8Array[] {
  return candidate.material.kind === "certificate" ? candidate.material.certificates : []
}

describe("what notation 1.3.2 signed", () => {
  it.each(signed)(
    "$name: is read, and the signature holds over the message",
    ({ row, bytes, key, manifest, ...one }) => {
      const candidate = parse(row, bytes)
      const { subject } = parseImageManifest(new TextEncoder().encode(manifest))
      if (subject === undefined) throw new Error("no subject")
      const wanted = { kind: "signature", annotations: one.metadata } as const
      const [leaf = new Uint8Array()] = chainOf(candidate)
      const spec = keySpecByName(key.toUpperCase())
      if (spec === undefined || candidate.signed.kind !== "message") throw new Error("no spec")
      const [signature] = candidate.signatures
      const publicKey = parsePublicKey(leaf, { certificate: true })
      expect(verifySignature(publicKey, spec.scheme, candidate.signed.message, signature?.bytes ?? leaf)).toBe(true)
      expect(candidate.attributes).toMatchObject({
        algorithm: spec.algorithm,
        signingScheme: "notary.x509",
        extended: [],
      })
      expect(candidate.attributes?.expiry === undefined).toBe(one.expiry === null)
      expect(candidate.bind(subject, wanted).every(({ outcome }) => outcome === "passed")).toBe(true)
      expect(candidate.content(subject, wanted)).toMatchObject({ digest: subject.digest, size: subject.size })
    },
  )

  it.each(signed)("$name: we write the same bytes", ({ row, bytes, key, manifest, metadata }) => {
    const theirs = parse(row, bytes)
    const { subject } = parseImageManifest(new TextEncoder().encode(manifest))
    const { attributes } = theirs
    if (subject === undefined || attributes === undefined) throw new Error("nothing to compare")
    const spec = keySpecByName(key.toUpperCase())
    // Times within the second are cut off.
    const at = attributes.signingTime.at + 999
    const [draft] = row.writer.draftSignature({
      subject: { ...subject, annotations: { "is.not": "signed" } },
      at,
      ...(attributes.expiry === undefined ? {} : { expiry: attributes.expiry.at + 999 }),
      keySpec: key.toUpperCase(),
      agent: attributes.signingAgent ?? "",
      dockerReferences: [],
      annotations: metadata,
    })
    if (draft === undefined || theirs.signed.kind !== "message") throw new Error("no draft")
    expect(draft.message).toEqual(theirs.signed.message)
    const [leaf = new Uint8Array()] = chainOf(theirs)
    const signature = theirs.signatures[0]?.bytes ?? leaf
    const document = draft.finish(signature, parsePublicKey(leaf, { certificate: true }), {
      certificates: chainOf(theirs),
    })
    expect(document.bytes).toEqual(bytes)
    expect(draft.timestamped?.(signature)).toEqual(
      spec?.rawBytes === undefined ? signature : rawEcdsaSignature(signature, spec.rawBytes),
    )
    const { writer } = row
    const { placement } = writer
    if (placement.place !== "referrer") throw new Error("no referrer")
    const write = placement.manifest({ ...subject, artifactType: "x/y" }, document, at, "config")
    expect(new TextDecoder().decode(write.bytes)).toBe(manifest)
    expect(writer.adopt?.(bytes)).toEqual(document)
  })
})
