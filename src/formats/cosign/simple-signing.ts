import { expectObject, expectString, isObject, unexpectedShape } from "../../codec/json-shape.ts"
import { goFoldedName } from "../../codec/go-names.ts"
import { outlineJson, parseJson } from "../../codec/json.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { decodeUtf8, encodeUtf8 } from "../../codec/utf8.ts"
import type { Digest } from "../../core/digest.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import { jsonObject, jsonString, sortedJson } from "./json-text.ts"
import { SIMPLE_SIGNING_TYPE } from "./media-types.ts"
import { readOnce } from "./read-once.ts"

/** A simple-signing claim as parsed; nothing in it is trusted. */
export interface SimpleSigning {
  /** The very bytes that were parsed, which the signature covers. */
  readonly payload: Uint8Array
  readonly dockerReference: string
  /** As written, possibly not a digest at all. */
  readonly manifestDigest: string
  readonly type: string
  /** `null` when absent or null. Values are any JSON. Decoded at each access, so that nobody holds what nobody reads. */
  readonly optional: JsonObject | null
}

/**
 * The payload cosign signs for an image.
 *
 * @param input - `annotations` become `optional`, keys in byte order; none gives `null`.
 * @returns compact JSON with Go's HTML escapes and no line end.
 */
export function buildSimpleSigning(input: {
  readonly dockerReference: string
  readonly manifestDigest: Digest
  readonly annotations: Readonly<Record<string, string>>
}): Uint8Array {
  const none = Object.keys(input.annotations).length === 0
  const critical = jsonObject(
    [
      ["identity", jsonObject([["docker-reference", jsonString(input.dockerReference, "go")]], "go")],
      ["image", jsonObject([["docker-manifest-digest", jsonString(input.manifestDigest, "go")]], "go")],
      ["type", jsonString(SIMPLE_SIGNING_TYPE, "go")],
    ],
    "go",
  )
  const optional = none ? "null" : sortedJson(input.annotations, "go")
  return encodeUtf8(
    jsonObject(
      [
        ["critical", critical],
        ["optional", optional],
      ],
      "go",
    ),
    "simple-signing payload",
  )
}

/**
 * Decode a simple-signing payload.
 *
 * COMPAT(cosign): member names match without regard to case, as Go reads them. Two spellings of one name in one object
 * are refused, because readers disagree on which wins.
 *
 * @param payload - untrusted, at most 4 MiB and 100,000 values.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export const parseSimpleSigning: (payload: Uint8Array) => SimpleSigning = readOnce(read)

const BOUNDS = {
  maxBytes: limits.signaturePayloadBytes,
  maxPassed: limits.jsonValues,
  what: "simple-signing payload",
}

function read(payload: Uint8Array): SimpleSigning {
  const { what } = BOUNDS
  const { value, spans } = outlineJson(payload, BOUNDS, (key) => goFoldedName(key) === "optional")
  const root = expectObject(value, what)
  const critical = expectObject(folded(root, "critical", what), `${what}.critical`)
  const identity = folded(critical, "identity", what)
  const image = expectObject(folded(critical, "image", what), `${what}.critical.image`)
  folded(root, "optional", what)
  const [span] = spans.values()
  const optional = (): JsonObject | null => {
    if (span === undefined) return null
    const decoded = parseJson(decodeUtf8(payload, what).slice(span.start, span.end), BOUNDS)
    if (decoded === null || isObject(decoded)) return decoded
    throw unexpectedShape(decoded, `${what}.optional`, "an object or null")
  }
  // What is no object is refused now; an object need not be held.
  optional()
  return {
    payload,
    dockerReference: isObject(identity) ? text(identity, "docker-reference", what) : absent(identity, what),
    manifestDigest: text(image, "docker-manifest-digest", what),
    type: text(critical, "type", what),
    get optional() {
      return optional()
    },
  }
}

function absent(value: JsonValue | undefined, what: string): string {
  if (value === undefined || value === null) return ""
  throw unexpectedShape(value, `${what}.critical.identity`, "an object")
}

function text(object: JsonObject, name: string, what: string): string {
  const value = folded(object, name, what)
  return value === undefined || value === null ? "" : expectString(value, `${what} ${name}`)
}

function folded(object: JsonObject, name: string, what: string): JsonValue | undefined {
  let found: JsonValue | undefined
  for (const [key, value] of Object.entries(object)) {
    if (goFoldedName(key) !== name) continue
    if (found !== undefined) throw malformed(what, `saw ${quoted(name)} twice in different spellings, expected it once`)
    found = value
  }
  return found
}
