import { encodeHex } from "../../codec/hex.ts"
import { goQuote } from "../../codec/go-quote.ts"
import { goRfc3339Nano } from "../../codec/go-time.ts"
import { parseJson } from "../../codec/json.ts"
import { preview } from "../../codec/preview.ts"
import type { BindSubject, Candidate, Wanted } from "../../core/candidate.ts"
import type { AttributeTime } from "../../core/certified.ts"
import { digestAlgorithm } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import type { RawSignature } from "../../core/ports.ts"
import type { Finding } from "../../core/report.ts"
import { digestOf } from "../../crypto/hash.ts"
import { parseCoseEnvelope } from "./cose-envelope.ts"
import { timeHeaderOf, type UnverifiedEnvelope } from "./envelope.ts"
import { parseJwsEnvelope } from "./jws-envelope.ts"
import { PAYLOAD_MEDIA_TYPE } from "./names.ts"
import { parsePayload, type TargetArtifact } from "./payload.ts"
import type { NotationFormat } from "./rows.ts"

/** Read an envelope. @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`. */
export function parseEnvelope(bytes: Uint8Array, format: NotationFormat): UnverifiedEnvelope {
  return format === "notation" ? parseJwsEnvelope(bytes) : parseCoseEnvelope(bytes)
}

/** Lower-case hexadecimal SHA-256 of each certificate. */
export function thumbprints(certificates: readonly Uint8Array[]): readonly string[] {
  return certificates.map((der) => encodeHex(digestOf("sha256", der)))
}

/**
 * The candidate of an envelope.
 *
 * @param about - `blob`: the payload is about a file and names it by the hash of the signature's algorithm.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function notationCandidate(raw: RawSignature, format: NotationFormat, about: "artifact" | "blob"): Candidate {
  const envelope = parseEnvelope(raw.bytes, format)
  const { attributes } = envelope
  // A payload of another type is not ours to read; that it is one is a finding.
  const target = attributes.contentType === PAYLOAD_MEDIA_TYPE ? parsePayload(envelope.payload) : undefined
  const { hash } = envelope.keySpec
  return {
    format,
    kind: "signature",
    raw,
    claims: (room) => preview(claimsOf(envelope, target), room),
    attributes,
    ...(target === undefined ? {} : { describes: target }),
    material: { kind: "certificate", certificates: envelope.certificates, keyAllowed: false },
    signed: { kind: "message", message: envelope.message },
    signatures: [{ bytes: envelope.signature }],
    ...(about === "blob" ? { digestAlgorithms: [hash] } : {}),
    notEvaluated: [],
    bind: (subject, wanted) => [
      payloadTypeFinding(attributes.contentType),
      ...missingStatement(wanted),
      ...(wanted.checkClaims === false
        ? [{ check: "subject.digest", outcome: "skipped" } as const]
        : [subjectFinding(target, subject, about, hash), ...metadataFindings(target, wanted.annotations)]),
    ],
    content: () => {
      if (target === undefined) throw new ToolError("E_INTERNAL", { what: "a payload of another type has no content" })
      return { kind: "descriptor", payload: envelope.payload, ...target }
    },
  }
}

function payloadTypeFinding(contentType: string): Finding {
  const check = "payload.type"
  if (contentType === PAYLOAD_MEDIA_TYPE) {
    return { check, outcome: "passed", expected: PAYLOAD_MEDIA_TYPE, observed: contentType }
  }
  return {
    check,
    outcome: "failed",
    expected: PAYLOAD_MEDIA_TYPE,
    observed: `payload content type ${goQuote(contentType.slice(0, 200))} not supported`,
    code: "E_SIG_UNTRUSTED",
  }
}

/** What a signature of this family lacks for somebody who wants a statement. */
function missingStatement(wanted: Wanted): readonly Finding[] {
  if (wanted.kind === "signature" && wanted.predicateType === undefined) return []
  const expected = wanted.predicateType ?? "a statement"
  const observed = "a signature without statement"
  return [{ check: "predicate.type", outcome: "failed", expected, observed, code: "E_SIG_UNTRUSTED" }]
}

const MISMATCH = {
  artifact: "content descriptor mismatch",
  blob: "integrity check failed. signature does not match the given blob",
} as const

/**
 * SECURITY: the file of a blob signature is compared under the hash of the signing algorithm alone; a payload that names it
 * by a weaker one is refused.
 */
function subjectFinding(
  target: TargetArtifact | undefined,
  subject: BindSubject,
  about: "artifact" | "blob",
  hash: string,
): Finding {
  const check = "subject.digest"
  const digests = [subject.digest, ...(subject.others ?? [])]
  const comparable = about === "artifact" ? digests : digests.filter((digest) => digestAlgorithm(digest) === hash)
  const expected = about === "artifact" ? subject.digest : (comparable[0] ?? `a ${hash} digest`)
  const same =
    target !== undefined &&
    comparable.includes(target.digest) &&
    (subject.size === undefined || subject.size === target.size) &&
    (subject.mediaType === undefined || subject.mediaType === target.mediaType)
  if (same) return { check, outcome: "passed", expected, observed: target.digest }
  const wanted = [subject.mediaType, expected, subject.size === undefined ? undefined : `${subject.size} bytes`]
  return {
    check,
    outcome: "failed",
    expected: wanted.filter((part) => part !== undefined).join(", "),
    observed: MISMATCH[about],
    detail:
      target === undefined
        ? "the payload names no artifact"
        : `signed is ${target.mediaType}, ${target.digest}, ${target.size} bytes`,
    code: "E_SIG_SUBJECT_MISMATCH",
  }
}

function metadataFindings(
  target: TargetArtifact | undefined,
  wanted: Readonly<Record<string, string>>,
): readonly Finding[] {
  const pairs = Object.entries(wanted)
  if (pairs.length === 0) return []
  const check = "subject.annotations"
  const expected = pairs.map(([key, value]) => `${key}=${value}`).join(", ")
  const signed = target?.annotations ?? {}
  const different = pairs.filter(([key, value]) => !Object.hasOwn(signed, key) || signed[key] !== value)
  if (different.length === 0) return [{ check, outcome: "passed", expected, observed: expected }]
  const seen = different.map(([key]) => (Object.hasOwn(signed, key) ? `${key}=${signed[key]}` : `${key} is not signed`))
  return [
    {
      check,
      outcome: "failed",
      expected,
      observed: "unable to find specified metadata in the signature",
      detail: seen.join(", ").slice(0, 500),
      code: "E_SIG_ANNOTATION",
    },
  ]
}

/** Everything the envelope says, for display; certificates by their thumbprints. */
function claimsOf(envelope: UnverifiedEnvelope, target: TargetArtifact | undefined): JsonObject {
  const { attributes } = envelope
  const { signingAgent, timestampToken } = attributes
  return {
    payload: target === undefined ? null : payloadJson(envelope.payload),
    signatureAlgorithm: envelope.algorithm,
    signedAttributes: {
      contentType: attributes.contentType,
      signingScheme: attributes.signingScheme,
      [shortName(timeHeaderOf(attributes.signingScheme))]: timeText(attributes.signingTime),
      ...(attributes.expiry === undefined ? {} : { expiry: timeText(attributes.expiry) }),
      extended: attributes.extended.map(({ key, critical, value }) => ({ key, critical, value })),
    },
    userMetadata: target?.annotations ?? {},
    ...(signingAgent === undefined ? {} : { signingAgent }),
    timestampSignature: timestampToken !== undefined,
    certificates: thumbprints(envelope.certificates),
  }
}

function payloadJson(payload: Uint8Array): JsonValue {
  return parseJson(payload, { maxBytes: limits.signaturePayloadBytes, what: "payload" })
}

function shortName(header: string): string {
  return header.slice(header.lastIndexOf(".") + 1)
}

function timeText({ at, zone }: AttributeTime): string {
  return goRfc3339Nano(at, zone)
}
