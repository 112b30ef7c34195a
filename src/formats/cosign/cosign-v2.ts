import { encodeBase64 } from "../../codec/base64.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import { encodeEnvelope } from "../../envelopes/dsse/envelope.ts"
import type { AttestationInput, Draft, SignatureFormat, SignatureInput, SignedDocument } from "../format.ts"
import { attestationCandidate } from "./attestation-candidate.ts"
import { draftStatement } from "./attestation-draft.ts"
import { legacyAnnotations } from "./legacy-evidence.ts"
import {
  DSSE_LAYER,
  IN_TOTO_PAYLOAD,
  PREDICATE_TYPE_ANNOTATION,
  SIGNATURE_ANNOTATION,
  SIMPLE_SIGNING_LAYER,
} from "./media-types.ts"
import { predicateType } from "./predicates/table.ts"
import { simpleSigningCandidate } from "./simple-signing-candidate.ts"
import { buildSimpleSigning } from "./simple-signing.ts"
import { tagPlacement } from "./tag-placement.ts"

/** cosign's format before bundles: simple signing and DSSE envelopes as layers under tags. */
export const cosignV2: SignatureFormat = {
  id: "cosign-v2",
  family: "cosign",
  kinds: ["signature", "attestation"],
  wanted: { signature: [SIMPLE_SIGNING_LAYER], attestation: [DSSE_LAYER] },
  accepts: (raw) => raw.mediaType === SIMPLE_SIGNING_LAYER || raw.mediaType === DSSE_LAYER,
  parse: (raw) => [raw.mediaType === SIMPLE_SIGNING_LAYER ? simpleSigningCandidate(raw) : attestationCandidate(raw)],
  writer: {
    draftSignature,
    draftAttestation,
    // COMPAT(cosign 2.5): verifiers of this format use SHA-256 whatever the key.
    hash: "sha256",
    signer: "key",
    witnesses: { most: 1, logVersions: [1], signatures: "message" },
    placement: tagPlacement,
  },
}

function draftSignature(input: SignatureInput): readonly Draft[] {
  const { annotations } = input
  const manifestDigest = input.subject.digest
  const payloads =
    input.payload === undefined
      ? input.dockerReferences.map((dockerReference) =>
          buildSimpleSigning({ dockerReference, manifestDigest, annotations }),
        )
      : [input.payload]
  return payloads.map((payload) => ({
    payload,
    message: payload,
    timestamped: (signature) => signature,
    logged: () => ({ kind: "message" }),
    finish: (signature, _key, evidence): SignedDocument => ({
      format: "cosign-v2",
      kind: "signature",
      bytes: payload,
      descriptor: descriptorOf(SIMPLE_SIGNING_LAYER, payload),
      mediaType: SIMPLE_SIGNING_LAYER,
      payload,
      signature,
      annotations: { [SIGNATURE_ANNOTATION]: encodeBase64(signature), ...legacyAnnotations(evidence) },
    }),
  }))
}

function draftAttestation(input: AttestationInput): Draft {
  const { statement, message, predicateType: type } = draftStatement(input, predicateType)
  const envelopeOf = (sig: Uint8Array): Uint8Array =>
    encodeEnvelope(input.generation, {
      payloadType: IN_TOTO_PAYLOAD,
      payload: statement,
      signatures: [{ keyid: "", sig }],
    })
  return {
    payload: statement,
    message,
    predicateType: type,
    timestamped: envelopeOf,
    logged: (signature) => ({
      kind: "envelope",
      envelope: envelopeOf(signature),
      payloadType: IN_TOTO_PAYLOAD,
      payload: statement,
    }),
    finish: (signature, _key, evidence): SignedDocument => {
      const bytes = envelopeOf(signature)
      return {
        format: "cosign-v2",
        kind: "attestation",
        bytes,
        descriptor: descriptorOf(DSSE_LAYER, bytes),
        mediaType: DSSE_LAYER,
        payload: statement,
        signature,
        predicateType: type,
        annotations: {
          [SIGNATURE_ANNOTATION]: "",
          [PREDICATE_TYPE_ANNOTATION]: type,
          ...legacyAnnotations(evidence),
        },
      }
    },
  }
}

function descriptorOf(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, size: bytes.length, digest: sha256Digest(bytes) }
}
