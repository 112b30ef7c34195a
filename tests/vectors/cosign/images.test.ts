import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeBase64 } from "../../../src/codec/base64.ts"
import type { Candidate, Wanted } from "../../../src/core/candidate.ts"
import { isDigest } from "../../../src/core/digest.ts"
import { ToolError } from "../../../src/core/errors.ts"
import type { RawSignature } from "../../../src/core/ports.ts"
import { sha256Digest } from "../../../src/crypto/hash.ts"
import { cosignV2 } from "../../../src/formats/cosign/cosign-v2.ts"
import { cosignV3 } from "../../../src/formats/cosign/cosign-v3.ts"
import type {
  Draft,
  SignatureImageContent,
  SignatureFormat,
  SignedDocument,
  TagPlacement,
} from "../../../src/formats/format.ts"
import { evaluateKeys } from "../../../src/trust/keyed.ts"
import { images, manifestOf, peerKey, rawOf, step, text, utf8, type Snapshot } from "./peer-data.ts"
import { loadPrehash } from "../../../src/crypto/prehash.ts"

await loadPrehash()

const placement = cosignV2.writer.placement as TagPlacement
const wanted: Wanted = { kind: "signature", annotations: {} }
const keys = [{ name: "insecure-test-p256.pub", key: peerKey }]
const subject = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: images.digest, size: images.size }
const OPTIONS = { dockerReferences: [images.repository], annotations: {}, subject, at: 0 }

function b64(value: string): Uint8Array {
  return decodeBase64(value, { max: 1_000_000, what: "test data" })
}

function content(snapshot: Snapshot): SignatureImageContent {
  const bytes = utf8(snapshot.manifest)
  const { mediaType } = manifestOf(snapshot)
  return {
    manifest: { bytes, descriptor: { mediaType, size: bytes.length, digest: sha256Digest(bytes) } },
    config: utf8(snapshot.config),
  }
}

/** The document we make when the key answers with the peer's signature. */
function finished(draft: Draft | undefined, snapshot: Snapshot, position: number): SignedDocument {
  const layer = manifestOf(snapshot).layers[position]
  const signature = layer?.annotations?.["dev.cosignproject.cosign/signature"] ?? ""
  if (draft === undefined) throw new Error("no draft")
  return draft.finish(b64(signature), peerKey)
}

function signatureAt(
  snapshot: Snapshot,
  position: number,
  annotations: Readonly<Record<string, string>>,
): SignedDocument {
  const [draft] = cosignV2.writer.draftSignature({ ...OPTIONS, annotations })
  return finished(draft, snapshot, position)
}

function only(candidates: readonly Candidate[]): Candidate {
  expect(candidates).toHaveLength(1)
  return candidates[0]!
}

describe("signature image, to the byte", () => {
  interface Case {
    readonly before?: string
    readonly after: string
    readonly annotations: Readonly<Record<string, string>>
    readonly same?: boolean
  }
  const cases: readonly Case[] = [
    { after: "first", annotations: {} },
    { before: "first", after: "annotated", annotations: { z: "1", a: "<&>" } },
    { before: "annotated", after: "cosign3", annotations: { by: "3" } },
    { before: "created", after: "after-created", annotations: { t: "2" } },
    { before: "after-created", after: "after-created", annotations: { t: "2" }, same: true },
  ]
  it.each(cases)("$before to $after", ({ before, after, annotations, same }) => {
    const target = step(after)
    const position = target.layers.length - 1
    const document = signatureAt(target, position, annotations)
    expect(text(document.bytes)).toBe(target.layers[position])
    const current = before === undefined ? undefined : content(step(before))
    const write = placement.merge(current, document, {})
    if (same === true) {
      expect(write).toBeUndefined()
      return
    }
    expect(text(write!.bytes)).toBe(target.manifest)
    const config = write!.blobs?.find(({ descriptor }) => descriptor.digest === manifestOf(target).config.digest)
    expect(config !== undefined && "bytes" in config.source ? text(config.source.bytes) : "").toBe(target.config)
    expect(placement.holds(content(target).manifest, document)).toBe(true)
    if (current !== undefined) expect(placement.holds(current.manifest, document)).toBe(false)
  })

  it("writes the docker reference asked for", () => {
    const target = step("identity")
    const drafts = cosignV2.writer.draftSignature({
      ...OPTIONS,
      dockerReferences: ["example.com/other/name", "example.com/two"],
    })
    expect(drafts).toHaveLength(2)
    expect(text(drafts[0]!.payload)).toBe(target.layers.at(-1))
  })

  it("records a creation time where cosign does", () => {
    const target = step("created")
    const document = signatureAt(target, target.layers.length - 1, { t: "1" })
    const created = (JSON.parse(target.config) as { created: string }).created
    const write = placement.merge(content(step("identity")), document, { createdAt: Date.parse(created) })
    const config = write!.blobs!.at(-1)!.source
    const cut = (json: string): string => json.replace(/"created":"2[^"]*"/, '"created":"T"')
    expect("bytes" in config ? cut(text(config.bytes)) : "").toBe(cut(target.config))
  })

  it("starts with docker media types when asked", () => {
    const target = step("docker")
    const repository = images.repository.replace("demo/img", "demo/docker")
    const [draft] = cosignV2.writer.draftSignature({ ...OPTIONS, dockerReferences: [repository] })
    const write = placement.merge(undefined, finished(draft, target, 0), { dockerMediaTypes: true })
    expect(text(write!.bytes)).toBe(target.manifest)
    expect(write!.mediaType).toBe(manifestOf(target).mediaType)
  })

  it("makes a referrer of a legacy signature", () => {
    const target = step("oci11")
    const repository = images.repository.replace("demo/img", "demo/oci11")
    const [draft] = cosignV2.writer.draftSignature({ ...OPTIONS, dockerReferences: [repository] })
    const asReferrerOf = { mediaType: manifestOf(target).mediaType, size: images.size, digest: images.digest }
    const write = placement.merge(undefined, finished(draft, target, 0), { asReferrerOf })
    expect(text(write!.bytes)).toBe(target.manifest)
  })

  it("replaces an attestation as cosign does: the new one first", () => {
    const before = content(step("attested"))
    const target = step("replaced")
    const dropped = manifestOf(step("attested")).layers[0]!.digest
    const envelope = JSON.parse(target.layers[0]!) as { payload: string; signatures: { sig: string }[] }
    const draft = cosignV2.writer.draftAttestation({
      subject: images.digest,
      subjectName: images.repository,
      predicate: { type: "https://example.com/a", bytes: utf8('{"a":1}\n') },
      generation: "cosign2",
      at: 0,
    })
    const document = draft.finish(b64(envelope.signatures[0]!.sig), peerKey)
    expect(text(document.bytes)).toBe(target.layers[0])
    const write = placement.merge(before, document, { drop: isDigest(dropped) ? [dropped] : [] })
    expect(text(write!.bytes)).toBe(target.manifest)
  })

  it("names tags as cosign does", () => {
    const hex = "ab".repeat(32)
    expect(placement.tag(`sha256:${hex}`, "signature")).toBe(`sha256-${hex}.sig`)
    expect(placement.tag(`sha256:${hex}`, "attestation", "pre-")).toBe(`pre-sha256-${hex}.att`)
  })

  it("finds duplicates whatever their signature", () => {
    const first = signatureAt(step("annotated"), 0, {})
    const other = { ...first, annotations: { "dev.cosignproject.cosign/signature": "AA==" } }
    const { layers } = placement.read(content(step("annotated")).manifest)
    expect(placement.duplicates(layers, other)).toEqual([{ signature: first.signature }])
    expect(placement.duplicates(layers, signatureAt(step("annotated"), 1, { z: "2" }))).toEqual([])
  })
})

describe("bundle referrer, to the byte", () => {
  it.each(images.bundles.map((snapshot, index) => ({ index, snapshot })))("bundle $index", ({ snapshot }) => {
    const peer = JSON.parse(snapshot.layers[0]!) as {
      dsseEnvelope: { payload: string; signatures: { sig: string }[] }
    }
    const manifest = manifestOf(snapshot)
    const type = manifest.annotations?.["dev.sigstore.bundle.predicateType"]
    const draft =
      type === "https://sigstore.dev/cosign/sign/v1"
        ? cosignV3.writer.draftSignature({ ...OPTIONS, annotations: { z: "1", a: "<&>" } })[0]!
        : cosignV3.writer.draftAttestation({
            subject: images.digest,
            subjectName: images.repository,
            predicate: { type: "https://example.com/c", bytes: utf8('{"a":1}\n') },
            generation: "cosign3",
            at: 0,
          })
    expect(text(draft.payload)).toBe(text(b64(peer.dsseEnvelope.payload)))
    const document = draft.finish(b64(peer.dsseEnvelope.signatures[0]!.sig), peerKey)
    expect(text(document.bytes)).toBe(snapshot.layers[0])
    const place = cosignV3.writer.placement
    if (place.place !== "referrer") throw new Error("not a referrer")
    const created = Date.parse(manifest.annotations?.["org.opencontainers.image.created"] ?? "")
    const subject = { mediaType: manifest.mediaType, size: images.size, digest: images.digest }
    const write = place.manifest(subject, document, created)
    expect(text(write.bytes)).toBe(snapshot.manifest)
    expect(write.blobs?.map(({ descriptor }) => descriptor.size)).toEqual([2, document.bytes.length])
  })
})

describe("signatures made by the peers", () => {
  const layers = Object.entries(images.steps)
    .filter(([name]) => !["docker", "oci11"].includes(name))
    .flatMap(([name, snapshot]) => snapshot.layers.map((_, position) => ({ name, position, snapshot })))

  it.each(layers)("$name layer $position verifies and binds", ({ snapshot, position }) => {
    const candidate = only(cosignV2.parse(rawOf(snapshot, position)))
    const { findings, signer } = evaluateKeys(candidate, keys)
    expect(findings.map(({ outcome }) => outcome)).toEqual(["passed", "passed"])
    expect(signer?.name).toBe("insecure-test-p256.pub")
    const bound = candidate.bind({ digest: images.digest }, { ...wanted, kind: candidate.kind })
    expect(bound.every(({ outcome }) => outcome === "passed")).toBe(true)
    expect(candidate.content({ digest: images.digest }, wanted).kind).toBe(
      candidate.kind === "signature" ? "simple-signing" : "statement",
    )
  })

  it.each(images.bundles.map((snapshot, index) => ({ index, snapshot })))(
    "bundle $index verifies and binds",
    ({ snapshot }) => {
      const candidate = only(cosignV3.parse(rawOf(snapshot)))
      expect(evaluateKeys(candidate, keys).signer?.kind).toBe("key")
      const findings = candidate.bind({ digest: images.digest }, { ...wanted, kind: candidate.kind })
      expect(findings.every(({ outcome }) => outcome === "passed")).toBe(true)
      expect(candidate.content({ digest: images.digest }, wanted)).toMatchObject({ kind: "statement", bundle: true })
    },
  )

  it("checks annotations against what is signed", () => {
    const candidate = only(cosignV2.parse(rawOf(step("annotated"), 1)))
    const outcome = (annotations: Record<string, string>): string | undefined =>
      candidate
        .bind({ digest: images.digest }, { ...wanted, annotations })
        .find(({ check }) => check === "subject.annotations")?.outcome
    expect(outcome({ z: "1" })).toBe("passed")
    expect(outcome({ z: "1", a: "<&>" })).toBe("passed")
    expect(outcome({ z: "2" })).toBe("failed")
    expect(outcome({ missing: "" })).toBe("failed")
    expect(outcome({ toString: "x" })).toBe("failed")
  })

  it("adv: zot-4202 the signature of one image does not hold for another", () => {
    const candidate = only(cosignV2.parse(rawOf(step("first"))))
    const other = `sha256:${"0".repeat(64)}` as const
    const finding = candidate.bind({ digest: other }, wanted).find(({ check }) => check === "subject.digest")
    expect(finding).toMatchObject({ outcome: "failed", code: "E_SIG_SUBJECT_MISMATCH", observed: images.digest })
  })

  it("an attestation in a bundle is no signature unless any predicate will do", () => {
    const attestation = images.bundles
      .map((snapshot) => only(cosignV3.parse(rawOf(snapshot))))
      .find(({ kind }) => kind === "attestation")
    const outcome = (more: Partial<Wanted>): string | undefined =>
      attestation
        ?.bind({ digest: images.digest }, { ...wanted, ...more })
        .find(({ check }) => check === "predicate.type")?.outcome
    expect(outcome({})).toBe("failed")
    expect(outcome({ anyPredicate: true })).toBeUndefined()
    expect(outcome({ kind: "attestation", predicateType: "https://example.com/c" })).toBe("passed")
    expect(outcome({ kind: "attestation", predicateType: "https://example.com/x" })).toBe("failed")
  })
})

describe("mutation", () => {
  const documents = [
    { name: "simple signing", format: cosignV2, raw: rawOf(step("annotated"), 1) },
    { name: "envelope", format: cosignV2, raw: rawOf(step("attested"), 0) },
    ...images.bundles.map((bundle, index) => ({ name: `bundle ${index}`, format: cosignV3, raw: rawOf(bundle) })),
  ]

  /** What a verifier authenticated, or `undefined`. */
  function authenticated(format: SignatureFormat, raw: RawSignature): string | undefined {
    try {
      const candidate = only(format.parse(raw))
      if (evaluateKeys(candidate, keys).signer === undefined) return undefined
      const bound = candidate.bind({ digest: images.digest }, { ...wanted, kind: candidate.kind })
      if (bound.some(({ outcome }) => outcome !== "passed")) return undefined
      return text(
        candidate.content({ digest: images.digest }, wanted).kind === "message"
          ? new Uint8Array(0)
          : payloadOf(candidate),
      )
    } catch (error) {
      if (error instanceof ToolError) return undefined
      throw error
    }
  }

  function payloadOf(candidate: Candidate): Uint8Array {
    const value = candidate.content({ digest: images.digest }, wanted)
    return value.kind === "message" ? new Uint8Array(0) : value.payload
  }

  it.each(documents)("a flipped bit in a $name is refused or changes nothing that is signed", ({ format, raw }) => {
    const original = authenticated(format, raw)
    expect(original).toBeDefined()
    fc.assert(
      fc.property(fc.nat(raw.bytes.length * 8 - 1), (bit) => {
        const bytes = Uint8Array.from(raw.bytes)
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const seen = authenticated(format, { ...raw, bytes })
        if (seen !== undefined) expect(seen).toBe(original)
      }),
      { numRuns: 300 },
    )
  })
})
