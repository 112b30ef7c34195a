import { goJson } from "../../codec/go-json.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"
import { rawEcdsaSignature } from "../../crypto/ecdsa-raw.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import { keySpecByName, keySpecOf, keySpecs, type KeySpec } from "../../crypto/key-spec.ts"
import { parsePublicKey, sameKey } from "../../crypto/public-key.ts"
import type { Draft, DraftEvidence, SignatureInput, SignedDocument } from "../format.ts"
import { parseEnvelope, thumbprints } from "./candidate.ts"
import { draftCoseEnvelope } from "./cose-envelope.ts"
import type { DraftTime } from "./envelope-draft.ts"
import { draftJwsEnvelope } from "./jws-envelope.ts"
import { COSE_MEDIA_TYPE, JWS_MEDIA_TYPE, THUMBPRINT_ANNOTATION } from "./names.ts"
import { buildPayload } from "./payload.ts"
import type { NotationFormat } from "./rows.ts"

/** Media type of a format's envelopes. */
export function envelopeType(format: NotationFormat): string {
  return format === "notation" ? JWS_MEDIA_TYPE : COSE_MEDIA_TYPE
}

/** What a signature is drafted from. */
export type NotationInput = Pick<SignatureInput, "subject" | "at" | "expiry" | "keySpec" | "agent" | "annotations">

/**
 * What must be signed for a signature of a descriptor.
 *
 * @throws {ToolError} `E_USAGE` for reserved metadata and an expiry that is not after the signing time; `E_KEY_TYPE` for
 *   a kind of key the Notary Project does not use.
 */
export function draftNotation(input: NotationInput, format: NotationFormat): Draft {
  const keySpec = keySpecFor(input.keySpec)
  const times = timesOf(input)
  const jws = format === "notation"
  const payload = buildPayload(input.subject, input.annotations, jws ? "jws" : "cose")
  const agent = input.agent === undefined ? {} : { agent: input.agent }
  const envelope = (jws ? draftJwsEnvelope : draftCoseEnvelope)({ payload, keySpec, times, ...agent })
  return {
    payload,
    message: envelope.message,
    timestamped: (signature) => storedSignature(signature, keySpec),
    finish: (signature, key, evidence) => {
      checkEvidence(key, keySpec, evidence)
      const bytes = envelope.finish(storedSignature(signature, keySpec), evidence)
      return documentOf(format, bytes, { payload, signature, certificates: evidence.certificates })
    },
  }
}

/** Take an envelope that somebody else made. @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`. */
export function adoptEnvelope(bytes: Uint8Array, format: NotationFormat): SignedDocument {
  return documentOf(format, bytes, parseEnvelope(bytes, format))
}

function documentOf(
  format: NotationFormat,
  bytes: Uint8Array,
  parts: {
    readonly payload: Uint8Array
    readonly signature: Uint8Array
    readonly certificates: readonly Uint8Array[]
  },
): SignedDocument {
  const mediaType = envelopeType(format)
  const descriptor: Descriptor = { mediaType, digest: sha256Digest(bytes), size: bytes.length }
  return {
    format,
    kind: "signature",
    bytes,
    descriptor,
    mediaType,
    payload: parts.payload,
    signature: parts.signature,
    annotations: { [THUMBPRINT_ANNOTATION]: goJson(thumbprints(parts.certificates)) },
  }
}

function keySpecFor(name: string | undefined): KeySpec {
  const found = name === undefined ? undefined : keySpecByName(name)
  if (found !== undefined) return found
  throw new ToolError("E_KEY_TYPE", {
    what: "the key cannot sign in Notary Project formats",
    why: `saw ${name ?? "a key of no known kind"}, expected one of ${keySpecs.map((spec) => spec.name).join(", ")}`,
    next: ["sign with a key of a listed kind and size"],
  })
}

function timesOf({ at, expiry }: NotationInput): { readonly signing: DraftTime; readonly expiry?: DraftTime } {
  const signing = wholeSeconds(at)
  if (expiry === undefined) return { signing }
  const end = wholeSeconds(expiry)
  if (end.seconds > signing.seconds) return { signing, expiry: end }
  throw new ToolError("E_USAGE", {
    what: "expiry cannot be equal or before the signing time",
    why: `saw ${end.text}, signed at ${signing.text}`,
    next: ["give an expiry of at least one second"],
  })
}

function wholeSeconds(at: number): DraftTime {
  const seconds = Math.floor(at / 1000)
  return { seconds, text: new Date(seconds * 1000).toISOString().replace(".000Z", "Z") }
}

/** The signature as envelopes hold it. @throws {ToolError} `E_KEY_PROVIDER` when it is none of this kind of key. */
function storedSignature(signature: Uint8Array, { rawBytes, name }: KeySpec): Uint8Array {
  const raw = rawBytes === undefined ? signature : rawEcdsaSignature(signature, rawBytes)
  if (raw !== undefined && raw.length > 0) return raw
  throw new ToolError("E_KEY_PROVIDER", {
    what: "the key gave something that is no signature",
    why: `saw ${signature.length} bytes, expected a signature of a key of kind ${name}`,
  })
}

/** SECURITY: an envelope whose leaf is not the key's would be refused by every verifier, or vouch for somebody else. */
function checkEvidence(
  key: PublicKey,
  keySpec: KeySpec,
  evidence: DraftEvidence | undefined,
): asserts evidence is DraftEvidence {
  const [leaf] = evidence?.certificates ?? []
  if (leaf === undefined) {
    throw new ToolError("E_TRUST_MISSING", {
      what: "no certificate came with the key",
      why: "Notary Project signatures hold the certificate chain of their key",
      next: ["give the key's certificate chain, leaf first, root last"],
    })
  }
  if (keySpecOf(key)?.name !== keySpec.name) {
    throw new ToolError("E_KEY_TYPE", {
      what: "the key is not the one the signature was drafted for",
      why: `saw a ${key.type} key of ${key.bits} bits, expected ${keySpec.name}`,
    })
  }
  if (sameKey(parsePublicKey(leaf, { certificate: true, what: "leaf certificate" }), key)) return
  throw new ToolError("E_CERT_CHAIN", {
    what: "the first certificate is not that of the key",
    why: "the public keys differ; expected the leaf certificate first",
    next: ["order the certificates leaf first, root last, and check that they belong to the key"],
  })
}
