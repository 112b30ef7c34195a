import { compareUtf8 } from "../../codec/utf8.ts"
import type { JsonValue } from "../../core/json-value.ts"

/**
 * Text encoders of the two Go libraries cosign writes with. `go` is encoding/json, which escapes `<`, `>`, `&`, U+2028
 * and U+2029; `proto` is the protobuf JSON encoder, which does not. Text is joined from pairs, never from objects,
 * because objects reorder keys that look like numbers.
 */
export type Dialect = "go" | "proto"

const HTML = /[<>&\u2028\u2029]/g

/** A JSON string. */
export function jsonString(text: string, dialect: Dialect): string {
  const plain = JSON.stringify(text)
  if (dialect === "proto") return plain
  return plain.replace(HTML, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
}

/** An object from members whose values are JSON text already; `undefined` members are left out. */
export function jsonObject(members: readonly (readonly [string, string | undefined])[], dialect: Dialect): string {
  const parts: string[] = []
  for (const [key, text] of members) if (text !== undefined) parts.push(`${jsonString(key, dialect)}:${text}`)
  return `{${parts.join(",")}}`
}

/** A float64 as Go prints it; integers past 2^53 lose their last digits, as they do there. */
function jsonNumber(value: number | bigint): string {
  const number = Number(value)
  return Object.is(number, -0) ? "-0" : String(number)
}

/** Any JSON value with all object keys in byte order: what Go makes of a generic value. */
export function sortedJson(value: JsonValue, dialect: Dialect): string {
  if (value === null || typeof value === "boolean") return String(value)
  if (typeof value === "string") return jsonString(value, dialect)
  if (typeof value === "number" || typeof value === "bigint") return jsonNumber(value)
  if (isArray(value)) return `[${value.map((item) => sortedJson(item, dialect)).join(",")}]`
  const entries = Object.entries(value).sort(([a], [b]) => compareUtf8(a, b))
  return jsonObject(
    entries.map(([key, item]): [string, string] => [key, sortedJson(item, dialect)]),
    dialect,
  )
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
