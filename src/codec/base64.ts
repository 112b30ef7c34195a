import { malformed, quoted, tooLarge } from "./malformed.ts"

/** What {@link decodeBase64} accepts. */
export interface Base64Options {
  /** `either` takes one of the two per text, never a mixture. Default `standard`. */
  readonly alphabet?: "standard" | "url" | "either"
  /** Default `required`. */
  readonly padding?: "required" | "forbidden" | "optional"
  /** Most decoded bytes accepted. */
  readonly max: number
  /** Name of the field for errors. */
  readonly what: string
}

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const BAD = 255
const PAD = 0x3d

function decodeTable(alphabet: string): Uint8Array {
  const table = new Uint8Array(256).fill(BAD)
  for (let i = 0; i < alphabet.length; i++) table[alphabet.charCodeAt(i)] = i
  return table
}

function encodeTable(alphabet: string): Uint8Array {
  return new TextEncoder().encode(alphabet)
}

const decodeTables = { standard: decodeTable(STANDARD), url: decodeTable(URL_SAFE) }
const encodeTables = { standard: encodeTable(STANDARD), url: encodeTable(URL_SAFE) }
const ascii = new TextDecoder("utf-8")

function encode(bytes: Uint8Array, table: Uint8Array, pad: boolean): string {
  const rest = bytes.length % 3
  const whole = bytes.length - rest
  const out = new Uint8Array((whole / 3) * 4 + (rest === 0 ? 0 : pad ? 4 : rest + 1))
  const at = (index: number): number => bytes[index] ?? 0
  let o = 0
  for (let i = 0; i < whole; i += 3) {
    const word = (at(i) << 16) | (at(i + 1) << 8) | at(i + 2)
    out[o++] = table[word >> 18] ?? 0
    out[o++] = table[(word >> 12) & 63] ?? 0
    out[o++] = table[(word >> 6) & 63] ?? 0
    out[o++] = table[word & 63] ?? 0
  }
  if (rest > 0) {
    const word = (at(whole) << 16) | (rest === 2 ? at(whole + 1) << 8 : 0)
    out[o++] = table[word >> 18] ?? 0
    out[o++] = table[(word >> 12) & 63] ?? 0
    if (rest === 2) out[o++] = table[(word >> 6) & 63] ?? 0
    while (pad && o < out.length) out[o++] = PAD
  }
  return ascii.decode(out)
}

/** Standard alphabet, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  return encode(bytes, encodeTables.standard, true)
}

/** URL-safe alphabet, unpadded. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encode(bytes, encodeTables.url, false)
}

function chooseTable(text: string, alphabet: Base64Options["alphabet"]): Uint8Array {
  if (alphabet === "either") return /[-_]/.test(text) ? decodeTables.url : decodeTables.standard
  return decodeTables[alphabet ?? "standard"]
}

/** Length of `text` without its padding, after checking that the padding is as wanted. */
function unpaddedLength(text: string, options: Base64Options): number {
  let end = text.length
  while (end > 0 && text.length - end < 2 && text.charCodeAt(end - 1) === PAD) end--
  const padding = text.length - end
  const wanted = (4 - (end % 4)) % 4
  const rule = options.padding ?? "required"
  if (end % 4 === 1) throw malformed(options.what, `base64 cannot have ${end} characters before the padding`)
  if (padding === wanted && (rule !== "forbidden" || padding === 0)) return end
  if (padding === 0 && rule !== "required") return end
  const expected = rule === "forbidden" ? "none" : `${wanted}`
  throw malformed(options.what, `base64 padding at offset ${end}: saw ${padding} "=", expected ${expected}`)
}

/**
 * Decode base64 strictly: one text has one meaning and one meaning has one text.
 *
 * @param text - untrusted. Whitespace, foreign characters, misplaced padding and non-zero trailing bits are refused.
 * @param options - alphabet, padding rule and the most decoded bytes accepted.
 * @throws {ToolError} `E_FORMAT_MALFORMED` with the offset of the first bad character; `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 4648 sections 3.2, 3.3, 3.5, 4, 5.
 */
export function decodeBase64(text: string, options: Base64Options): Uint8Array {
  // A text this long cannot decode to `max` bytes or fewer, whatever it holds.
  if (text.length > Math.ceil(options.max / 3) * 4) {
    throw tooLarge(options.what, `${Math.floor(text.length / 4) * 3}`, options.max, "bytes")
  }
  const table = chooseTable(text, options.alphabet)
  const end = unpaddedLength(text, options)
  const size = Math.floor((end * 3) / 4)
  if (size > options.max) throw tooLarge(options.what, size, options.max, "bytes")
  const out = new Uint8Array(size)
  const code = (index: number): number => {
    const value = text.charCodeAt(index)
    return value < 256 ? (table[value] ?? BAD) : BAD
  }
  let o = 0
  let i = 0
  for (; i + 4 <= end; i += 4) {
    const a = code(i)
    const b = code(i + 1)
    const c = code(i + 2)
    const d = code(i + 3)
    if ((a | b | c | d) > 63) throw badCharacter(text, i, code, options.what)
    out[o++] = (a << 2) | (b >> 4)
    out[o++] = ((b & 15) << 4) | (c >> 2)
    out[o++] = ((c & 3) << 6) | d
  }
  if (i < end) {
    const a = code(i)
    const b = code(i + 1)
    const c = end - i === 3 ? code(i + 2) : 0
    if ((a | b | c) > 63) throw badCharacter(text, i, code, options.what)
    const trailing = end - i === 3 ? c & 3 : b & 15
    if (trailing !== 0) throw malformed(options.what, `base64 has non-zero trailing bits at offset ${end - 1}`)
    out[o++] = (a << 2) | (b >> 4)
    if (end - i === 3) out[o] = ((b & 15) << 4) | (c >> 2)
  }
  return out
}

function badCharacter(text: string, from: number, code: (index: number) => number, what: string): Error {
  let offset = from
  while (offset < text.length - 1 && code(offset) <= 63) offset++
  return malformed(what, `base64 has ${quoted(text.slice(offset, offset + 1))} at offset ${offset}`)
}
