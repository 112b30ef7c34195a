import { encodeHex } from "../../codec/hex.ts"
import { preview } from "../../codec/preview.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { ArtifactContent, BindSubject, Candidate, Material, Wanted } from "../../core/candidate.ts"
import { digestAlgorithm, digestHex } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonObject } from "../../core/json-value.ts"
import type { RawSignature } from "../../core/ports.ts"
import type { Finding } from "../../core/report.ts"
import type { VerifiedMessage } from "../../core/verified.ts"
import { envelopeText } from "../../envelopes/bundle/build-bundle.ts"
import type { BundleMessage, UnverifiedBundle } from "../../envelopes/bundle/bundle.ts"
import { parseBundle } from "../../envelopes/bundle/parse-bundle.ts"
import { bundleEvidence, type EvidenceParts } from "./evidence.ts"
import { readOnce } from "./read-once.ts"
import { missingStatement } from "./statement-binding.ts"
import { statementCandidate } from "./statement-candidate.ts"

/** A signature and the digest written beside it, if any. */
type SignedMessage = Pick<BundleMessage, "digest" | "signature">

/** What came with such a signature. */
export interface MessageParts extends EvidenceParts {
  readonly material: Material
  readonly notEvaluated: readonly string[]
  /** Further facts for display. */
  readonly claims: JsonObject
}

const readBundle = readOnce(parseBundle)

/**
 * The candidate of a Sigstore bundle.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_FORMAT_UNSUPPORTED_VERSION`, `E_LIMIT_EXCEEDED`.
 */
export function bundleCandidate(raw: RawSignature): Candidate {
  const bundle = readBundle(raw.bytes)
  if (raw.location.store !== "file" && bundle.version !== "0.3") {
    throw new ToolError("E_FORMAT_UNSUPPORTED_VERSION", {
      what: "bundle version not supported beside an artifact",
      why: `version is ${bundle.version}, expected 0.3 or later`,
    })
  }
  const { content } = bundle
  const notEvaluated = notEvaluatedOf(bundle)
  const claims = materialClaims(bundle)
  const evidence = bundleEvidence(bundle)
  if (content.kind === "message") {
    const parts = { material: materialOf(bundle), notEvaluated, claims, evidence }
    return messageCandidate(raw, content, parts, "cosign-v3")
  }
  return statementCandidate({
    format: "cosign-v3",
    raw,
    payloadType: content.payloadType,
    payload: content.payload,
    signatures: [{ bytes: content.signature.sig, keyid: content.signature.keyid }],
    material: materialOf(bundle),
    evidence,
    notEvaluated,
    envelope: encodeUtf8(envelopeText(content), "envelope"),
    bundle: true,
    claims,
  })
}

function materialOf({ material }: UnverifiedBundle): Material {
  if (material.kind === "public-key") return { kind: "key", hint: material.hint }
  return { kind: "certificate", certificates: material.certificates, keyAllowed: false }
}

function notEvaluatedOf(bundle: UnverifiedBundle): readonly string[] {
  const parts: string[] = []
  if (bundle.material.kind === "certificate") parts.push("certificate")
  if (bundle.logEntries.length > 0) parts.push("transparency log entry")
  if (bundle.timestamps.length > 0) parts.push("timestamp")
  return parts
}

function materialClaims(bundle: UnverifiedBundle): JsonObject {
  return {
    bundle: {
      mediaType: bundle.mediaType,
      ...(bundle.material.kind === "public-key"
        ? { publicKeyHint: bundle.material.hint }
        : { certificates: bundle.material.certificates.length }),
      logEntries: bundle.logEntries.map(({ logIndex, kind, version, integratedTime }): JsonObject => ({
        logIndex,
        kind,
        version,
        integratedTime,
      })),
      timestamps: bundle.timestamps.length,
    },
  }
}

/** The candidate of a signature over the artifact's own bytes. */
export function messageCandidate(
  raw: RawSignature,
  content: SignedMessage,
  parts: MessageParts,
  format: "cosign-v2" | "cosign-v3",
): Candidate {
  const { digest } = content
  const { claims, ...rest } = parts
  return {
    format,
    kind: "signature",
    raw,
    claims: (room) => preview({ ...(digest === undefined ? {} : digestClaim(digest)), ...claims }, room),
    ...rest,
    signed: { kind: "artifact" },
    signatures: [{ bytes: content.signature }],
    ...(digest === undefined ? {} : { hash: digest.algorithm }),
    bind: (subject, wanted) => [bindMessage(content, subject, wanted), ...wantsStatement(wanted)],
    content: (_subject, _wanted, artifact) => messageContent(content, artifact),
  }
}

function digestClaim({ algorithm, value }: NonNullable<SignedMessage["digest"]>): JsonObject {
  return { messageDigest: { algorithm, digest: encodeHex(value) } }
}

/** The digest in the bundle against what was computed from the artifact. */
function bindMessage(content: SignedMessage, subject: BindSubject, wanted: Wanted): Finding {
  if (wanted.checkClaims === false) return { check: "subject.digest", outcome: "skipped" }
  const known = [subject.digest, ...(subject.others ?? [])]
  if (content.digest === undefined) {
    return { check: "subject.digest", outcome: "passed", observed: "the signature covers the artifact itself" }
  }
  const { algorithm, value } = content.digest
  const observed = `${algorithm}:${encodeHex(value)}`
  const computed = known.find((digest) => digestAlgorithm(digest) === algorithm)
  if (computed === undefined) {
    return {
      check: "subject.digest",
      outcome: "unknown",
      expected: subject.digest,
      observed,
      code: "E_SIG_SUBJECT_MISMATCH",
    }
  }
  if (digestHex(computed) === encodeHex(value)) {
    return { check: "subject.digest", outcome: "passed", expected: computed, observed }
  }
  return { check: "subject.digest", outcome: "failed", expected: computed, observed, code: "E_SIG_SUBJECT_MISMATCH" }
}

/** A plain message has no predicate and no annotations, so it satisfies nobody who wants them. */
function wantsStatement(wanted: Wanted): readonly Finding[] {
  const findings: Finding[] = [...missingStatement(wanted)]
  if (Object.keys(wanted.annotations).length > 0 && wanted.checkClaims !== false) {
    findings.push({
      check: "subject.annotations",
      outcome: "failed",
      expected: Object.keys(wanted.annotations).join(", "),
      observed: "a signature without statement",
      code: "E_SIG_ANNOTATION",
    })
  }
  return findings
}

/** The digest that was checked: the bundle's, else SHA-256 of the artifact. */
function messageContent(content: SignedMessage, artifact?: ArtifactContent): VerifiedMessage {
  if (content.digest !== undefined) {
    return { kind: "message", digestAlgorithm: content.digest.algorithm, digest: encodeHex(content.digest.value) }
  }
  for (const [digestAlgorithm, value] of Object.entries(artifact?.digests ?? {})) {
    return { kind: "message", digestAlgorithm, digest: encodeHex(value) }
  }
  throw new ToolError("E_INTERNAL", {
    what: "internal error",
    why: "content of a blob signature asked for without the blob's digests",
  })
}
