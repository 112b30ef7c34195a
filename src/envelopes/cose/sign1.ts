import { type CborKey, type CborValue, encodeCbor, parseCbor } from "../../codec/cbor.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { MIB } from "../../core/limits.ts"

/** A header map of COSE. */
export type CoseHeader = ReadonlyMap<CborKey, CborValue>

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

/** Labels of RFC 9052 and RFC 9360. */
export const COSE_LABEL: {
  readonly algorithm: 1
  readonly critical: 2
  readonly contentType: 3
  readonly keyId: 4
  readonly iv: 5
  readonly partialIv: 6
  readonly x5chain: 33
} = {
  algorithm: 1,
  critical: 2,
  contentType: 3,
  keyId: 4,
  iv: 5,
  partialIv: 6,
  x5chain: 33,
}

/** Countersignatures of RFC 8152 and RFC 9338; allowed outside of the protected header only. */
const COUNTERSIGNATURES: readonly CborKey[] = [7, 9, 11, 12]

/** As many as a JWS may list. */
const MAX_CRITICAL = 256

/** Tag 18 in one byte, then an array of four. */
const HEAD = [0xd2, 0x84] as const

/**
 * Read a COSE_Sign1_Tagged with its payload attached.
 *
 * The CBOR must be definite and in shortest form. Refused: other tags or none, labels that are neither integers nor
 * texts, labels that are twice there (in one header or both), a `crit` that is empty, not protected, or lists more
 * than 256 labels, labels twice or labels that are absent, an absent algorithm, header values of the wrong type, a detached payload, no signature.
 *
 * @param input - untrusted.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 9052 sections 3, 4.2 and 4.4.
 */
export function parseSign1(input: Uint8Array, options: Sign1Options = {}): UnverifiedSign1 {
  const { what = "COSE envelope", maxBytes = 32 * MIB } = options
  if (HEAD.some((byte, i) => input[i] !== byte)) throw malformed(what, "cbor: invalid COSE_Sign1_Tagged object")
  const root = parseCbor(input, { maxBytes, what })
  const [protectedBytes, unprotectedHeader, payload, signature] = elements(root)
  if (!(protectedBytes instanceof Uint8Array)) throw malformed(what, "the protected header is no byte string")
  if (!isMap(unprotectedHeader)) throw malformed(what, "cbor: unprotected header: require map type")
  if (!(payload instanceof Uint8Array)) throw malformed(what, "the payload is detached or no byte string")
  if (!(signature instanceof Uint8Array)) throw malformed(what, "the signature is no byte string")
  if (signature.length === 0) throw malformed(what, "empty signature")
  const protectedHeader = protectedOf(protectedBytes, what)
  for (const label of unprotectedHeader.keys()) {
    if (protectedHeader.has(label)) throw malformed(what, `header label: duplicated label: ${shown(label)}`)
  }
  checkHeader(unprotectedHeader, `${what} unprotected header`)
  checkHeader(protectedHeader, `${what} protected header`)
  return {
    payload,
    protectedHeader,
    unprotectedHeader,
    critical: checkProtected(protectedHeader, unprotectedHeader, what),
    signature,
    toBeSigned: sigStructure(protectedBytes, payload),
  }
}

function elements(root: CborValue): readonly (CborValue | undefined)[] {
  const tagged = typeof root === "object" && root !== null && "kind" in root && root.kind === "tag" ? root.value : null
  return Array.isArray(tagged) ? (tagged as readonly CborValue[]) : []
}

function isMap(value: CborValue | undefined): value is CoseHeader {
  return value instanceof Map
}

function protectedOf(bytes: Uint8Array, what: string): CoseHeader {
  if (bytes.length === 0) return new Map()
  const header = parseCbor(bytes, { what: `${what} protected header` })
  if (!isMap(header)) throw malformed(what, "cbor: protected header: require map type")
  return header
}

function checkHeader(header: CoseHeader, what: string): void {
  const refuse = (rule: string): never => {
    throw malformed(what, `header parameter: ${rule}`)
  }
  const algorithm = header.get(COSE_LABEL.algorithm)
  if (algorithm !== undefined && !isLabel(algorithm)) refuse("alg: require int / tstr type")
  const type = header.get(COSE_LABEL.contentType)
  if (typeof type === "string") {
    const rule = contentTypeRule(type)
    if (rule !== undefined) refuse(`content type: ${rule}`)
  } else if (type !== undefined && !(isInteger(type) && type >= 0)) refuse("content type: require tstr / uint type")
  for (const [name, label] of [
    ["kid", COSE_LABEL.keyId],
    ["IV", COSE_LABEL.iv],
    ["Partial IV", COSE_LABEL.partialIv],
  ] as const) {
    const value = header.get(label)
    if (value !== undefined && !(value instanceof Uint8Array)) refuse(`${name}: require bstr type`)
  }
  if (header.has(COSE_LABEL.iv) && header.has(COSE_LABEL.partialIv)) {
    refuse("IV and PartialIV: parameters must not both be present")
  }
}

function contentTypeRule(text: string): string | undefined {
  if (text === "") return "require non-empty string"
  if (text.startsWith(" ") || text.endsWith(" ")) return "require no leading/trailing whitespace"
  return text.split("/").length === 2 ? undefined : "require text of form type/subtype"
}

function checkProtected(header: CoseHeader, unprotected: CoseHeader, what: string): readonly CborKey[] {
  const path = `${what} protected header`
  if (unprotected.has(COSE_LABEL.critical)) {
    throw malformed(`${what} unprotected header`, "header parameter: crit: not allowed")
  }
  for (const label of COUNTERSIGNATURES) {
    if (header.has(label)) throw malformed(path, "header parameter: counter signature: not allowed")
  }
  // SECURITY: an algorithm beside the signature could be exchanged.
  if (!header.has(COSE_LABEL.algorithm)) throw malformed(path, "algorithm not found")
  return criticalOf(header, path)
}

function criticalOf(header: CoseHeader, path: string): readonly CborKey[] {
  const value = header.get(COSE_LABEL.critical)
  if (value === undefined) return []
  if (!Array.isArray(value)) throw malformed(path, "header parameter: crit: invalid crit header")
  const labels = value as readonly CborValue[]
  if (labels.length === 0) throw malformed(path, "header parameter: crit: empty crit header")
  if (labels.length > MAX_CRITICAL) {
    throw malformed(path, `header parameter: crit: saw ${labels.length} labels, expected at most ${MAX_CRITICAL}`)
  }
  const seen = new Set<CborKey>()
  for (const label of labels) {
    if (!isLabel(label)) throw malformed(path, "header parameter: crit: require int / tstr type")
    if (!header.has(label)) throw malformed(path, `header parameter: crit: missing critical header: ${shown(label)}`)
    if (seen.has(label)) throw malformed(path, `header parameter: crit: ${shown(label)} is listed twice`)
    seen.add(label)
  }
  return [...seen]
}

function isInteger(value: CborValue): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint"
}

function isLabel(value: CborValue): value is CborKey {
  return isInteger(value) || typeof value === "string"
}

function shown(label: CborKey): string {
  return typeof label === "string" ? quoted(label, 200) : String(label)
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
