import { malformed, quoted } from "../../codec/malformed.ts"
import { preview } from "../../codec/preview.ts"
import type { Candidate, CandidateSignature, Material } from "../../core/candidate.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import type { HashAlgorithm, RawSignature } from "../../core/ports.ts"
import { pae } from "../../envelopes/dsse/pae.ts"
import type { EvidenceParts } from "./evidence.ts"
import { IN_TOTO_PAYLOAD, SIGN_PREDICATE } from "./media-types.ts"
import { bindStatement, boundSubject } from "./statement-binding.ts"
import { parseStatement, type Statement } from "./statement.ts"

/** A parsed envelope around a statement and what came with it. */
export interface StatementCandidateInput extends EvidenceParts {
  readonly format: string
  readonly raw: RawSignature
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signatures: readonly CandidateSignature[]
  readonly material: Material
  readonly notEvaluated: readonly string[]
  /** Envelope JSON to hand on. */
  readonly envelope: Uint8Array
  readonly bundle: boolean
  /** Further facts for display. */
  readonly claims?: JsonObject
}

/**
 * The candidate of a DSSE envelope that holds an in-toto statement.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED` for another payload type or a broken statement; `E_LIMIT_EXCEEDED`.
 */
export function statementCandidate(input: StatementCandidateInput): Candidate {
  if (input.payloadType !== IN_TOTO_PAYLOAD) {
    throw malformed("envelope", `payload type is ${quoted(input.payloadType, 100)}, expected ${IN_TOTO_PAYLOAD}`)
  }
  const statement = parseStatement(input.payload)
  const { bundle } = input
  return {
    format: input.format,
    kind: bundle && statement.predicateType === SIGN_PREDICATE ? "signature" : "attestation",
    raw: input.raw,
    claims: (room) => ({
      ...(preview({ ...claimsOf(statement), ...input.claims }, room) as JsonObject),
      predicate: statement.previewPredicate(room),
    }),
    predicateType: statement.predicateType,
    material: input.material,
    signed: { kind: "message", message: pae(input.payloadType, input.payload) },
    signatures: input.signatures,
    digestAlgorithms: hashes.filter((hash) => statement.subjects.some(({ digest }) => Object.hasOwn(digest, hash))),
    ...(input.evidence === undefined ? {} : { evidence: input.evidence }),
    ...(input.evidenceFault === undefined ? {} : { evidenceFault: input.evidenceFault }),
    notEvaluated: input.notEvaluated,
    bind: (subject, wanted) => bindStatement(statement, subject, wanted, bundle),
    content: (subject, wanted) => {
      let predicate: JsonValue | undefined
      const bound = boundSubject(statement, subject, wanted)
      return {
        kind: "statement",
        payload: input.payload,
        payloadType: input.payloadType,
        envelope: input.envelope,
        statementType: statement.type,
        predicateType: statement.predicateType,
        get predicate() {
          predicate ??= statement.predicate
          return predicate
        },
        ...(bound === undefined ? {} : { subject: bound }),
        subjects: statement.subjects,
        bundle,
      }
    },
  }
}

const hashes: readonly HashAlgorithm[] = ["sha256", "sha384", "sha512"]

function claimsOf(statement: Statement): JsonObject {
  return {
    statementType: statement.type,
    predicateType: statement.predicateType,
    subjects: statement.subjects.map(({ name, digest, annotations }): JsonObject => ({
      ...(name === undefined ? {} : { name }),
      digest,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    })),
  }
}
