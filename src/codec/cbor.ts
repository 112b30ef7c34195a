import { cdeEncodeOptions, decode, encode, getEncoded, Tag } from "cbor2"
import { MIB } from "../core/limits.ts"
import { malformed, tooLarge } from "./malformed.ts"
import { decodeUtf8, hasLoneSurrogate } from "./utf8.ts"

/** Key of a map: other kinds are refused. */
export type CborKey = number | bigint | string

/** A tagged value. */
export interface CborTag {
  readonly kind: "tag"
  readonly tag: number | bigint
  readonly value: CborValue
}

/** A floating-point number, kept apart from integers: `1.0` is no label and no algorithm. */
export interface CborFloat {
  readonly kind: "float"
  readonly value: number
}

/** Integers are `number`, those outside ±(2^53-1) `bigint`; byte strings are `Uint8Array`. */
export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<CborKey, CborValue>
  | CborTag
  | CborFloat

/** Bounds of {@link parseCbor}. */
export interface CborOptions {
  /** Most bytes. Default 32 MiB. */
  readonly maxBytes?: number
  /** Elements beyond which it is no document of this kind, but malformed. */
  readonly maxElements?: number
  /** Name of the document for errors. */
  readonly what: string
}

/** What Go's COSE library reads at most: nested levels and elements, here of the whole document. */
const MAX_DEPTH = 32
const MAX_ELEMENTS = 131_072
const MAX_BYTES = 32 * MIB

const DECODE = {
  rejectDuplicateKeys: true,
  rejectStreaming: true,
  preferMap: true,
  ignoreGlobalTags: true,
  // Boxed numbers remember their bytes, which tell integers and floats apart.
  boxed: true,
} as const

/**
 * Read one CBOR item strictly.
 *
 * Refused: indefinite lengths, integers and lengths not in their shortest form, duplicate keys, keys that are neither
 * integers nor texts, invalid UTF-8, `undefined` and other simple values, anything behind the item, more than 32 levels,
 * 131,072 elements or `maxBytes`. The order of keys is free.
 *
 * @param bytes - untrusted. Byte strings of the result are copies.
 * @throws {ToolError} `E_FORMAT_MALFORMED` with the byte offset; `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 8949 sections 3, 4.2.1 and 5.3.
 */
export function parseCbor(bytes: Uint8Array, options: CborOptions): CborValue {
  const { what, maxBytes = MAX_BYTES } = options
  if (bytes.length > maxBytes) throw tooLarge(what, bytes.length, maxBytes, "bytes")
  // SECURITY: sizes that a document claims are compared with what is there before anything is made room for.
  scan(bytes, what, options.maxElements)
  let value: unknown
  try {
    value = decode(bytes, DECODE)
  } catch (cause) {
    throw malformed(what, `CBOR: ${cause instanceof Error ? cause.message : "cannot be decoded"}`, cause)
  }
  return fromLibrary(value, what)
}

/** Head of an item. */
interface Head {
  readonly major: number
  readonly info: number
  readonly argument: bigint
  readonly end: number
}

function readHead(bytes: Uint8Array, offset: number, what: string): Head {
  const first = bytes[offset]
  if (first === undefined) throw malformed(what, `CBOR ends at offset ${offset}, expected another item`)
  const info = first & 31
  if (info === 31) throw malformed(what, `CBOR has an indefinite length at offset ${offset}`)
  if (info > 27) throw malformed(what, `CBOR has the reserved head ${first} at offset ${offset}`)
  const size = info < 24 ? 0 : 2 ** (info - 24)
  const end = offset + 1 + size
  if (end > bytes.length) throw malformed(what, `CBOR ends within the item at offset ${offset}`)
  let argument = size === 0 ? BigInt(info) : 0n
  for (let i = offset + 1; i < end; i++) argument = (argument << 8n) | BigInt(bytes[i] ?? 0)
  const least = size === 0 ? 0n : size === 1 ? 24n : 1n << BigInt(size * 4)
  const major = first >> 5
  if (major !== 7 && argument < least) {
    throw malformed(what, `CBOR at offset ${offset}: saw a longer form than needed, expected the shortest`)
  }
  return { major, info, argument, end }
}

function scan(bytes: Uint8Array, what: string, expected: number = Number.MAX_SAFE_INTEGER): void {
  let offset = 0
  let elements = 0
  const item = (depth: number): void => {
    const start = offset
    const head = readHead(bytes, offset, what)
    offset = head.end
    elements += 1
    if (elements > expected) throw malformed(what, `CBOR has more than ${expected} elements`)
    if (elements > MAX_ELEMENTS) throw tooLarge(what, `more than ${MAX_ELEMENTS}`, MAX_ELEMENTS, "CBOR elements")
    if (head.major < 2) return
    if (head.major === 7) {
      if (head.info < 20 || head.info === 23 || head.info === 24) {
        throw malformed(what, `CBOR has a simple value at offset ${start}, expected none but false, true and null`)
      }
      return
    }
    if (head.major < 4) {
      skipString(head, start)
      return
    }
    if (depth >= MAX_DEPTH) throw tooLarge(what, `more than ${MAX_DEPTH}`, MAX_DEPTH, "CBOR levels")
    const count = head.major === 4 ? head.argument : head.major === 5 ? head.argument * 2n : 1n
    if (count > BigInt(bytes.length - offset)) {
      throw malformed(what, `CBOR at offset ${start} claims ${count} items, ${bytes.length - offset} bytes are left`)
    }
    for (let i = 0; i < Number(count); i++) item(depth + 1)
  }
  const skipString = (head: Head, start: number): void => {
    const left = bytes.length - offset
    if (head.argument > BigInt(left)) {
      throw malformed(what, `CBOR at offset ${start} claims ${head.argument} bytes, ${left} are left`)
    }
    const end = offset + Number(head.argument)
    // The library reads texts more leniently than UTF-8 allows.
    if (head.major === 3) decodeUtf8(bytes.subarray(offset, end), what)
    offset = end
  }
  item(0)
  if (offset !== bytes.length) throw malformed(what, `CBOR has ${bytes.length - offset} bytes behind its end`)
}

function fromLibrary(value: unknown, what: string): CborValue {
  if (value === null) return null
  // A byte string may view the library's buffer, or ours.
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map((item) => fromLibrary(item, what))
  if (value instanceof Map) return mapFromLibrary(value as ReadonlyMap<unknown, unknown>, what)
  if (value instanceof Tag) {
    return { kind: "tag", tag: Number(value.tag), value: fromLibrary(value.contents, what) }
  }
  if (value instanceof String || typeof value === "string") return value.valueOf()
  if (value instanceof Boolean || typeof value === "boolean") return value.valueOf()
  if (value instanceof Number || value instanceof BigInt) return numberFromLibrary(value, what)
  throw malformed(what, "CBOR has a value of an unknown kind")
}

function numberFromLibrary(boxed: object, what: string): CborValue {
  const first = getEncoded(boxed)?.[0]
  if (first === undefined) throw malformed(what, "CBOR has a number of an unknown kind")
  const value = boxed.valueOf() as number | bigint
  if (first >> 5 === 7) return { kind: "float", value: Number(value) }
  const integer = BigInt(value)
  const small = Number(integer)
  return Number.isSafeInteger(small) ? small : integer
}

function mapFromLibrary(map: ReadonlyMap<unknown, unknown>, what: string): ReadonlyMap<CborKey, CborValue> {
  const result = new Map<CborKey, CborValue>()
  for (const [boxed, item] of map) {
    const key = fromLibrary(boxed, what)
    if (typeof key !== "string" && typeof key !== "number" && typeof key !== "bigint") {
      throw malformed(what, "CBOR has a map key that is neither an integer nor a text")
    }
    if (result.has(key)) throw malformed(what, "CBOR has a duplicate map key")
    result.set(key, fromLibrary(item, what))
  }
  return result
}

/**
 * Write CBOR in its one deterministic form: shortest heads, definite lengths, map keys in the order of their encoding.
 *
 * @param value - integers, texts, byte strings, arrays, maps, tags, booleans and null; numbers must be safe integers.
 * @throws {ToolError} `E_FORMAT_MALFORMED` for floats and lone surrogates.
 *
 * Spec: RFC 8949 section 4.2.1.
 */
export function encodeCbor(value: CborValue): Uint8Array {
  return encode(toLibrary(value), cdeEncodeOptions)
}

function toLibrary(value: CborValue): unknown {
  const what = "CBOR output"
  if (value === null || typeof value === "boolean" || typeof value === "bigint") return value
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw malformed(what, `${value} is no safe integer`)
    return value === 0 ? 0 : value
  }
  if (typeof value === "string") {
    if (hasLoneSurrogate(value)) throw malformed(what, "a lone surrogate has no UTF-8 form")
    return value
  }
  if (value instanceof Uint8Array) return value
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<CborKey, CborValue>)]
    return new Map(entries.map(([key, item]) => [toLibrary(key), toLibrary(item)]))
  }
  if (isList(value)) return value.map(toLibrary)
  if ("kind" in value && value.kind === "tag") return new Tag(value.tag, toLibrary(value.value))
  throw malformed(what, "floating-point numbers are not written")
}

function isList(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value)
}
