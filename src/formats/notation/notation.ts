import { ToolError } from "../../core/errors.ts"
import type { Draft, SignatureFormat, SignatureInput } from "../format.ts"
import { notationCandidate } from "./candidate.ts"
import { adoptEnvelope, draftNotation } from "./draft.ts"
import { notationPlacement } from "./placement.ts"
import { coseRow, jwsRow, type NotationFormat, type NotationRow } from "./rows.ts"

/** Signatures of the Notary Project in JWS envelopes. */
export const notation: SignatureFormat = notationFormat(jwsRow)

/** Signatures of the Notary Project in COSE envelopes. */
export const notationCose: SignatureFormat = notationFormat(coseRow)

function notationFormat(row: NotationRow): SignatureFormat {
  const { id } = row
  return {
    ...row,
    parse: (raw) => [notationCandidate(raw, id, "artifact")],
    writer: {
      draftSignature: (input) => [draftSignature(input, id)],
      draftAttestation: () => {
        throw new ToolError("E_USAGE", {
          what: `format ${id} has no attestations`,
          why: "the Notary Project signs descriptors alone",
          next: ["attest with `--format cosign-v3` or `--format cosign-v2`"],
        })
      },
      hash: "key-spec",
      signer: "certificate",
      placement: notationPlacement,
      adopt: (envelope) => adoptEnvelope(envelope, id),
    },
  }
}

function draftSignature(input: SignatureInput, id: NotationFormat): Draft {
  if (input.payload !== undefined) {
    throw new ToolError("E_USAGE", {
      what: `format ${id} signs no payload of yours`,
      why: "its payload is made from the artifact; a payload of your own fits simple signing alone",
      next: ["leave out the payload, or sign with `--format cosign-v2`"],
    })
  }
  return draftNotation(input, id)
}
