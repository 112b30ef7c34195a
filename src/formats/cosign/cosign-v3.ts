import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { PublicKey } from "../../core/ports.ts"
import type { SignatureKind } from "../../core/report.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import { keyHint } from "../../crypto/public-key.ts"
import { buildBundle, envelopeText, type BundleInput } from "../../envelopes/bundle/build-bundle.ts"
import { BUNDLE_V03 } from "../../envelopes/bundle/bundle.ts"
import { pae } from "../../envelopes/dsse/pae.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type {
  AttestationInput,
  Draft,
  DraftEvidence,
  LoggedContent,
  SignatureFormat,
  SignatureInput,
  SignedDocument,
} from "../format.ts"
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
    witnesses: { most: limits.tlogEntries, logVersions: [1, 2], signatures: "envelope" },
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
    timestamped: (signature) => signature,
    logged: (signature) => loggedStatement(payload, signature),
    finish: (signature, key, evidence): SignedDocument => {
      const bytes = statementBundle(payload, signature, key, evidence)
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

/** What logs are told of a signed statement in a bundle. */
function loggedStatement(statement: Uint8Array, sig: Uint8Array): LoggedContent {
  const envelope = { payloadType: IN_TOTO_PAYLOAD, payload: statement, signature: { sig, keyid: "" } }
  return {
    kind: "envelope",
    envelope: encodeUtf8(envelopeText(envelope), "envelope"),
    payloadType: IN_TOTO_PAYLOAD,
    payload: statement,
  }
}

/** A bundle around a signed statement. */
export function statementBundle(
  statement: Uint8Array,
  signature: Uint8Array,
  key: PublicKey,
  evidence?: DraftEvidence,
): Uint8Array {
  return buildBundle({
    ...bundleEvidence(key, evidence),
    content: {
      kind: "dsse",
      payloadType: IN_TOTO_PAYLOAD,
      payload: statement,
      signature: { sig: signature, keyid: "" },
    },
  })
}

/** Signer, entries and timestamps of a bundle. The leaf alone: others do not belong into version 0.3. */
export function bundleEvidence(key: PublicKey, evidence: DraftEvidence | undefined): Omit<BundleInput, "content"> {
  const { certificates: [certificate] = [], logEntries, timestamps } = evidence ?? {}
  return {
    signer: certificate === undefined ? { publicKeyHint: keyHint(key) } : { certificate },
    ...(logEntries === undefined ? {} : { logEntries }),
    ...(timestamps === undefined ? {} : { timestamps }),
  }
}
