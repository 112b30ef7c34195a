import { decodeBase64 } from "../../codec/base64.ts"
import { parseJson } from "../../codec/json.ts"
import { malformed } from "../../codec/malformed.ts"
import type { Candidate, Material } from "../../core/candidate.ts"
import { ToolError } from "../../core/errors.ts"
import { KIB, limits } from "../../core/limits.ts"
import type { PublicKey, RawSignature } from "../../core/ports.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import { publicKeyFromSpki } from "../../crypto/public-key.ts"
import { hashOf } from "../../crypto/schemes.ts"
import { buildBundle } from "../../envelopes/bundle/build-bundle.ts"
import { BUNDLE_V03 } from "../../envelopes/bundle/bundle.ts"
import {
  buildLegacyBundle,
  looksLikeLegacyBundle,
  parseLegacyBundle,
  type UnverifiedLegacyBundle,
} from "../../envelopes/bundle/legacy-bundle.ts"
import { encodeEnvelope } from "../../envelopes/dsse/envelope.ts"
import type { BlobFormats, DraftEvidence } from "../format.ts"
import { attestationCandidate } from "./attestation-candidate.ts"
import { draftStatement } from "./attestation-draft.ts"
import { bundleCandidate, messageCandidate, type MessageParts } from "./bundle-candidate.ts"
import { bundleEvidence, statementBundle } from "./cosign-v3.ts"
import { onlyOne } from "./legacy-evidence.ts"
import { legacyEvidence } from "./evidence.ts"
import { logEntryClaims } from "./legacy-material.ts"
import { DSSE_LAYER, IN_TOTO_PAYLOAD } from "./media-types.ts"
import { blobPredicateType } from "./predicates/table.ts"

const SIGNATURE_TEXT_BYTES = 64 * KIB

/** cosign's documents about blobs. */
export const cosignBlobs: BlobFormats = {
  buildBundle: ({ key, scheme, digest, signature, evidence }) => {
    const algorithm = hashOf(scheme)
    return buildBundle({
      ...bundleEvidence(key, evidence),
      content: {
        kind: "message",
        // COMPAT(cosign 3.1): for pure Ed25519 it writes no digest and then refuses its own bundle; with SHA-256 of the
        // artifact it verifies.
        digest: { algorithm: algorithm ?? "sha256", value: digest },
        signature,
      },
    })
  },
  buildLegacyBundle: ({ signature, key, generation, evidence }) => {
    const certified = (evidence?.certificates.length ?? 0) > 0
    // COMPAT(cosign 2.5): without a log entry it leaves the key out.
    const named = certified || generation === "cosign3" || (evidence?.logEntries?.length ?? 0) > 0
    return legacyBundleOf(signature, named ? key : undefined, evidence)
  },
  draftAttestation: (input) => {
    const draft = draftStatement(input, blobPredicateType)
    const { statement } = draft
    const envelopeOf = (sig: Uint8Array): Uint8Array =>
      encodeEnvelope(input.generation, {
        payloadType: IN_TOTO_PAYLOAD,
        payload: statement,
        signatures: [{ keyid: "", sig }],
      })
    return {
      ...draft,
      logged: (sig) => ({
        kind: "envelope",
        envelope: envelopeOf(sig),
        payloadType: IN_TOTO_PAYLOAD,
        payload: statement,
      }),
      timestamped: (sig, form) => (form === "legacy" ? envelopeOf(sig) : sig),
      finish: (signature, key, evidence) => {
        const envelope = envelopeOf(signature)
        return {
          envelope,
          bundle: statementBundle(statement, signature, key, evidence),
          get legacyBundle() {
            return legacyBundleOf(envelope, key, evidence)
          },
        }
      },
    }
  },
  parseBundle: (bytes) =>
    isLegacyBundle(bytes) ? legacyCandidate(bytes) : bundleCandidate(fileSignature(bytes, BUNDLE_V03)),
  parseSignature: (bytes) => {
    const raw = fileSignature(bytes, "application/octet-stream")
    const signature = detachedSignature(bytes)
    const evidence = legacyEvidence(undefined, signature)
    const parts: MessageParts = { material: { kind: "key" }, ...evidence, notEvaluated: [], claims: {} }
    return messageCandidate(raw, { signature }, parts, "cosign-v2")
  },
  parseEnvelope: (bytes) => attestationCandidate(fileSignature(bytes, DSSE_LAYER)),
}

/** Timestamps lie in a file of their own beside it. */
function legacyBundleOf(
  signature: Uint8Array,
  key: PublicKey | undefined,
  evidence: DraftEvidence | undefined,
): Uint8Array {
  const [certificate] = evidence?.certificates ?? []
  const logEntry = onlyOne(evidence?.logEntries, "log entry")
  const signer = certificate === undefined ? key && { spki: key.spki } : { certificate }
  return buildLegacyBundle({
    signature,
    ...(signer === undefined ? {} : { signer }),
    ...(logEntry === undefined ? {} : { logEntry }),
  })
}

/** Told by a member of the document, which is read for that only where the member's name is anywhere in it. */
function isLegacyBundle(bytes: Uint8Array): boolean {
  if (!new TextDecoder("latin1").decode(bytes).includes(LEGACY_MEMBER)) return false
  return looksLikeLegacyBundle(parseJson(bytes, { maxBytes: limits.bundleBytes, what: "bundle" }))
}

const LEGACY_MEMBER = '"base64Signature"'

function fileSignature(bytes: Uint8Array, mediaType: string): RawSignature {
  return {
    location: { store: "file", where: "", reference: "" },
    descriptor: { mediaType, size: bytes.length, digest: sha256Digest(bytes) },
    bytes,
    mediaType,
    annotations: {},
  }
}

/** Base64 text with an optional line end, else the bytes as they are. */
function detachedSignature(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) throw malformed("signature", "the file is empty")
  if (bytes.length > SIGNATURE_TEXT_BYTES) throw malformed("signature", `saw ${bytes.length} bytes, too many for one`)
  const text = new TextDecoder("latin1").decode(bytes).replace(/\r?\n$/, "")
  try {
    const decoded = decodeBase64(text, { max: SIGNATURE_TEXT_BYTES, what: "signature" })
    return decoded.length === 0 ? bytes : decoded
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    return bytes
  }
}

function legacyCandidate(bytes: Uint8Array): Candidate {
  const bundle = parseLegacyBundle(bytes)
  const raw = fileSignature(bytes, "application/json")
  const material = materialOf(bundle)
  const notEvaluated = [
    ...(material.kind === "certificate" ? ["certificate"] : []),
    ...(bundle.rekorBundle === undefined ? [] : ["transparency log entry"]),
  ]
  // A DSSE envelope starts with a brace; a signature that does so by chance is no envelope and stays a signature.
  const attestation = bundle.signature[0] === 0x7b ? envelopeCandidate(raw, bundle.signature, material) : undefined
  const parts = legacyEvidence(bundle.rekorBundle, bundle.signature, attestation?.evidence?.envelope)
  if (attestation !== undefined) return { ...attestation, ...parts, notEvaluated }
  const claims = bundle.rekorBundle === undefined ? {} : { logEntry: logEntryClaims(bundle.rekorBundle) }
  return messageCandidate(
    raw,
    { signature: bundle.signature },
    { material, ...parts, notEvaluated, claims },
    "cosign-v2",
  )
}

function envelopeCandidate(raw: RawSignature, envelope: Uint8Array, material: Material): Candidate | undefined {
  try {
    parseJson(envelope, { maxBytes: limits.bundleBytes, what: "envelope" })
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
  return attestationCandidate(raw, envelope, material)
}

function materialOf(bundle: UnverifiedLegacyBundle): Material {
  const { material } = bundle
  if (material === undefined) return { kind: "key" }
  if (material.kind === "public-key") return { kind: "key", embedded: publicKeyFromSpki(material.der) }
  return { kind: "certificate", certificates: [material.der], keyAllowed: true }
}
