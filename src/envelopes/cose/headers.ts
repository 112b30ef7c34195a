/** Headers of COSE messages and the rules that they keep wherever they stand. */
import { type CborKey, type CborValue, parseCbor } from "../../codec/cbor.ts"
import { malformed, quoted } from "../../codec/malformed.ts"

/** A header map of COSE. */
export type CoseHeader = ReadonlyMap<CborKey, CborValue>

/** Labels of RFC 9052, RFC 9360 and RFC 9596. */
export const COSE_LABEL: {
  readonly algorithm: 1
  readonly critical: 2
  readonly contentType: 3
  readonly keyId: 4
  readonly iv: 5
  readonly partialIv: 6
  readonly type: 16
  readonly x5chain: 33
} = {
  algorithm: 1,
  critical: 2,
  contentType: 3,
  keyId: 4,
  iv: 5,
  partialIv: 6,
  type: 16,
  x5chain: 33,
}

/** Countersignatures in full, of RFC 8152 and RFC 9338. */
const COUNTERSIGNATURES: readonly CborKey[] = [7, 11]

/** Countersignatures that are bytes alone, of RFC 8152 and RFC 9338. */
const ABBREVIATED: readonly CborKey[] = [9, 12]

/** Countersignatures that one header may hold under one label. */
const MAX_COUNTERSIGNATURES = 16

/** As many as a JWS may list. */
const MAX_CRITICAL = 256

/**
 * Elements of a message, and of a protected header.
 *
 * SECURITY: a stranger's are read before anything is known of them, and each takes longer than its bytes.
 */
export const MAX_ELEMENTS = 4096

/** Whether a value is a header map. */
export function isHeader(value: CborValue | undefined): value is CoseHeader {
  return value instanceof Map
}

/**
 * The protected header in its byte string; no bytes are an empty one.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function protectedHeaderOf(bytes: Uint8Array, what: string): CoseHeader {
  if (bytes.length === 0) return new Map()
  const header = parseCbor(bytes, { what: `${what} protected header`, maxElements: MAX_ELEMENTS })
  if (!isHeader(header)) throw malformed(what, "cbor: protected header: require map type")
  return header
}

/**
 * Check the two headers of a message: types of values, what may stand where, and countersignatures.
 *
 * @param what - name of the message for errors.
 * @returns labels marked as critical, in order.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 9052 sections 3 and 3.1, RFC 9338 section 3, RFC 9596.
 */
export function checkHeaders(header: CoseHeader, unprotected: CoseHeader, what: string): readonly CborKey[] {
  const [path, beside] = [`${what} protected header`, `${what} unprotected header`]
  for (const label of unprotected.keys()) {
    if (header.has(label)) throw malformed(what, `header label: duplicated label: ${shown(label)}`)
  }
  checkItem(unprotected, beside, false)
  checkItem(header, path, true)
  checkValues(unprotected, beside)
  checkValues(header, path)
  const has = (label: CborKey): boolean => header.has(label) || unprotected.has(label)
  if (has(COSE_LABEL.iv) && has(COSE_LABEL.partialIv)) {
    throw malformed(what, "header parameter: IV and PartialIV: parameters must not both be present")
  }
  if (unprotected.has(COSE_LABEL.critical)) throw malformed(beside, "header parameter: crit: not allowed")
  if ([...COUNTERSIGNATURES, ...ABBREVIATED].some((label) => header.has(label))) {
    throw malformed(path, "header parameter: counter signature: not allowed")
  }
  checkCountersignatures(unprotected, beside)
  return criticalOf(header, path)
}

/** What Go's COSE library cannot read: integers beyond 64 bits with sign, and tags beside the protected header. */
function checkItem(value: CborValue, path: string, tags: boolean): void {
  if (typeof value === "bigint" && BigInt.asIntN(64, value) !== value) {
    throw malformed(path, `saw the integer ${value}, expected one of 64 bits`)
  }
  if (typeof value !== "object" || value === null) return
  if (isHeader(value)) {
    for (const [label, item] of value) {
      checkItem(label, path, tags)
      checkItem(item, path, tags)
    }
  } else if (isList(value)) {
    for (const item of value) checkItem(item, path, tags)
  } else if ("kind" in value && value.kind === "tag") {
    if (!tags) throw malformed(path, "CBOR tag isn't allowed")
    checkItem(value.value, path, tags)
  }
}

function checkValues(header: CoseHeader, what: string): void {
  const refuse = (rule: string): never => {
    throw malformed(what, `header parameter: ${rule}`)
  }
  const algorithm = header.get(COSE_LABEL.algorithm)
  if (algorithm !== undefined && !isLabel(algorithm)) refuse("alg: require int / tstr type")
  for (const [name, label] of [
    ["content type", COSE_LABEL.contentType],
    ["type", COSE_LABEL.type],
  ] as const) {
    const value = header.get(label)
    const rule = value === undefined ? undefined : mediaTypeRule(value)
    if (rule !== undefined) refuse(`${name}: ${rule}`)
  }
  for (const [name, label] of [
    ["kid", COSE_LABEL.keyId],
    ["IV", COSE_LABEL.iv],
    ["Partial IV", COSE_LABEL.partialIv],
  ] as const) {
    const value = header.get(label)
    if (value !== undefined && !(value instanceof Uint8Array)) refuse(`${name}: require bstr type`)
  }
}

function mediaTypeRule(value: CborValue): string | undefined {
  if (typeof value !== "string") return isInteger(value) && value >= 0 ? undefined : "require tstr / uint type"
  if (value === "") return "require non-empty string"
  if (value.startsWith(" ") || value.endsWith(" ")) return "require no leading/trailing whitespace"
  return value.split("/").length === 2 ? undefined : "require text of form type/subtype"
}

/** Nobody verifies them: they are checked so that what is read here is read elsewhere. */
function checkCountersignatures(unprotected: CoseHeader, path: string): void {
  for (const label of ABBREVIATED) {
    const value = unprotected.get(label)
    if (value !== undefined && !(value instanceof Uint8Array)) {
      throw malformed(path, "header parameter: countersignature0: require bstr type")
    }
  }
  for (const label of COUNTERSIGNATURES) {
    const value = unprotected.get(label)
    if (value === undefined) continue
    const items = isList(value) ? value : []
    // One is a list that begins with its protected header, several are a list of such.
    const all = items[0] instanceof Uint8Array ? [items] : items
    if (all.length === 0 || all.length > MAX_COUNTERSIGNATURES) {
      throw malformed(path, `header parameter: counter signature: expected 1 to ${MAX_COUNTERSIGNATURES}`)
    }
    for (const one of all) checkCountersignature(one, `${path} counter signature`)
  }
}

function checkCountersignature(value: CborValue, what: string): void {
  const [protectedBytes, unprotected, signature, ...more] = isList(value) ? value : []
  if (!(protectedBytes instanceof Uint8Array) || !isHeader(unprotected) || more.length > 0) {
    throw malformed(what, "expected a protected header, an unprotected header and a signature")
  }
  if (!(signature instanceof Uint8Array) || signature.length === 0) throw malformed(what, "empty signature")
  // SECURITY: a stranger could nest them without end.
  if ([...COUNTERSIGNATURES, ...ABBREVIATED].some((label) => unprotected.has(label))) {
    throw malformed(what, "header parameter: counter signature: not allowed in another")
  }
  checkHeaders(protectedHeaderOf(protectedBytes, what), unprotected, what)
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

function isList(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value)
}
