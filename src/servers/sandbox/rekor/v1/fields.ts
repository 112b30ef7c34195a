import { decodeBase64 } from "../../../../codec/base64.ts"
import { canonicalJson } from "../../../../codec/canonical-json.ts"
import { expectObject, expectText, member } from "../../../../codec/json-shape.ts"
import { encodeUtf8 } from "../../../../codec/utf8.ts"
import type { JsonObject, JsonValue } from "../../../../core/json-value.ts"
import { KIB } from "../../../../core/limits.ts"

/** Bytes of a key, a certificate chain or a signature in an entry. */
export const FIELD_BYTES: number = 64 * KIB

/** The object at a member. @throws {ToolError} `E_FORMAT_MALFORMED` naming the path. */
export function objectAt(object: JsonObject, path: string, name: string): JsonObject {
  return expectObject(member(object, name), `${path}.${name}`)
}

/** Bytes of base64 at a member, at least one. @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`. */
export function bytesAt(object: JsonObject, path: string, name: string, max: number = FIELD_BYTES): Uint8Array {
  const what = `${path}.${name}`
  return decodeBase64(expectText(member(object, name), what), { max, what })
}

/** The text at a member, not empty. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function textAt(object: JsonObject, path: string, name: string): string {
  return expectText(member(object, name), `${path}.${name}`)
}

/** Bytes of an entry as the log hashes it. Spec: RFC 8785. */
export function entryBody(kind: string, apiVersion: string, spec: JsonValue): Uint8Array {
  return encodeUtf8(canonicalJson({ apiVersion, kind, spec }))
}
