import { ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"
import type { SignatureKind } from "../../core/report.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import { keyHint } from "../../crypto/public-key.ts"
import { buildBundle } from "../../envelopes/bundle/build-bundle.ts"
import { BUNDLE_V03 } from "../../envelopes/bundle/bundle.ts"
import { pae } from "../../envelopes/dsse/pae.ts"
import type { AttestationInput, Draft, SignatureFormat, SignatureInput, SignedDocument } from "../format.ts"
import { draftStatement } from "./attestation-draft.ts"
import { bundleCandidate } from "./bundle-candidate.ts"
import { buildBundleReferrer } from "./bundle-referrer.ts"
import { BUNDLE_LAYER_PREFIX, IN_TOTO_PAYLOAD, SIGN_PREDICATE } from "./media-types.ts"
import { predicateType } from "./predicates/table.ts"
import { buildSignStatement } from "./statement.ts"

/** Sigstore bundles in manifests that refer to the subject. */
export const cosignV3: SignatureFormat = {
  id: "cosign-v3",
  family: "cosign",
  kinds: ["signature", "attestation"],
  // A bundle tells its kind only inside.
  wanted: { signature: [`${BUNDLE_LAYER_PREFIX}*`], attestation: [`${BUNDLE_LAYER_PREFIX}*`] },
  accepts: (raw) => raw.mediaType.startsWith(BUNDLE_LAYER_PREFIX),
  parse: (raw) => [bundleCandidate(raw)],
  writer: {
    draftSignature,
    draftAttestation,
    hash: "key",
    signer: "key",
    placement: {
      place: "referrer",
      manifest: (subject, document, at) =>
        buildBundleReferrer({
          subject,
          bundle: document,
          content: "dsse-envelope",
          ...(document.predicateType === undefined ? {} : { predicateType: document.predicateType }),
          at,
        }),
    },
  },
}

function draftSignature(input: SignatureInput): readonly Draft[] {
  if (input.payload !== undefined) {
    throw new ToolError("E_USAGE", {
      what: "a bundle cannot sign a payload of your own",
      why: "bundles sign a statement about the artifact; a simple-signing payload goes with the format cosign-v2 only",
      next: ["leave out the payload", "or sign with `--format cosign-v2`"],
    })
  }
  return [draftOf("signature", buildSignStatement(input.subject.digest, input.annotations), SIGN_PREDICATE)]
}

function draftAttestation(input: AttestationInput): Draft {
  const draft = draftStatement(input, predicateType)
  return draftOf("attestation", draft.statement, draft.predicateType)
}

function draftOf(kind: SignatureKind, payload: Uint8Array, type: string): Draft {
  return {
    payload,
    message: pae(IN_TOTO_PAYLOAD, payload),
    predicateType: type,
    finish: (signature, key): SignedDocument => {
      const bytes = statementBundle(payload, signature, key)
      return {
        format: "cosign-v3",
        kind,
        bytes,
        descriptor: { mediaType: BUNDLE_V03, size: bytes.length, digest: sha256Digest(bytes) },
        mediaType: BUNDLE_V03,
        payload,
        signature,
        predicateType: type,
        annotations: {},
      }
    },
  }
}

/** A keyed bundle around a signed statement. */
export function statementBundle(statement: Uint8Array, signature: Uint8Array, key: PublicKey): Uint8Array {
  return buildBundle({
    publicKeyHint: keyHint(key),
    content: {
      kind: "dsse",
      payloadType: IN_TOTO_PAYLOAD,
      payload: statement,
      signature: { sig: signature, keyid: "" },
    },
  })
}
