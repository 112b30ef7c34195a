import type { JsonObject, JsonValue } from "../core/json-value.ts"
import { malformed, quoted } from "./malformed.ts"

/**
 * Typed access to JSON that came from outside. Each function takes the value and its path (`manifest.layers[0].size`),
 * which appears in the error together with what was seen. All throw `E_FORMAT_MALFORMED`.
 */
type Seen = JsonValue | undefined

function kindOf(value: Seen): string {
  if (value === undefined) return "nothing"
  if (value === null) return "null"
  if (isArray(value)) return `an array of ${value.length}`
  if (typeof value === "string") return `the string ${quoted(value)}`
  if (typeof value === "object") return "an object"
  return `the ${typeof value === "boolean" ? "boolean" : "number"} ${String(value)}`
}

function isArray(value: Seen): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** Error naming the path, what was seen and what was expected. */
export function unexpectedShape(value: Seen, path: string, expected: string): Error {
  return malformed(path, `saw ${kindOf(value)}, expected ${expected}`)
}

/** Whether a value is an object (not an array, not null). */
export function isObject(value: Seen): value is JsonObject {
  return typeof value === "object" && value !== null && !isArray(value)
}

/** Own member of an object, `undefined` when absent; never an inherited one. */
export function member(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** The value as an object. */
export function expectObject(value: Seen, path: string): JsonObject {
  if (!isObject(value)) throw unexpectedShape(value, path, "an object")
  return value
}

/** The value as an array of at most `max` items. */
export function expectArray(value: Seen, path: string, max: number = Number.MAX_SAFE_INTEGER): readonly JsonValue[] {
  if (!isArray(value)) throw unexpectedShape(value, path, "an array")
  if (value.length > max) throw unexpectedShape(value, path, `an array of at most ${max}`)
  return value
}

/** The value as a string. */
export function expectString(value: Seen, path: string): string {
  if (typeof value !== "string") throw unexpectedShape(value, path, "a string")
  return value
}

/** The value as a string that is not empty. */
export function expectText(value: Seen, path: string): string {
  const text = expectString(value, path)
  if (text === "") throw unexpectedShape(value, path, "a string that is not empty")
  return text
}

/** Like {@link expectString}, `undefined` when absent. */
export function optionalString(value: Seen, path: string): string | undefined {
  return value === undefined ? undefined : expectString(value, path)
}

/** The value as one of the given strings. */
export function expectOneOf<const T extends string>(value: Seen, path: string, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value)
  if (found === undefined) throw unexpectedShape(value, path, `one of ${allowed.join(", ")}`)
  return found
}

/** The value as a safe integer within `min` … `max`, both included. Default minimum 0. */
export function expectInteger(value: Seen, path: string, min = 0, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
    throw unexpectedShape(value, path, `an integer from ${min} to ${max}`)
  }
  // -0 is equal to 0 but prints and divides differently.
  return value === 0 ? 0 : value
}

/**
 * A 64-bit integer of protobuf JSON: a JSON integer or the same as a decimal string.
 *
 * @returns within `min` … `max`; default 0 … 2^63-1.
 */
export function expectInt64(value: Seen, path: string, min = 0n, max: bigint = 2n ** 63n - 1n): bigint {
  let number: bigint | undefined
  if (typeof value === "bigint") number = value
  else if (typeof value === "number" && Number.isSafeInteger(value)) number = BigInt(value)
  else if (typeof value === "string" && /^(?:0|-?[1-9][0-9]{0,19})$/.test(value)) number = BigInt(value)
  if (number === undefined || number < min || number > max) {
    throw unexpectedShape(value, path, `an integer from ${min.toString()} to ${max.toString()}`)
  }
  return number
}

/** An object whose values are all strings, copied without prototype. Absent gives an empty one when `value` is undefined. */
export function stringRecord(value: Seen, path: string, max = 10_000): Readonly<Record<string, string>> {
  const record = Object.create(null) as Record<string, string>
  if (value === undefined) return record
  const entries = Object.entries(expectObject(value, path))
  if (entries.length > max) throw malformed(path, `saw ${entries.length} members, expected at most ${max}`)
  for (const [key, item] of entries) record[key] = expectString(item, `${path}[${quoted(key)}]`)
  return record
}

/** Refuse members whose name is not listed. */
export function onlyMembers(object: JsonObject, path: string, allowed: readonly string[]): void {
  for (const key of Object.keys(object)) {
    if (!allowed.includes(key)) throw malformed(path, `saw member ${quoted(key)}, expected only ${allowed.join(", ")}`)
  }
}
