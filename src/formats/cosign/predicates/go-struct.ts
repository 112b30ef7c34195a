import { decodeBase64, encodeBase64 } from "../../../codec/base64.ts"
import { isObject } from "../../../codec/json-shape.ts"
import { compareUtf8 } from "../../../codec/utf8.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import { jsonObject, jsonString, sortedJson } from "../json-text.ts"
import { goTimeText, parseRfc3339 } from "./go-time.ts"
import { badPredicate, goKind } from "./predicate-type.ts"

/** A Go type as far as cosign's predicates need it. */
export type GoType =
  | { readonly kind: "string" | "bool" | "any" | "bytes" | "time" | "time-pointer" }
  | { readonly kind: "map" | "list"; readonly of: GoType }
  | { readonly kind: "struct" | "pointer"; readonly fields: readonly GoField[] }

/** One field: name in JSON, type, and whether `omitempty` drops its zero value. */
export interface GoField {
  readonly name: string
  readonly type: GoType
  readonly omitempty?: boolean
}

/** JSON text of a value and whether Go calls it empty. */
interface Encoded {
  readonly text: string
  readonly empty: boolean
}

const ZERO_TIME = '"0001-01-01T00:00:00Z"'

/**
 * Decode a JSON value into a Go type and print it again, as `json.Unmarshal` and `json.Marshal` do: unknown members
 * drop out, names match without regard to case, missing members become zero values.
 *
 * @param prefix - start of the reason in errors.
 * @throws {ToolError} `E_USAGE` for a value of the wrong kind.
 */
export function throughGo(type: GoType, value: JsonValue, prefix: string): string {
  return encode(type, value, prefix, "").text
}

/** Names of the members cosign calls required: those of the outermost struct without `omitempty`. */
export function requireFields(fields: readonly GoField[], value: JsonObject, prefix: string): void {
  for (const { name, omitempty } of fields) {
    if (omitempty !== true && !Object.hasOwn(value, name)) throw badPredicate(`${prefix}required field ${name} missing`)
  }
}

function encode(type: GoType, value: JsonValue | undefined, prefix: string, path: string): Encoded {
  const absent = value === undefined || value === null
  switch (type.kind) {
    case "string":
      if (absent) return { text: '""', empty: true }
      if (typeof value !== "string") throw wrong(value, "string", prefix, path)
      return { text: jsonString(value, "go"), empty: value === "" }
    case "bool":
      if (!absent && typeof value !== "boolean") throw wrong(value, "bool", prefix, path)
      return { text: String(value === true), empty: value !== true }
    case "any":
      return absent ? { text: "null", empty: true } : { text: sortedJson(value, "go"), empty: false }
    case "bytes":
      return bytes(value, prefix, path)
    case "time":
    case "time-pointer":
      return time(type.kind, value, prefix, path)
    case "map":
    case "list":
      return collection(type, value, prefix, path)
    case "struct":
    case "pointer":
      if (absent && type.kind === "pointer") return { text: "null", empty: true }
      return { text: struct(type.fields, value, prefix, path), empty: false }
  }
}

function bytes(value: JsonValue | undefined, prefix: string, path: string): Encoded {
  if (value === undefined || value === null) return { text: "null", empty: true }
  if (typeof value !== "string") throw wrong(value, "[]uint8", prefix, path)
  try {
    const decoded = decodeBase64(value, { max: limits.attachmentBytes, what: path })
    return { text: jsonString(encodeBase64(decoded), "go"), empty: decoded.length === 0 }
  } catch (cause) {
    if (!(cause instanceof ToolError)) throw cause
    throw badPredicate(`${prefix}illegal base64 data in ${path}: ${cause.why ?? ""}`, cause)
  }
}

function time(kind: "time" | "time-pointer", value: JsonValue | undefined, prefix: string, path: string): Encoded {
  if (value === undefined || value === null) {
    return kind === "time" ? { text: ZERO_TIME, empty: false } : { text: "null", empty: true }
  }
  const parsed = typeof value === "string" ? parseRfc3339(value) : undefined
  if (parsed === undefined) {
    throw badPredicate(
      `${prefix}parsing time ${sortedJson(value, "go")} as "2006-01-02T15:04:05Z07:00": cannot parse it (${path})`,
    )
  }
  return { text: jsonString(goTimeText(parsed), "go"), empty: false }
}

function collection(
  type: { readonly kind: "map" | "list"; readonly of: GoType },
  value: JsonValue | undefined,
  prefix: string,
  path: string,
): Encoded {
  if (value === undefined || value === null) return { text: "null", empty: true }
  if (type.kind === "list") {
    if (!Array.isArray(value)) throw wrong(value, "[]", prefix, path)
    const items = (value as readonly JsonValue[]).map(
      (item, index) => encode(type.of, item, prefix, `${path}[${index}]`).text,
    )
    return { text: `[${items.join(",")}]`, empty: items.length === 0 }
  }
  if (!isObject(value)) throw wrong(value, "map[string]", prefix, path)
  const entries = Object.entries(value).sort(([a], [b]) => compareUtf8(a, b))
  const members = entries.map(([key, item]): [string, string] => [
    key,
    encode(type.of, item, prefix, `${path}.${key}`).text,
  ])
  return { text: jsonObject(members, "go"), empty: members.length === 0 }
}

function struct(fields: readonly GoField[], value: JsonValue | undefined, prefix: string, path: string): string {
  const found = new Map<string, JsonValue>()
  if (value !== undefined && value !== null) {
    if (!isObject(value)) throw wrong(value, "struct", prefix, path)
    for (const [key, item] of Object.entries(value)) {
      const field =
        fields.find(({ name }) => name === key) ?? fields.find(({ name }) => name.toLowerCase() === key.toLowerCase())
      // null leaves a Go field as it is.
      if (field !== undefined && item !== null) found.set(field.name, item)
    }
  }
  const members = fields.map((field): [string, string | undefined] => {
    const encoded = encode(
      field.type,
      found.get(field.name),
      prefix,
      path === "" ? field.name : `${path}.${field.name}`,
    )
    return [field.name, field.omitempty === true && encoded.empty ? undefined : encoded.text]
  })
  return jsonObject(members, "go")
}

function wrong(value: JsonValue, expected: string, prefix: string, path: string): ToolError {
  const where = path === "" ? "value" : `struct field ${path}`
  return badPredicate(`${prefix}json: cannot unmarshal ${goKind(value)} into Go ${where} of type ${expected}`)
}

/** Shorthands for field tables. */
export const text: GoType = { kind: "string" }
export const bool: GoType = { kind: "bool" }
export const any: GoType = { kind: "any" }
export const anyMap: GoType = { kind: "map", of: any }
export const textMap: GoType = { kind: "map", of: text }
