import { parseJson } from "../../../codec/json.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"

/** Which cosign's encoder to follow to the byte. */
export type Generation = "cosign2" | "cosign3"

/** What an encoder may know besides the file. */
export interface PredicateContext {
  readonly generation: Generation
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** JSON text of a predicate; `text` marks one that is a string, which cosign 3 puts into a statement of other order. */
export interface EncodedPredicate {
  readonly json: string
  readonly text?: boolean
}

/** One predicate type: its URI and how a file becomes the predicate. */
export interface PredicateType {
  readonly uri: string
  /** @throws {ToolError} `E_USAGE` saying what the file lacks, in cosign's words where it has some. */
  encode(file: Uint8Array, context: PredicateContext): EncodedPredicate
}

/** Error about a predicate file of the user. */
export function badPredicate(why: string, cause?: unknown): ToolError {
  return new ToolError("E_USAGE", {
    what: "this file is no predicate of the type asked for",
    why,
    next: ["check the file, or name its type with `--type`"],
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Parse a predicate file as strict JSON; `prefix` starts the reason as cosign starts it. */
export function parsePredicateJson(file: Uint8Array, prefix: string): JsonValue {
  try {
    return parseJson(file, { maxBytes: limits.attachmentBytes, maxValues: limits.predicateValues, what: "predicate" })
  } catch (cause) {
    if (!(cause instanceof ToolError) || cause.code !== "E_FORMAT_MALFORMED") throw cause
    throw badPredicate(`${prefix}${cause.why ?? cause.what}`, cause)
  }
}

/** The value as an object, in the words of Go's decoder when it is none. */
export function goObject(value: JsonValue, prefix: string): JsonObject {
  const kind = goKind(value)
  if (kind !== "object") {
    throw badPredicate(`${prefix}json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`)
  }
  return value as JsonObject
}

/** Like {@link goObject}; Go reads `null` into a map as an empty one. */
export function goMap(value: JsonValue, prefix: string): JsonObject {
  return value === null ? (Object.create(null) as JsonObject) : goObject(value, prefix)
}

/** Kind of a JSON value as Go's decoder names it. */
export function goKind(value: JsonValue): string {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  if (typeof value === "boolean") return "bool"
  return typeof value === "bigint" ? "number" : typeof value
}
