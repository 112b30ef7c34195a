import { encodeBase64 } from "../../codec/base64.ts"
import { canonicalJson } from "../../codec/canonical-json.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { decodeUtf8 } from "../../codec/utf8.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonObject } from "../../core/json-value.ts"
import type { PublicKey, SignatureScheme } from "../../core/ports.ts"
import type { LogProposal } from "../../core/sigstore-ports.ts"
import { digestOf } from "../../crypto/hash.ts"
import { hashOf, keyDetailsOf, schemeName, schemeWithHash } from "../../crypto/schemes.ts"
import { parseEnvelope } from "../dsse/envelope.ts"
import { pae } from "../dsse/pae.ts"
import { bodyVerifierOf, pemVerifierText } from "./body-verifier.ts"
import { buildEntryBody, hashJson, intotoContentJson, signatureV2Json } from "./build-entry-body.ts"
import type { BodySignatureV2, HashedRekordV2, IntotoV2 } from "./entry-body.ts"

type Enveloped = Extract<LogProposal, { readonly envelope: Uint8Array }>

function sha256(bytes: Uint8Array): { readonly algorithm: "sha256"; readonly digest: Uint8Array } {
  return { algorithm: "sha256", digest: digestOf("sha256", bytes) }
}

function intotoBody(proposal: Enveloped): IntotoV2 {
  const { signature, verifier, payloadType, payload, envelope } = proposal
  const keyid = parseEnvelope(envelope).signatures.find(({ sig }) => equalBytes(sig, signature))?.keyid ?? ""
  return {
    kind: "intoto",
    version: "0.0.2",
    payloadType,
    payload,
    envelopeHash: sha256(envelope),
    payloadHash: sha256(payload),
    signatures: [{ signature, keyid, verifier: bodyVerifierOf(verifier) }],
  }
}

function dsseSpec({ envelope, verifier }: Enveloped): JsonObject {
  return {
    proposedContent: {
      envelope: decodeUtf8(envelope, "DSSE envelope"),
      verifiers: [pemVerifierText(bodyVerifierOf(verifier))],
    },
  }
}

/**
 * What a version 1 log is asked to log: the JSON of `POST /api/v1/log/entries` and of a search by entries.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED` for an envelope that is none.
 *
 * Spec: sigstore/rekor `pkg/types/{hashedrekord/v0.0.1,dsse/v0.0.1,intoto/v0.0.2}`.
 */
export function proposedEntry(proposal: LogProposal): string {
  switch (proposal.kind) {
    case "hashedrekord": {
      const { hash, digest, signature, verifier } = proposal
      return decodeUtf8(
        buildEntryBody({
          kind: "hashedrekord",
          version: "0.0.1",
          data: { algorithm: hash, digest },
          signature: { signature, verifier: bodyVerifierOf(verifier) },
        }),
      )
    }
    case "dsse":
      return canonicalJson({ apiVersion: "0.0.1", kind: "dsse", spec: dsseSpec(proposal) })
    case "intoto":
      return canonicalJson({ apiVersion: "0.0.2", kind: "intoto", spec: intotoContentJson(intotoBody(proposal)) })
  }
}

/** intoto 0.0.1, which cosign writes: the log keeps the envelope's hash and the key alone. */
function intotoV1Entry({ envelope, verifier }: Enveloped): string {
  const content = { envelope: decodeUtf8(envelope, "DSSE envelope"), hash: hashJson(sha256(envelope)) }
  const publicKey = pemVerifierText(bodyVerifierOf(verifier))
  return canonicalJson({ apiVersion: "0.0.1", kind: "intoto", spec: { content, publicKey } })
}

/**
 * Every proposed entry under which a version 1 log may hold this: what to ask for in a search by entries.
 *
 * Attestations of cosign that were logged as `intoto` are of version 0.0.1, those of other clients of 0.0.2.
 *
 * @returns JSON texts, at least one.
 * @throws {ToolError} as {@link proposedEntry}.
 */
export function entriesToFind(proposal: LogProposal): readonly string[] {
  const entry = proposedEntry(proposal)
  return proposal.kind === "intoto" ? [entry, intotoV1Entry(proposal)] : [entry]
}

/**
 * The scheme of a signature in a version 2 log, where everything is hashed before it is signed.
 */
function loggedScheme(key: PublicKey, proposal: LogProposal): SignatureScheme {
  if (key.type === "ed25519" && proposal.kind === "hashedrekord") return { scheme: "ed25519ph" }
  return schemeWithHash(key, proposal.hash)
}

/**
 * The entry that a version 2 log makes of a proposal: envelopes by the digest of their pre-authentication encoding.
 *
 * @throws {ToolError} `E_KEY_TYPE` for keys that sign without hashing first and for those such logs have no name for.
 *
 * Spec: sigstore/rekor-tiles `CLIENTS.md`.
 */
export function hashedRekordV2Of(proposal: LogProposal): HashedRekordV2 {
  const { signature, verifier } = proposal
  const { key } = verifier
  const scheme = loggedScheme(key, proposal)
  const hash = hashOf(scheme)
  const keyDetails = keyDetailsOf(key, scheme)
  if (hash === undefined || keyDetails === undefined) {
    throw new ToolError("E_KEY_TYPE", {
      what: "a signature of this key cannot be logged here",
      why: `version 2 logs take signatures over a hash, of keys they know; saw ${schemeName(scheme)} of ${key.bits} bits`,
      next: ["use an ECDSA P-256 key", "or a log of version 1"],
    })
  }
  const digest =
    proposal.kind === "hashedrekord" ? proposal.digest : digestOf(hash, pae(proposal.payloadType, proposal.payload))
  const signed: BodySignatureV2 = { signature, verifier: bodyVerifierOf(verifier), keyDetails }
  return { kind: "hashedrekord", version: "0.0.2", data: { algorithm: hash, digest }, signature: signed }
}

/** What a version 2 log is asked to log: the JSON of `POST /api/v2/log/entries`. @throws {ToolError} `E_KEY_TYPE`. */
export function logRequestV2(proposal: LogProposal): string {
  const { data, signature } = hashedRekordV2Of(proposal)
  return canonicalJson({
    hashedRekordRequestV002: { digest: encodeBase64(data.digest), signature: signatureV2Json(signature) },
  })
}

/** The request by which version 2 logs were given envelopes before release 2.3. @throws {ToolError} `E_KEY_TYPE`. */
export function dsseRequestV2(proposal: Enveloped): string {
  const { verifier } = signatureV2Json(hashedRekordV2Of(proposal).signature)
  const { payloadType, payload, signatures } = parseEnvelope(proposal.envelope)
  return canonicalJson({
    dsseRequestV002: {
      envelope: {
        payload: encodeBase64(payload),
        payloadType,
        signatures: signatures.map(({ sig, keyid }) => ({
          sig: encodeBase64(sig),
          ...(keyid === "" ? {} : { keyid }),
        })),
      },
      verifiers: verifier === undefined ? [] : [verifier],
    },
  })
}
