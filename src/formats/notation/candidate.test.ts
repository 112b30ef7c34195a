import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readLibrarySigned, readSigned, type Signed } from "../../../tests/vectors/notation/read-signed.ts"
import { parseImageManifest } from "../../codec/oci/manifest.ts"
import type { BindSubject, Candidate, Wanted } from "../../core/candidate.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { ToolError } from "../../core/errors.ts"
import type { RawSignature } from "../../core/ports.ts"
import type { Finding } from "../../core/report.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import { notationCandidate } from "./candidate.ts"
import { notation, notationCose } from "./notation.ts"

function raw(bytes: Uint8Array, mediaType: string): RawSignature {
  return {
    location: { store: "referrers-api", where: "r", reference: "d" },
    descriptor: { mediaType, digest: sha256Digest(bytes), size: bytes.length },
    bytes,
    mediaType,
    annotations: {},
  }
}

function candidateOf({ format, bytes }: Pick<Signed, "format" | "bytes">, subject?: Descriptor): Candidate {
  const [row, type] =
    format === "jws" ? ([notation, "application/jose+json"] as const) : ([notationCose, "application/cose"] as const)
  const [candidate] = row.parse({ ...raw(bytes, type), ...(subject === undefined ? {} : { subject }) })
  if (candidate === undefined) throw new Error("no candidate")
  return candidate
}

const both = (["jws", "cose"] as const).map((format) => {
  const found = readSigned().find((one) => one.key === "ec-256" && one.format === format)
  if (found === undefined) throw new Error("no data")
  const { subject } = parseImageManifest(new TextEncoder().encode(found.manifest))
  if (subject === undefined) throw new Error("no subject")
  return { ...found, subject }
})
const wanted: Wanted = { kind: "signature", annotations: {} }
const OTHER = `sha256:${"ab".repeat(32)}` as const

const find = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check)

describe.each(both)("bind ($format)", (one) => {
  const candidate = candidateOf(one)
  const { subject, metadata } = one

  it.each<[string, BindSubject]>([
    ["everything", subject],
    ["the digest alone", { digest: subject.digest }],
    ["another digest of the same content", { digest: OTHER, others: [subject.digest] }],
  ])("passes with %s", (_, about) => {
    const findings = candidate.bind(about, { ...wanted, annotations: metadata })
    expect(findings.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
      "payload.type passed",
      "subject.digest passed",
      "subject.annotations passed",
    ])
  })

  it.each<[string, Partial<Descriptor>]>([
    ["digest", { digest: OTHER }],
    ["size", { size: subject.size + 1 }],
    ["media type", { mediaType: "application/vnd.oci.image.index.v1+json" }],
  ])("fails with another %s", (_, change) => {
    expect(find(candidate.bind({ ...subject, ...change }, wanted), "subject.digest")).toMatchObject({
      outcome: "failed",
      code: "E_SIG_SUBJECT_MISMATCH",
      observed: "content descriptor mismatch",
      detail: `signed is ${subject.mediaType}, ${subject.digest}, ${subject.size} bytes`,
    })
  })

  it("believes nothing that the manifest beside it claims", () => {
    const beside = candidateOf(one, { ...subject, size: subject.size + 1 })
    expect(find(beside.bind(subject, wanted), "subject.digest")?.outcome).toBe("passed")
    const wrong = { ...subject, size: subject.size + 1 }
    expect(find(candidateOf(one, wrong).bind(wrong, wanted), "subject.digest")?.outcome).toBe("failed")
  })

  it.each<[string, Record<string, string>]>([
    ["another value", { ...metadata, a: "y" }],
    ["a name that is not signed", { c: "" }],
    ["a name of every object", { toString: "x" }],
    ["a value in another case", { "9": "Y" }],
  ])("fails with %s as metadata", (_, annotations) => {
    expect(find(candidate.bind(subject, { ...wanted, annotations }), "subject.annotations")).toMatchObject({
      outcome: "failed",
      code: "E_SIG_ANNOTATION",
      observed: "unable to find specified metadata in the signature",
    })
  })

  it("is no statement", () => {
    const failed = { outcome: "failed", code: "E_SIG_UNTRUSTED" }
    expect(find(candidate.bind(subject, { ...wanted, kind: "attestation" }), "predicate.type")).toMatchObject(failed)
    expect(find(candidate.bind(subject, { ...wanted, predicateType: "x" }), "predicate.type")).toMatchObject(failed)
  })

  it("leaves out the subject when claims are not checked", () => {
    expect(candidate.bind({ digest: OTHER }, { ...wanted, checkClaims: false })).toMatchObject([
      { check: "payload.type", outcome: "passed" },
      { check: "subject.digest", outcome: "skipped" },
    ])
  })

  it("gives what was signed", () => {
    expect(candidate.content(subject, wanted)).toMatchObject({
      kind: "descriptor",
      mediaType: subject.mediaType,
      digest: subject.digest,
      size: subject.size,
      annotations: metadata,
    })
  })

  it("shows everything but certificates", () => {
    const [at, end] = [candidate.attributes?.signingTime.at ?? 0, candidate.attributes?.expiry?.at ?? 0].map((ms) =>
      new Date(ms).toISOString().replace(".000", ""),
    )
    const claims = candidate.claims({ values: 1000, characters: 100_000 })
    expect(claims).toEqual({
      payload: {
        targetArtifact: {
          mediaType: subject.mediaType,
          digest: subject.digest,
          size: subject.size,
          annotations: metadata,
        },
      },
      signatureAlgorithm: one.format === "jws" ? "ES256" : -7,
      signedAttributes: {
        contentType: "application/vnd.cncf.notary.payload.v1+json",
        signingScheme: "notary.x509",
        signingTime: at,
        expiry: end,
        extended: [],
      },
      userMetadata: metadata,
      signingAgent: "notation-go/1.3.2",
      timestampSignature: false,
      certificates: JSON.parse(
        parseImageManifest(new TextEncoder().encode(one.manifest)).annotations[
          "io.cncf.notary.x509chain.thumbprint#S256"
        ] ?? "",
      ) as unknown,
    })
  })

  it("shows no more than there is room for", () => {
    const room = { values: 3, characters: 50 }
    expect(JSON.stringify(candidate.claims(room)).length).toBeLessThan(400)
  })
})

describe.each(readLibrarySigned().filter(({ name }) => name === "other-type"))(
  "a payload of another type ($format)",
  (one) => {
    const candidate = candidateOf(one)

    it("is about nothing", () => {
      const findings = candidate.bind({ digest: OTHER }, { ...wanted, annotations: { a: "b" } })
      expect(findings).toMatchObject([
        {
          check: "payload.type",
          outcome: "failed",
          observed: 'payload content type "application/vnd.other+json" not supported',
        },
        { check: "subject.digest", outcome: "failed", detail: "the payload names no artifact" },
        { check: "subject.annotations", outcome: "failed" },
      ])
    })

    it("has no content", () => {
      expect(() => candidate.content({ digest: OTHER }, wanted)).toThrow(ToolError)
      expect(candidate.claims({ values: 99, characters: 9999 })).toMatchObject({ payload: null, userMetadata: {} })
    })
  },
)

describe("mutations", () => {
  it.each(both)("$format: a changed byte is refused or changes what is signed", ({ bytes, format }) => {
    const id = format === "jws" ? "notation" : "notation-cose"
    const [original] = [notationCandidate(raw(bytes, ""), id, "artifact")]
    const signedPart = (candidate: Candidate): unknown => [candidate.signed, candidate.signatures, candidate.material]
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ flip
        try {
          const candidate = notationCandidate(raw(changed, ""), id, "artifact")
          const unsigned = JSON.stringify(candidate.attributes) !== JSON.stringify(original.attributes)
          if (!unsigned) expect(signedPart(candidate)).not.toEqual(signedPart(original))
        } catch (error) {
          if (!(error instanceof ToolError)) throw error
          expect(error.code).toMatch(/^E_(FORMAT_MALFORMED|LIMIT_EXCEEDED)$/)
        }
      }),
      { numRuns: 300 },
    )
  })
})
