import type { JsonValue } from "../core/json-value.ts"
import { malformed } from "./malformed.ts"
import { hasLoneSurrogate } from "./utf8.ts"

/**
 * The canonical form of a JSON value as TUF signs it: keys in the order of their code points, no spaces, integers alone,
 * and nothing escaped in strings but the quotation mark and the backslash. It may hold raw control characters, so it is
 * no JSON: bytes to sign, never to read.
 *
 * @param value - plain data as {@link file://./json.ts} reads it; nesting is bounded by that reader.
 * @returns text whose UTF-8 bytes are signed.
 * @throws {ToolError} `E_FORMAT_MALFORMED` for numbers that are no integers and for lone surrogates.
 *
 * Spec: wiki.laptop.org/go/Canonical_JSON, named by TUF section 4.1.
 */
export function olpcJson(value: JsonValue): string {
  if (typeof value === "string") return quote(value)
  if (typeof value === "bigint") return value.toString()
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw malformed("canonical JSON", `${value} is no integer`)
    return String(value === 0 ? 0 : value)
  }
  if (value === null || typeof value === "boolean") return String(value)
  if (isArray(value)) return `[${value.map(olpcJson).join(",")}]`
  const members = Object.entries(value).toSorted(([a], [b]) => compareCodePoints(a, b))
  return `{${members.map(([key, item]) => `${quote(key)}:${olpcJson(item)}`).join(",")}}`
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function quote(text: string): string {
  if (hasLoneSurrogate(text)) throw malformed("canonical JSON", "a lone surrogate")
  return `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`
}

/** As bytes of UTF-8 compare; JavaScript's own order is that of UTF-16. */
function compareCodePoints(a: string, b: string): number {
  const [left, right] = [codePoints(a), codePoints(b)]
  for (const [at, point] of left.entries()) {
    const difference = point - (right[at] ?? -1)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

function codePoints(text: string): readonly number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0)
}
