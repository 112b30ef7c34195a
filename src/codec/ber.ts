import { ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import { DER_TAG } from "./der.ts"
import { malformed, tooLarge } from "./malformed.ts"

/** Universal types whose value may come in pieces: BIT STRING, OCTET STRING, and the character string types. */
const STRING_TYPES: ReadonlySet<number> = new Set([3, 4, 12, 18, 19, 20, 21, 22, 25, 26, 27, 28, 30])
/** Universal types that are always made of elements: EXTERNAL, EMBEDDED PDV, SEQUENCE, SET. */
const STRUCTURES: ReadonlySet<number> = new Set([8, 11, 16, 17])
const CONSTRUCTED = 0x20
/**
 * Elements in one document; a token with five certificates has seven hundred. The least ones take two bytes and, read, fifty
 * times that, and dozens of such documents may lie beside one artifact.
 */
const MAX_ELEMENTS = 10_000

/** An element, read: `size` is the length of its contents in DER. */
interface Node {
  readonly tag: number
  readonly size: number
  /** Primitive contents; constructed elements have `children`. */
  readonly pieces: readonly Uint8Array[]
  readonly children: readonly Node[]
}

interface Reader {
  readonly bytes: Uint8Array
  readonly what: string
  at: number
  elements: number
}

/** Octets of a length field after its first one. */
function lengthOctets(length: number): number {
  if (length < 0x80) return 0
  return length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4
}

function encodedSize(node: Node): number {
  return 2 + lengthOctets(node.size) + node.size
}

/** End of the contents, or `undefined` for the indefinite form. */
function readLength(reader: Reader, end: number): number | undefined {
  const { bytes, what } = reader
  const first = reader.at < end ? bytes[reader.at] : undefined
  if (first === undefined) throw malformed(what, `BER ends at offset ${reader.at}`)
  reader.at++
  if (first === 0x80) return undefined
  let length = first
  if (first > 0x80) {
    const count = first & 0x7f
    if (count > 4) throw malformed(what, `BER at offset ${reader.at}: length of ${count} octets, expected 1 to 4`)
    if (reader.at + count > end) throw malformed(what, `BER ends at offset ${end}`)
    length = 0
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[reader.at++] ?? 0)
  }
  if (length > end - reader.at) {
    const why = `BER at offset ${reader.at}: element of ${length} bytes, ${end - reader.at} are left`
    throw new ToolError("E_FORMAT_MALFORMED", {
      what: `malformed ${what}`,
      why,
      // In the words of tspclient-go.
      details: {
        asn1: `asn1: syntax error: decoding BER length octets: ${first > 0x80 ? "long" : "short"} form length octets value should be less or equal to the subsequent octets length`,
      },
    })
  }
  return reader.at + length
}

function readNode(reader: Reader, end: number, depth: number): Node {
  const { bytes, what } = reader
  if (depth > limits.derDepth) throw tooLarge(what, depth, limits.derDepth, "nested levels")
  if (++reader.elements > MAX_ELEMENTS) throw tooLarge(what, reader.elements, MAX_ELEMENTS, "elements")
  const tag = reader.at < end ? bytes[reader.at] : undefined
  if (tag === undefined) throw malformed(what, `BER ends at offset ${reader.at}`)
  if ((tag & 0x1f) === 0x1f) throw malformed(what, `BER at offset ${reader.at}: multi-byte tag`)
  if (tag === 0) throw malformed(what, `BER at offset ${reader.at}: end of contents, expected an element`)
  if (!formFits(tag)) throw malformed(what, `BER at offset ${reader.at}: tag 0x${tag.toString(16)} has the wrong form`)
  reader.at++
  const stop = readLength(reader, end)
  if ((tag & CONSTRUCTED) === 0) {
    if (stop === undefined) throw malformed(what, `BER at offset ${reader.at}: indefinite length of a primitive`)
    const contents = bytes.subarray(reader.at, stop)
    reader.at = stop
    return { tag, size: contents.length, pieces: [contents], children: [] }
  }
  const children: Node[] = []
  while (stop === undefined ? !endOfContents(reader, end) : reader.at < stop) {
    children.push(readNode(reader, stop ?? end, depth + 1))
  }
  if (tag < 0x40 && STRING_TYPES.has(tag & 0x1f)) return joined(tag & ~CONSTRUCTED, children, what)
  return { tag, size: children.reduce((sum, child) => sum + encodedSize(child), 0), pieces: [], children }
}

/** Whether a universal type may be primitive, or constructed, as the tag says. */
function formFits(tag: number): boolean {
  if (tag >= 0x40) return true
  const constructed = (tag & CONSTRUCTED) !== 0
  const type = tag & 0x1f
  return STRUCTURES.has(type) ? constructed : !constructed || STRING_TYPES.has(type)
}

function endOfContents(reader: Reader, end: number): boolean {
  const { bytes } = reader
  if (reader.at + 2 > end || bytes[reader.at] !== 0 || bytes[reader.at + 1] !== 0) return false
  reader.at += 2
  return true
}

/** A string in pieces as one. Pieces in pieces were joined before. */
function joined(tag: number, segments: readonly Node[], what: string): Node {
  for (const segment of segments) {
    // X.690 8.7.3.2, 8.21.3.1: character strings are cut into OCTET STRINGs, the others into their own type.
    const expected = tag === DER_TAG.bitString ? DER_TAG.bitString : DER_TAG.octetString
    if (segment.tag !== expected && segment.tag !== tag) {
      throw malformed(what, `BER: string of type ${tag} with a piece of tag 0x${segment.tag.toString(16)}`)
    }
  }
  const pieces =
    tag === DER_TAG.bitString ? bitPieces(segments, what) : segments.flatMap((segment) => [...segment.pieces])
  return { tag, size: pieces.reduce((sum, piece) => sum + piece.length, 0), pieces, children: [] }
}

/** Only whole bytes: nothing this program reads has odd bits in pieces. */
function bitPieces(segments: readonly Node[], what: string): Uint8Array[] {
  const pieces: Uint8Array[] = [Uint8Array.of(0)]
  for (const { pieces: parts } of segments) {
    const [head, ...rest] = parts
    if (head?.[0] !== 0) throw malformed(what, "BER: piece of a BIT STRING with unused bits")
    pieces.push(head.subarray(1), ...rest)
  }
  return pieces
}

function write(node: Node, out: Uint8Array, start: number): number {
  let at = start
  out[at++] = node.tag
  const count = lengthOctets(node.size)
  if (count === 0) out[at++] = node.size
  else {
    out[at++] = 0x80 | count
    for (let i = count - 1; i >= 0; i--) out[at++] = Math.floor(node.size / 256 ** i) & 0xff
  }
  for (const piece of node.pieces) {
    out.set(piece, at)
    at += piece.length
  }
  for (const child of node.children) at = write(child, out, at)
  return at
}

function readWhole(bytes: Uint8Array, what: string, max: number): Node {
  if (bytes.length > max) throw tooLarge(what, bytes.length, max, "bytes")
  const reader: Reader = { bytes, what, at: 0, elements: 0 }
  const node = readNode(reader, bytes.length, 0)
  if (reader.at < bytes.length) throw malformed(what, `BER has ${bytes.length - reader.at} trailing bytes`)
  return node
}

/**
 * Rewrite one BER element in the form that {@link parseDer} reads: definite and shortest lengths, strings in one piece.
 * DER comes back unchanged. Primitive values and the order in sets are kept as they are.
 *
 * @param bytes - untrusted; one element and nothing after it.
 * @param what - name of the structure for errors.
 * @param max - bytes.
 * @throws {ToolError} `E_FORMAT_MALFORMED`; `E_LIMIT_EXCEEDED` past `max` and past the depth limit.
 *
 * Spec: X.690 section 8.
 */
export function berToDer(bytes: Uint8Array, what: string, max: number): Uint8Array {
  const node = readWhole(bytes, what, max)
  const out = new Uint8Array(encodedSize(node))
  write(node, out, 0)
  return out
}

/**
 * The elements inside one constructed BER element, each as received: for documents that hold a part which others read
 * by its bytes.
 *
 * @param max - bytes.
 * @throws {ToolError} as {@link berToDer}.
 */
export function berParts(bytes: Uint8Array, what: string, max: number): Uint8Array[] {
  readWhole(bytes, what, max)
  const reader: Reader = { bytes, what, at: 1, elements: 0 }
  if (((bytes[0] ?? 0) & CONSTRUCTED) === 0) throw malformed(what, "BER: a primitive, expected a constructed element")
  const stop = readLength(reader, bytes.length)
  const parts: Uint8Array[] = []
  while (stop === undefined ? !endOfContents(reader, bytes.length) : reader.at < stop) {
    const start = reader.at
    readNode(reader, stop ?? bytes.length, 1)
    parts.push(bytes.subarray(start, reader.at))
  }
  return parts
}
