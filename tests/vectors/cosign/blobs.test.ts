import { describe, expect, it } from "vitest"
import { decodeBase64 } from "../../../src/codec/base64.ts"
import type { ArtifactContent, Candidate } from "../../../src/core/candidate.ts"
import type { HashAlgorithm, PublicKey, SignatureScheme } from "../../../src/core/ports.ts"
import { digestOf, sha256Digest } from "../../../src/crypto/hash.ts"
import { parsePublicKey } from "../../../src/crypto/public-key.ts"
import { defaultScheme, hashOf } from "../../../src/crypto/schemes.ts"
import { blobFormats } from "../../../src/formats/index.ts"
import { artifactNeeds, evaluateKeys } from "../../../src/trust/keyed.ts"
import { peerFile, peerKey, text, utf8 } from "./peer-data.ts"
import { loadPrehash } from "../../../src/crypto/prehash.ts"

await loadPrehash()

const blob = peerFile("a.txt")
const subject = { digest: sha256Digest(blob) }
const wanted = { kind: "signature", annotations: {} } as const
const otherKey = parsePublicKey(peerFile("insecure-test-p384.pub"))

function b64(value: string): Uint8Array {
  return decodeBase64(value, { max: 1_000_000, what: "test data" })
}

function digests(candidate: Candidate, key: PublicKey): ArtifactContent {
  const { hashes } = artifactNeeds(candidate, [{ name: "k", key }])
  const found: Partial<Record<HashAlgorithm, Uint8Array>> = {}
  for (const hash of hashes) found[hash] = digestOf(hash, blob)
  return { digests: found }
}

function outcomes(candidate: Candidate, key: PublicKey, artifact = digests(candidate, key)): readonly string[] {
  const { findings } = evaluateKeys(candidate, [{ name: "k", key }], { artifact })
  return findings.map(({ check, outcome }) => `${check} ${outcome}`)
}

const VERIFIED = ["signature.cryptographic passed", "signer.key passed"]

describe("documents of the peers, to the byte", () => {
  const bundles = [
    { name: "blob.sigstore.json", key: peerKey },
    { name: "p384.sigstore.json", key: otherKey },
    { name: "rsa.sigstore.json", key: parsePublicKey(peerFile("insecure-test-rsa.pub")) },
  ]
  it.each(bundles)("$name is rebuilt from its signature and verifies", ({ name, key }) => {
    const peer = JSON.parse(text(peerFile(name))) as { messageSignature: { signature: string } }
    const scheme: SignatureScheme = defaultScheme(key)
    const digest = digestOf(hashOf(scheme) ?? "sha256", blob)
    const signature = b64(peer.messageSignature.signature)
    expect(text(blobFormats.buildBundle({ key, scheme, digest, signature }))).toBe(text(peerFile(name)))
    const candidate = blobFormats.parseBundle(peerFile(name))
    expect(outcomes(candidate, key)).toEqual(VERIFIED)
    expect(outcomes(candidate, key, { digests: {}, bytes: blob })).toEqual(VERIFIED)
  })

  it("a pure Ed25519 bundle, which has an empty message digest", () => {
    const key = parsePublicKey(peerFile("insecure-test-ed25519.pub"))
    const candidate = blobFormats.parseBundle(peerFile("ed25519.sigstore.json"))
    expect(outcomes(candidate, key, { digests: {}, bytes: blob })).toEqual(VERIFIED)
    expect(outcomes(candidate, key)).toEqual(["signature.cryptographic failed"])
    expect(outcomes(candidate, peerKey, { digests: {}, bytes: blob })).not.toEqual(VERIFIED)
  })

  it.each([
    { name: "blob.legacy2.json", generation: "cosign2" },
    { name: "blob.legacy3.json", generation: "cosign3" },
  ] as const)("$name", ({ name, generation }) => {
    const peer = JSON.parse(text(peerFile(name))) as { base64Signature: string }
    const signature = b64(peer.base64Signature)
    expect(text(blobFormats.buildLegacyBundle({ signature, key: peerKey, generation }))).toBe(text(peerFile(name)))
    expect(outcomes(blobFormats.parseBundle(peerFile(name)), peerKey)).toEqual(VERIFIED)
    const detached = blobFormats.parseSignature(utf8(`${peer.base64Signature}\n`))
    expect(outcomes(detached, peerKey)).toEqual(VERIFIED)
    expect(outcomes(blobFormats.parseSignature(signature), peerKey)).toEqual(VERIFIED)
  })

  it.each(["cosign2", "cosign3"] as const)("attestation of %s", (generation) => {
    const n = generation.slice(-1)
    const envelope = peerFile(`att.dsse${n}.json`)
    const { signatures } = JSON.parse(text(envelope)) as { signatures: { sig: string }[] }
    const predicate = { type: "https://example.com/p", bytes: peerFile("predicate.json") }
    const draft = blobFormats.draftAttestation({
      subject: subject.digest,
      subjectName: "a.txt",
      predicate,
      generation,
      at: 0,
    })
    const made = draft.finish(b64(signatures[0]!.sig), peerKey)
    expect(text(made.envelope)).toBe(text(envelope))
    expect(text(made.legacyBundle)).toBe(text(peerFile(`att.legacy${n}.json`)))
    const evidence = [
      blobFormats.parseEnvelope(envelope),
      blobFormats.parseBundle(peerFile(`att.legacy${n}.json`)),
      blobFormats.parseBundle(peerFile("att.sigstore.json")),
    ]
    for (const candidate of evidence) {
      expect(candidate.kind).toBe("attestation")
      expect(outcomes(candidate, peerKey)).toEqual(VERIFIED)
      const bound = candidate.bind(subject, { kind: "attestation", annotations: {}, predicateType: predicate.type })
      expect(bound.map(({ outcome }) => outcome)).toEqual(["passed", "passed"])
    }
  })
})

describe("refused", () => {
  it("a legacy bundle whose key is not the user's, although its signature holds", () => {
    // Upstream replaces the user's key with the one found here.
    const candidate = blobFormats.parseBundle(peerFile("blob.legacy3.json"))
    const { findings, signer } = evaluateKeys(candidate, [{ name: "mine", key: otherKey }], {
      artifact: { digests: {}, bytes: blob },
    })
    expect(signer).toBeUndefined()
    expect(findings).toMatchObject([{ check: "signer.key", outcome: "failed", code: "E_SIG_UNTRUSTED" }])
  })

  it("adv: GHSA-8gw7-4j42-w388 a bundle of one blob with another blob", () => {
    const other = utf8("another\n")
    for (const name of ["blob.sigstore.json", "blob.legacy2.json", "blob.legacy3.json"]) {
      const candidate = blobFormats.parseBundle(peerFile(name))
      const artifact = { digests: { sha256: digestOf("sha256", other) }, bytes: other }
      expect(outcomes(candidate, peerKey, artifact)).toEqual(["signature.cryptographic failed"])
    }
    const candidate = blobFormats.parseBundle(peerFile("blob.sigstore.json"))
    expect(candidate.bind({ digest: sha256Digest(other) }, wanted)[0]).toMatchObject({ outcome: "failed" })
  })

  it("adv: sigstore-python-1652 a message digest that disagrees with the artifact", () => {
    const wrong = text(peerFile("blob.sigstore.json")).replace(/"digest":"[^"]+"/, `"digest":"${"A".repeat(43)}="`)
    const candidate = blobFormats.parseBundle(utf8(wrong))
    expect(candidate.bind(subject, wanted)[0]).toMatchObject({ outcome: "failed", code: "E_SIG_SUBJECT_MISMATCH" })
    const label = text(peerFile("blob.sigstore.json")).replace("SHA2_256", "SHA2_512")
    expect(() => blobFormats.parseBundle(utf8(label))).toThrow(/saw 32 bytes, expected 64/)
  })

  it("a digest of another algorithm leaves it open, never verified", () => {
    const candidate = blobFormats.parseBundle(peerFile("p384.sigstore.json"))
    const artifact = { digests: { sha256: digestOf("sha256", blob) } }
    expect(outcomes(candidate, otherKey, artifact)).toEqual(["signature.cryptographic unknown"])
    expect(candidate.bind(subject, wanted)[0]?.outcome).toBe("unknown")
  })

  it("a plain signature where a statement is wanted", () => {
    const candidate = blobFormats.parseBundle(peerFile("blob.sigstore.json"))
    const findings = candidate.bind(subject, { kind: "attestation", annotations: { a: "b" } })
    expect(findings.map(({ outcome }) => outcome)).toEqual(["passed", "failed", "failed"])
  })

  it("an empty signature file", () => {
    expect(() => blobFormats.parseSignature(new Uint8Array(0))).toThrow(/empty/)
  })

  it("an unnamed predicate type", () => {
    const draft = (): unknown =>
      blobFormats.draftAttestation({
        subject: subject.digest,
        subjectName: "a.txt",
        predicate: { type: "", bytes: utf8("{}") },
        generation: "cosign3",
        at: 0,
      })
    expect(draft).toThrow(/invalid predicate type/)
  })
})
