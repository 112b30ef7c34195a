import type { Candidate, Material } from "../../core/candidate.ts"
import type { RawSignature } from "../../core/ports.ts"
import { parseEnvelope } from "../../envelopes/dsse/envelope.ts"
import { layerEvidence } from "./evidence.ts"
import { legacyClaims, legacyMaterial, legacyNotEvaluated } from "./legacy-material.ts"
import { readOnce } from "./read-once.ts"
import { statementCandidate } from "./statement-candidate.ts"

const readEnvelope = readOnce((bytes) => parseEnvelope(bytes))

/**
 * The candidate of a `.att` layer or of an envelope in a file.
 *
 * @param material - what to find the key by, when it does not lie in the layer's annotations.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function attestationCandidate(
  raw: RawSignature,
  envelopeBytes: Uint8Array = raw.bytes,
  material: Material = legacyMaterial(raw.annotations),
): Candidate {
  const envelope = readEnvelope(envelopeBytes)
  return statementCandidate({
    format: "cosign-v2",
    raw,
    payloadType: envelope.payloadType,
    payload: envelope.payload,
    signatures: envelope.signatures.map(({ sig, keyid }) => ({ bytes: sig, keyid })),
    material,
    ...layerEvidence(raw.annotations, envelopeBytes, {
      payloadType: envelope.payloadType,
      payload: envelope.payload,
      bytes: envelopeBytes,
    }),
    notEvaluated: legacyNotEvaluated(raw.annotations),
    envelope: envelopeBytes,
    bundle: false,
    claims: legacyClaims(raw.annotations),
  })
}
