import { type CborKey, type CborValue, encodeCbor, parseCbor } from "../../codec/cbor.ts"
import { malformed } from "../../codec/malformed.ts"
import { MIB } from "../../core/limits.ts"
import { checkHeaders, COSE_LABEL, type CoseHeader, isHeader, MAX_ELEMENTS, protectedHeaderOf } from "./headers.ts"

/** A COSE_Sign1. Nothing in it is believed: the signature is still to be checked over `toBeSigned`. */
export interface UnverifiedSign1 {
  readonly payload: Uint8Array
  readonly protectedHeader: CoseHeader
  readonly unprotectedHeader: CoseHeader
  /** Labels marked as critical, in order. */
  readonly critical: readonly CborKey[]
  readonly signature: Uint8Array
  /** Exactly what the signature covers: the Sig_structure over the protected bytes as received. */
  readonly toBeSigned: Uint8Array
}

/** Bounds of {@link parseSign1}. */
export interface Sign1Options {
  /** Most bytes of the document. Default 32 MiB. */
  readonly maxBytes?: number
  /** Name of the document for errors. Default `COSE envelope`. */
  readonly what?: string
}

/** Tag 18 in one byte, then an array of four. */
const HEAD = [0xd2, 0x84] as const

/**
 * Read a COSE_Sign1_Tagged with its payload attached.
 *
 * The CBOR must be definite and in shortest form. Refused: other tags or none, labels that are neither integers nor
 * texts, labels that are twice there (in one header or both), a `crit` that is empty, not protected, or lists more than
 * 256 labels, labels twice or labels that are absent, an absent algorithm, header values of the wrong type, a detached
 * payload, no signature, more than 4096 elements of CBOR.
 *
 * @param input - untrusted.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 9052 sections 3, 4.2 and 4.4.
 */
export function parseSign1(input: Uint8Array, options: Sign1Options = {}): UnverifiedSign1 {
  const { what = "COSE envelope", maxBytes = 32 * MIB } = options
  if (HEAD.some((byte, i) => input[i] !== byte)) throw malformed(what, "cbor: invalid COSE_Sign1_Tagged object")
  const root = parseCbor(input, { maxBytes, what, maxElements: MAX_ELEMENTS })
  const [protectedBytes, unprotectedHeader, payload, signature] = elements(root)
  if (!(protectedBytes instanceof Uint8Array)) throw malformed(what, "the protected header is no byte string")
  if (!isHeader(unprotectedHeader)) throw malformed(what, "cbor: unprotected header: require map type")
  if (!(payload instanceof Uint8Array)) throw malformed(what, "the payload is detached or no byte string")
  if (!(signature instanceof Uint8Array)) throw malformed(what, "the signature is no byte string")
  if (signature.length === 0) throw malformed(what, "empty signature")
  const protectedHeader = protectedHeaderOf(protectedBytes, what)
  const critical = checkHeaders(protectedHeader, unprotectedHeader, what)
  // SECURITY: an algorithm beside the signature could be exchanged.
  if (!protectedHeader.has(COSE_LABEL.algorithm)) throw malformed(`${what} protected header`, "algorithm not found")
  return {
    payload,
    protectedHeader,
    unprotectedHeader,
    critical,
    signature,
    toBeSigned: sigStructure(protectedBytes, payload),
  }
}

function elements(root: CborValue): readonly (CborValue | undefined)[] {
  const tagged = typeof root === "object" && root !== null && "kind" in root && root.kind === "tag" ? root.value : null
  return Array.isArray(tagged) ? (tagged as readonly CborValue[]) : []
}

function sigStructure(protectedBytes: Uint8Array, payload: Uint8Array): Uint8Array {
  return encodeCbor(["Signature1", protectedBytes, new Uint8Array(0), payload])
}

/** A COSE_Sign1 to be signed. */
export interface Sign1Draft {
  /** The Sig_structure. */
  readonly toBeSigned: Uint8Array
  /** @returns COSE_Sign1_Tagged. */
  finish(signature: Uint8Array, unprotectedHeader: CoseHeader): Uint8Array
}

/** Start a COSE_Sign1 with its payload attached, in deterministic encoding. Spec: RFC 9052 section 4.4. */
export function draftSign1(protectedHeader: CoseHeader, payload: Uint8Array): Sign1Draft {
  const protectedBytes = encodeCbor(protectedHeader)
  return {
    toBeSigned: sigStructure(protectedBytes, payload),
    finish: (signature, unprotectedHeader) =>
      encodeCbor({ kind: "tag", tag: 18, value: [protectedBytes, unprotectedHeader, payload, signature] }),
  }
}
