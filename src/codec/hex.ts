import { malformed, quoted, tooLarge } from "./malformed.ts"

const pairs: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** Lower-case hexadecimal. */
export function encodeHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += pairs[byte] ?? ""
  return text
}

/** What {@link decodeHex} accepts. */
export interface HexOptions {
  /** Most decoded bytes accepted. */
  readonly max: number
  /** Name of the field for errors. */
  readonly what: string
  /** Accept upper-case digits too. Default false. */
  readonly upperCase?: boolean
}

/**
 * Decode hexadecimal strictly.
 *
 * @param text - untrusted; an even number of digits, nothing else; lower case unless `upperCase`.
 * @throws {ToolError} `E_FORMAT_MALFORMED` with the offset of the first bad character; `E_LIMIT_EXCEEDED`.
 */
export function decodeHex(text: string, options: HexOptions): Uint8Array {
  if (text.length / 2 > options.max) throw tooLarge(options.what, Math.ceil(text.length / 2), options.max, "bytes")
  const bad = text.search(options.upperCase === true ? /[^0-9a-fA-F]/ : /[^0-9a-f]/)
  if (bad >= 0) throw malformed(options.what, `hexadecimal has ${quoted(text.slice(bad, bad + 1))} at offset ${bad}`)
  if (text.length % 2 !== 0) {
    throw malformed(options.what, `hexadecimal has ${text.length} digits, an odd number`)
  }
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16)
  return out
}
