import { decodeBase64 } from "../../codec/base64.ts"
import { malformed } from "../../codec/malformed.ts"
import { preview } from "../../codec/preview.ts"
import type { BindSubject, Candidate, Wanted } from "../../core/candidate.ts"
import type { JsonObject } from "../../core/json-value.ts"
import { KIB } from "../../core/limits.ts"
import type { RawSignature } from "../../core/ports.ts"
import type { Finding } from "../../core/report.ts"
import { layerEvidence } from "./evidence.ts"
import { legacyClaims, legacyMaterial, legacyNotEvaluated } from "./legacy-material.ts"
import {
  CERTIFICATE_ANNOTATION,
  CHAIN_ANNOTATION,
  LOG_ANNOTATION,
  SIGNATURE_ANNOTATION,
  SIMPLE_SIGNING_TYPE,
  TIMESTAMP_ANNOTATION,
} from "./media-types.ts"
import { parseSimpleSigning, type SimpleSigning } from "./simple-signing.ts"
import { annotationFinding, hasAnnotations, missingStatement } from "./statement-binding.ts"

const UNEVALUATED = [CERTIFICATE_ANNOTATION, CHAIN_ANNOTATION, LOG_ANNOTATION, TIMESTAMP_ANNOTATION]

/**
 * The candidate of a `.sig` layer: payload bytes and the signature in the layer's annotation.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function simpleSigningCandidate(raw: RawSignature): Candidate {
  const claim = parseSimpleSigning(raw.bytes)
  const signature = signatureAnnotation(raw.annotations)
  return {
    format: "cosign-v2",
    kind: "signature",
    raw,
    claims: (room) => preview({ ...claimsOf(claim), ...legacyClaims(raw.annotations) }, room),
    material: legacyMaterial(raw.annotations),
    signed: { kind: "message", message: claim.payload },
    signatures: [{ bytes: signature }],
    ...layerEvidence(raw.annotations, signature),
    notEvaluated: legacyNotEvaluated(raw.annotations),
    bind: (subject, wanted) => bindClaim(claim, subject, wanted),
    content: () => ({
      kind: "simple-signing",
      payload: claim.payload,
      dockerReference: claim.dockerReference,
      manifestDigest: claim.manifestDigest,
      type: claim.type,
      optional: claim.optional,
      annotations: unevaluated(raw.annotations),
    }),
  }
}

function signatureAnnotation(annotations: Readonly<Record<string, string>>): Uint8Array {
  const text = Object.hasOwn(annotations, SIGNATURE_ANNOTATION) ? annotations[SIGNATURE_ANNOTATION] : undefined
  const what = "signature annotation"
  if (text === undefined || text === "") throw malformed(what, "saw none, expected the base64 of a signature")
  return decodeBase64(text, { max: 64 * KIB, what })
}

function unevaluated(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = Object.create(null) as Record<string, string>
  for (const key of UNEVALUATED) {
    const value = Object.hasOwn(annotations, key) ? annotations[key] : undefined
    if (value !== undefined) kept[key] = value
  }
  return kept
}

function claimsOf(claim: SimpleSigning): JsonObject {
  return {
    critical: {
      identity: { "docker-reference": claim.dockerReference },
      image: { "docker-manifest-digest": claim.manifestDigest },
      type: claim.type,
    },
    optional: claim.optional,
  }
}

function bindClaim(claim: SimpleSigning, subject: BindSubject, wanted: Wanted): readonly Finding[] {
  if (wanted.checkClaims === false)
    return [{ check: "subject.digest", outcome: "skipped" }, ...missingStatement(wanted)]
  const known: readonly string[] = [subject.digest, ...(subject.others ?? [])]
  const digest = known.includes(claim.manifestDigest)
  const type = claim.type === SIMPLE_SIGNING_TYPE
  const findings: Finding[] = [
    {
      check: "subject.digest",
      outcome: digest ? "passed" : "failed",
      expected: subject.digest,
      observed: claim.manifestDigest === "" ? "no digest" : claim.manifestDigest.slice(0, 200),
      ...(digest ? {} : { code: "E_SIG_SUBJECT_MISMATCH" }),
    },
    {
      check: "payload.type",
      outcome: type ? "passed" : "failed",
      expected: SIMPLE_SIGNING_TYPE,
      observed: claim.type.slice(0, 200),
      ...(type ? {} : { code: "E_SIG_UNTRUSTED" }),
    },
  ]
  if (Object.keys(wanted.annotations).length > 0) {
    const signed = claim.optional ?? {}
    findings.push(annotationFinding(hasAnnotations(signed, wanted.annotations), wanted.annotations, signed))
  }
  return [...findings, ...missingStatement(wanted)]
}
