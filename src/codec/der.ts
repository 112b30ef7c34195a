import { limits } from "../core/limits.ts"
import { encodeHex } from "./hex.ts"
import { malformed, tooLarge } from "./malformed.ts"

/** One DER element. */
export interface DerElement {
  /** Identifier octet: class, constructed bit and tag number below 31. */
  readonly tag: number
  /** Content octets. */
  readonly contents: Uint8Array
  /** Identifier, length and content octets: the bytes as received. */
  readonly raw: Uint8Array
  /** 0 for the outermost element. */
  readonly depth: number
}

/** Identifier octets used here. */
export const DER_TAG: Readonly<
  Record<"boolean" | "integer" | "bitString" | "octetString" | "null" | "oid" | "sequence" | "set", number>
> = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
}

function readElement(bytes: Uint8Array, at: number, depth: number, what: string): DerElement {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) throw malformed(what, `DER ends at offset ${at}`)
  if ((tag & 0x1f) === 0x1f) throw malformed(what, `DER at offset ${at}: multi-byte tag`)
  let length = first
  let start = at + 2
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > 4)
      throw malformed(what, `DER at offset ${at}: length of ${count} octets, expected 1 to 4`)
    length = 0
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[start + i] ?? 0)
    start += count
    if (start > bytes.length) throw malformed(what, `DER ends at offset ${bytes.length}`)
    if (length < 0x80 || length < 256 ** (count - 1)) {
      throw malformed(what, `DER at offset ${at}: length is not in its shortest form`)
    }
  }
  const end = start + length
  if (end > bytes.length) {
    throw malformed(what, `DER at offset ${at}: element of ${length} bytes, ${bytes.length - start} are left`)
  }
  return { tag, contents: bytes.subarray(start, end), raw: bytes.subarray(at, end), depth }
}

/**
 * Read one DER element that fills `bytes` exactly. The result views `bytes`, nothing is copied.
 *
 * @param bytes - untrusted.
 * @param what - name of the structure for errors.
 * @throws {ToolError} `E_FORMAT_MALFORMED` for indefinite or non-minimal lengths, multi-byte tags and trailing bytes.
 *
 * Spec: X.690 sections 8 and 10.
 */
export function parseDer(bytes: Uint8Array, what: string): DerElement {
  const element = readElement(bytes, 0, 0, what)
  const trailing = bytes.length - element.raw.length
  if (trailing > 0) throw malformed(what, `DER has ${trailing} trailing bytes`)
  return element
}

/** Elements inside a constructed element. @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED` past the depth limit. */
export function derChildren(element: DerElement, what: string): DerElement[] {
  if ((element.tag & 0x20) === 0) throw malformed(what, `DER tag 0x${element.tag.toString(16)} is not constructed`)
  if (element.depth >= limits.derDepth) throw tooLarge(what, element.depth + 1, limits.derDepth, "nested levels")
  const children: DerElement[] = []
  for (let at = 0; at < element.contents.length;) {
    const child = readElement(element.contents, at, element.depth + 1, what)
    children.push(child)
    at += child.raw.length
  }
  return children
}

/** The element if it has the tag. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function expectDer(element: DerElement | undefined, tag: number, what: string): DerElement {
  if (element?.tag !== tag) {
    const seen = element === undefined ? "nothing" : `tag 0x${element.tag.toString(16)}`
    throw malformed(what, `DER: saw ${seen}, expected tag 0x${tag.toString(16)}`)
  }
  return element
}

/** Children of a SEQUENCE. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function derSequence(element: DerElement | undefined, what: string): DerElement[] {
  return derChildren(expectDer(element, DER_TAG.sequence, what), what)
}

/** Value of an INTEGER, which must be in its shortest form. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function derInteger(element: DerElement | undefined, what: string): bigint {
  const { contents } = expectDer(element, DER_TAG.integer, what)
  const [first, second] = contents
  if (first === undefined) throw malformed(what, "DER: empty INTEGER")
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw malformed(what, "DER: INTEGER is not in its shortest form")
  }
  const value = bytesToBigint(contents)
  return first >= 0x80 ? value - (1n << BigInt(contents.length * 8)) : value
}

/** Dotted form of an OBJECT IDENTIFIER. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function derOid(element: DerElement | undefined, what: string): string {
  const { contents } = expectDer(element, DER_TAG.oid, what)
  if (contents.length === 0 || contents.length > 64 || (contents.at(-1) ?? 0) >= 0x80) {
    throw malformed(what, "DER: malformed OBJECT IDENTIFIER")
  }
  let text = ""
  let arc: number | bigint = 0
  let fresh = true
  for (const byte of contents) {
    if (fresh && byte === 0x80) throw malformed(what, "DER: OBJECT IDENTIFIER is not in its shortest form")
    arc = nextArc(arc, byte & 0x7f)
    fresh = byte < 0x80
    if (fresh) {
      text += text === "" ? firstArcs(arc) : `.${arc}`
      arc = 0
    }
  }
  return text
}

/** An arc with seven more bits; a number as long as it is exact. */
function nextArc(arc: number | bigint, bits: number): number | bigint {
  return typeof arc === "number" && arc < 2 ** 40 ? arc * 128 + bits : (BigInt(arc) << 7n) | BigInt(bits)
}

/** The first two arcs, which are written as one number. */
function firstArcs(head: number | bigint): string {
  const root = head < 40 ? 0 : head < 80 ? 1 : 2
  return `${root}.${typeof head === "number" ? head - root * 40 : head - BigInt(root * 40)}`
}

/** Content of a BIT STRING of whole bytes. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function derBitString(element: DerElement | undefined, what: string): Uint8Array {
  const { contents } = expectDer(element, DER_TAG.bitString, what)
  if (contents[0] !== 0) throw malformed(what, "DER: BIT STRING with unused bits")
  return contents.subarray(1)
}

/** Content of an OCTET STRING. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function derOctetString(element: DerElement | undefined, what: string): Uint8Array {
  return expectDer(element, DER_TAG.octetString, what).contents
}

/** Bytes whose value every number holds exactly. */
const EXACT_BYTES = 6

/** Big-endian unsigned value of bytes. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  if (bytes.length > EXACT_BYTES) return BigInt(`0x${encodeHex(bytes)}`)
  let value = 0
  for (const byte of bytes) value = value * 256 + byte
  return BigInt(value)
}

/**
 * Big-endian unsigned bytes of a value.
 *
 * @param length - bytes to fill, zeros in front; absent gives the shortest form (one byte for 0).
 * @throws {RangeError} when negative or too big for `length`.
 */
export function bigintToBytes(value: bigint, length?: number): Uint8Array {
  if (value < 0n) throw new RangeError("negative value")
  const text = value.toString(16)
  const size = length ?? Math.ceil(text.length / 2)
  if (text.length > size * 2) throw new RangeError("value does not fit")
  const padded = text.padStart(size * 2, "0")
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = Number.parseInt(padded.slice(i * 2, i * 2 + 2), 16)
  return bytes
}

/** One DER element around the contents given in order. */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0)
  const lengthBytes = length < 0x80 ? Uint8Array.of(length) : bigintToBytes(BigInt(length))
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | lengthBytes.length, ...lengthBytes]
  const out = new Uint8Array(header.length + length)
  out.set(header)
  let at = header.length
  for (const part of contents) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** A non-negative INTEGER. */
export function encodeDerInteger(value: bigint): Uint8Array {
  const bytes = bigintToBytes(value)
  return encodeDer(DER_TAG.integer, (bytes[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0), bytes)
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function encodeDerOid(dotted: string): Uint8Array {
  const [root = 0n, second = 0n, ...rest] = dotted.split(".").map(BigInt)
  const bytes = [root * 40n + second, ...rest].flatMap((arc) => {
    const groups = [Number(arc & 0x7fn)]
    for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80)
    return groups
  })
  return encodeDer(DER_TAG.oid, Uint8Array.from(bytes))
}
