import { malformed } from "./malformed.ts"

const encoder = new TextEncoder()
const LONE_SURROGATE = /\p{Cs}/u

/**
 * Decode UTF-8 exactly: invalid sequences are refused, a byte order mark stays in the text.
 *
 * @param what - name of the document for errors.
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 */
export function decodeUtf8(bytes: Uint8Array, what = "text"): string {
  try {
    // A fresh decoder: one that failed keeps no state, but one shared across a throw is not specified to.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw malformed(what, "not valid UTF-8", cause)
  }
}

/**
 * Encode as UTF-8.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED` for lone surrogates, which have no UTF-8 form and would be replaced silently.
 */
export function encodeUtf8(text: string, what = "text"): Uint8Array {
  if (LONE_SURROGATE.test(text)) throw malformed(what, "a lone surrogate has no UTF-8 form")
  return encoder.encode(text)
}

/** Whether `text` holds a surrogate without its partner. */
export function hasLoneSurrogate(text: string): boolean {
  return LONE_SURROGATE.test(text)
}

/** Order of the UTF-8 encodings, which is the order of code points: what Go's `sort.Strings` does. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    const xs = x >= 0xd800 && x <= 0xdfff
    const ys = y >= 0xd800 && y <= 0xdfff
    // Surrogates stand for code points above every other unit.
    if (xs !== ys) return xs ? 1 : -1
    return x - y
  }
  return a.length - b.length
}
