import { pae } from "../../envelopes/dsse/pae.ts"
import type { AttestationInput } from "../format.ts"
import { IN_TOTO_PAYLOAD } from "./media-types.ts"
import type { PredicateType } from "./predicates/predicate-type.ts"
import { buildAttestationStatement, parseStatement } from "./statement.ts"

/** A statement to sign, with the bytes the key gets. */
export interface StatementDraft {
  readonly statement: Uint8Array
  readonly message: Uint8Array
  readonly predicateType: string
}

/**
 * The statement of an attestation: built from a predicate, or the user's own as it is.
 *
 * @param typeOf - how the words of `--type` are read.
 * @throws {ToolError} `E_USAGE` for unknown types and predicates that do not fit; `E_FORMAT_MALFORMED` for a whole
 *   statement that is none.
 */
export function draftStatement(input: AttestationInput, typeOf: (type: string) => PredicateType): StatementDraft {
  if ("statement" in input.predicate) {
    const { payload, predicateType } = parseStatement(input.predicate.statement)
    return { statement: payload, message: pae(IN_TOTO_PAYLOAD, payload), predicateType }
  }
  const type = typeOf(input.predicate.type)
  const encoded = type.encode(input.predicate.bytes, { generation: input.generation, at: input.at })
  const statement = buildAttestationStatement({
    subject: input.subject,
    subjectName: input.subjectName,
    predicateType: type.uri,
    predicate: encoded.json,
    order: input.generation === "cosign3" && encoded.text === true ? "spdx-text" : input.generation,
  })
  return { statement, message: pae(IN_TOTO_PAYLOAD, statement), predicateType: type.uri }
}
