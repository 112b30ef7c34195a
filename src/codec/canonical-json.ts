import canonicalize from "canonicalize"
import type { JsonValue } from "../core/json-value.ts"
import { malformed } from "./malformed.ts"
import { hasLoneSurrogate } from "./utf8.ts"

function check(value: JsonValue): void {
  if (typeof value === "bigint") {
    throw malformed("canonical JSON", `${value} is beyond ±(2^53-1), which RFC 8785 cannot carry exactly`)
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw malformed("canonical JSON", `${value} is no number`)
  if (typeof value === "string" && hasLoneSurrogate(value)) throw malformed("canonical JSON", "a lone surrogate")
  if (typeof value !== "object" || value === null) return
  for (const [key, item] of Object.entries(value)) {
    if (hasLoneSurrogate(key)) throw malformed("canonical JSON", "a lone surrogate in a key")
    check(item)
  }
}

/**
 * The canonical form of a JSON value.
 *
 * @param value - plain data as {@link file://./json.ts} reads it; nesting is bounded by that reader.
 * @throws {ToolError} `E_FORMAT_MALFORMED` for bigint, NaN, infinities and lone surrogates.
 *
 * Spec: RFC 8785.
 */
export function canonicalJson(value: JsonValue): string {
  check(value)
  const text = canonicalize(value)
  if (text === undefined) throw malformed("canonical JSON", "not a JSON value")
  return text
}
