import type { JsonObject, JsonValue } from "../core/json-value.ts"
import { malformed } from "./malformed.ts"
import { compareUtf8, hasLoneSurrogate } from "./utf8.ts"

/** A JSON object with an order of its own; a plain object puts keys like `"10"` first. */
export type GoJsonMap = ReadonlyMap<string, GoJsonValue>

/** What {@link goJson} prints. Members that are `undefined` are left out, like Go's `omitempty`. */
export type GoJsonValue =
  JsonValue | GoJsonMap | readonly GoJsonValue[] | { readonly [key: string]: GoJsonValue | undefined }

/** Form of {@link goJson}. */
export interface GoJsonOptions {
  /** Text per level, as in Go's `MarshalIndent`; absent prints one line. */
  readonly indent?: string
  /** False leaves `<`, `>` and `&` as they are (`SetEscapeHTML(false)`). Default true. */
  readonly escapeHtml?: boolean
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
])

const PLAIN = /["\\\u0000-\u001f\u2028\u2029]/g

const HTML = /["\\\u0000-\u001f\u2028\u2029<>&]/g

function escapeCharacter(character: string): string {
  return ESCAPES.get(character) ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
}

function goString(text: string, escapeHtml: boolean): string {
  if (hasLoneSurrogate(text)) throw malformed("JSON output", "a lone surrogate has no UTF-8 form")
  return `"${text.replace(escapeHtml ? HTML : PLAIN, escapeCharacter)}"`
}

function goNumber(value: number): string {
  if (!Number.isFinite(value)) throw malformed("JSON output", `${value} is no JSON number`)
  // JavaScript's shortest digits and its limits for exponents (1e-6, 1e21) are Go's; only negative zero differs.
  return Object.is(value, -0) ? "-0" : String(value)
}

function entriesOf(value: object): [string, GoJsonValue][] {
  const entries = value instanceof Map ? [...(value as GoJsonMap)] : Object.entries(value as JsonObject)
  return entries.filter((entry) => (entry[1] as unknown) !== undefined)
}

/**
 * Print JSON to the byte as Go's `encoding/json` does: `<`, `>`, `&`, U+2028 and U+2029 escaped, control characters as
 * `\b \f \n \r \t` or `\u00xx`, floats as Go prints float64. Members keep the order given; Go sorts maps, so wrap
 * those in {@link sortedKeys}.
 *
 * @returns text without a final newline (`json.Encoder` adds one, `json.Marshal` does not).
 * @throws {ToolError} `E_FORMAT_MALFORMED` for NaN, infinities and lone surrogates.
 *
 * Shape: Go 1.22 and later, `encoding/json`.
 */
export function goJson(value: GoJsonValue, options: GoJsonOptions = {}): string {
  const { indent } = options
  const escapeHtml = options.escapeHtml ?? true
  const print = (item: GoJsonValue, level: number): string => {
    if (item === null) return "null"
    if (typeof item === "string") return goString(item, escapeHtml)
    if (typeof item === "number") return goNumber(item)
    if (typeof item === "bigint" || typeof item === "boolean") return String(item)
    const list = Array.isArray(item)
    const parts = list
      ? (item as readonly GoJsonValue[]).map((child) => print(child, level + 1))
      : entriesOf(item).map(
          ([key, child]) => `${goString(key, escapeHtml)}:${indent === undefined ? "" : " "}${print(child, level + 1)}`,
        )
    const [open, close] = list ? ["[", "]"] : ["{", "}"]
    if (indent === undefined || parts.length === 0) return `${open}${parts.join(",")}${close}`
    const inner = `\n${indent.repeat(level + 1)}`
    return `${open}${inner}${parts.join(`,${inner}`)}\n${indent.repeat(level)}${close}`
  }
  return print(value, 0)
}

/** Members of a Go map in the order Go prints them: by the bytes of their keys. Values are left as they are. */
export function sortedKeys<T extends GoJsonValue | undefined>(object: Readonly<Record<string, T>>): GoJsonMap {
  const map = new Map<string, GoJsonValue>()
  const entries = Object.entries(object).toSorted(([a], [b]) => compareUtf8(a, b))
  for (const [key, value] of entries) if (value !== undefined) map.set(key, value)
  return map
}

/** Like {@link sortedKeys} on every level: a value that went through Go's `map[string]any`. */
export function sortedDeep(value: JsonValue): GoJsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(sortedDeep)
  if (typeof value !== "object" || value === null) return value
  const sorted = new Map<string, GoJsonValue>()
  for (const [key, item] of sortedKeys(value as JsonObject)) sorted.set(key, sortedDeep(item as JsonValue))
  return sorted
}
