import { decodeBase64, encodeBase64 } from "../../../codec/base64.ts"
import { isObject } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import { sortedJson } from "../json-text.ts"
import { parseRfc3339, protoTimeText } from "./go-time.ts"
import { badPredicate } from "./predicate-type.ts"

/** A protobuf field type as far as cosign's predicates need it; `object` is google.protobuf.Struct. */
export type ProtoType =
  | { readonly kind: "string" | "bool" | "bytes" | "time" | "object" | "string-map" }
  | { readonly kind: "list"; readonly of: ProtoMessage }
  | { readonly kind: "message"; readonly message: ProtoMessage }

/** Fields by their lowerCamelCase name. */
export type ProtoMessage = Readonly<Record<string, ProtoType>>

/**
 * Read a JSON object as a protobuf message and print it as cosign 3 does: unknown members dropped, zero values left
 * out, keys in byte order, times in UTC.
 *
 * @param prefix - start of the reason in errors.
 * @throws {ToolError} `E_USAGE` for a value of the wrong kind or a field given twice.
 */
export function throughProto(message: ProtoMessage, value: JsonValue, prefix: string): string {
  return sortedJson(readMessage(message, value, prefix, "predicate"), "proto")
}

function readMessage(message: ProtoMessage, value: JsonValue, prefix: string, path: string): JsonObject {
  if (!isObject(value)) throw wrong(prefix, path, "an object", value)
  const names = new Map<string, string>()
  for (const name of Object.keys(message)) {
    names.set(name, name)
    names.set(
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      name,
    )
  }
  const out = Object.create(null) as Record<string, JsonValue>
  const seen = new Set<string>()
  for (const [key, item] of Object.entries(value)) {
    const name = names.get(key)
    const type = name === undefined ? undefined : message[name]
    if (name === undefined || type === undefined) continue
    if (seen.has(name)) throw badPredicate(`${prefix}proto: duplicate field "${key}" in ${path}`)
    seen.add(name)
    const read = item === null ? undefined : readField(type, item, prefix, `${path}.${name}`)
    if (read !== undefined) out[name] = read
  }
  return out
}

/** The field's value, `undefined` for its zero value. */
function readField(type: ProtoType, value: JsonValue, prefix: string, path: string): JsonValue | undefined {
  switch (type.kind) {
    case "string":
      if (typeof value !== "string") throw wrong(prefix, path, "a string", value)
      return value === "" ? undefined : value
    case "bool":
      if (typeof value !== "boolean") throw wrong(prefix, path, "true or false", value)
      return value ? true : undefined
    case "bytes":
      return readBytes(value, prefix, path)
    case "time": {
      const parsed = typeof value === "string" ? parseRfc3339(value) : undefined
      if (parsed === undefined) throw wrong(prefix, path, "a google.protobuf.Timestamp", value)
      return protoTimeText(parsed)
    }
    case "object":
      if (!isObject(value)) throw wrong(prefix, path, "an object", value)
      return value
    case "string-map":
      return readMap(value, prefix, path)
    case "list": {
      if (!Array.isArray(value)) throw wrong(prefix, path, "an array", value)
      const items = (value as readonly JsonValue[]).map((item, index) =>
        readMessage(type.of, item, prefix, `${path}[${index}]`),
      )
      return items.length === 0 ? undefined : items
    }
    case "message":
      return readMessage(type.message, value, prefix, path)
  }
}

function readBytes(value: JsonValue, prefix: string, path: string): string | undefined {
  if (typeof value !== "string") throw wrong(prefix, path, "base64", value)
  try {
    const bytes = decodeBase64(value, {
      alphabet: "either",
      padding: "optional",
      max: limits.attachmentBytes,
      what: path,
    })
    return bytes.length === 0 ? undefined : encodeBase64(bytes)
  } catch (cause) {
    if (!(cause instanceof ToolError)) throw cause
    throw wrong(prefix, path, "base64", value)
  }
}

function readMap(value: JsonValue, prefix: string, path: string): JsonObject | undefined {
  if (!isObject(value)) throw wrong(prefix, path, "an object of strings", value)
  const entries = Object.entries(value)
  for (const [key, item] of entries)
    if (typeof item !== "string") throw wrong(prefix, `${path}.${key}`, "a string", item)
  return entries.length === 0 ? undefined : value
}

function wrong(prefix: string, path: string, expected: string, value: JsonValue): ToolError {
  const seen = sortedJson(value, "proto").slice(0, 60)
  return badPredicate(`${prefix}proto: invalid value for ${path}: saw ${seen}, expected ${expected}`)
}
