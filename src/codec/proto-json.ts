import { decodeBase64 } from "./base64.ts"
import { expectArray, expectInt64, expectObject, expectString, unexpectedShape } from "./json-shape.ts"
import { malformed, quoted, tooLarge } from "./malformed.ts"
import type { JsonValue } from "../core/json-value.ts"

/** Members of one protobuf message in JSON, by their lowerCamelCase names. */
export type ProtoFields = ReadonlyMap<string, JsonValue>

/**
 * Read one protobuf message: names in lowerCamelCase or snake_case, `null` means absent.
 *
 * Unknown members and a field given in both spellings are refused, as Go's encoder does.
 *
 * @param names - lowerCamelCase names of the message's fields.
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 *
 * Spec: Protocol Buffers, ProtoJSON mapping.
 */
export function protoFields(value: JsonValue | undefined, path: string, names: readonly string[]): ProtoFields {
  const fields = new Map<string, JsonValue>()
  const seen = new Set<string>()
  for (const [key, item] of Object.entries(expectObject(value, path))) {
    const name = names.includes(key) ? key : names.find((other) => snakeCase(other) === key)
    if (name === undefined) {
      throw malformed(path, `saw member ${quoted(key)}, expected only ${names.join(", ")}`)
    }
    if (seen.has(name)) throw malformed(path, `saw member ${quoted(name)} in two spellings, expected it once`)
    seen.add(name)
    if (item !== null) fields.set(name, item)
  }
  return fields
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Bytes in either base64 alphabet, padded or not; absent is empty. */
export function protoBytes(value: JsonValue | undefined, path: string, max: number): Uint8Array {
  if (value === undefined) return new Uint8Array(0)
  return decodeBase64(expectString(value, path), { alphabet: "either", padding: "optional", max, what: path })
}

/** Like {@link protoBytes}, and empty is refused. */
export function requiredBytes(value: JsonValue | undefined, path: string, max: number): Uint8Array {
  const bytes = protoBytes(value, path, max)
  if (bytes.length === 0) throw unexpectedShape(value, path, "base64 of at least one byte")
  return bytes
}

/** A string; absent is empty. */
export function protoString(value: JsonValue | undefined, path: string): string {
  return value === undefined ? "" : expectString(value, path)
}

/** A 64-bit integer that is not negative; absent is 0. */
export function protoInt64(value: JsonValue | undefined, path: string): bigint {
  return value === undefined ? 0n : expectInt64(value, path)
}

/** A repeated field; absent is empty. More than `max` items is `E_LIMIT_EXCEEDED`. */
export function protoRepeated(
  value: JsonValue | undefined,
  path: string,
  max: number,
  unit: string,
): readonly JsonValue[] {
  if (value === undefined) return []
  const items = expectArray(value, path)
  if (items.length > max) throw tooLarge(path, items.length, max, unit)
  return items
}
