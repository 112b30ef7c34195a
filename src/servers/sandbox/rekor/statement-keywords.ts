import { parseJson } from "../../../codec/json.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"

/** Payload type of in-toto statements. */
export const IN_TOTO = "application/vnd.in-toto+json"

/** Words of one statement that are kept, and characters of one. */
const MAX_WORDS = 1024
const MAX_CHARACTERS = 256

function digestsOf(items: JsonValue | undefined): string[] {
  if (!Array.isArray(items)) return []
  return (items as readonly JsonValue[]).slice(0, MAX_WORDS).flatMap((item) => {
    const digest = isObject(item) ? member(item, "digest") : undefined
    if (!isObject(digest)) return []
    return Object.entries(digest).flatMap(([name, value]) => (typeof value === "string" ? [`${name}:${value}`] : []))
  })
}

/**
 * Digests of the subjects and materials that an in-toto statement names. A payload that is no statement has none: that is
 * no reason not to log it.
 */
export function statementKeywords(payload: Uint8Array): readonly string[] {
  try {
    const statement = parseJson(payload, { maxBytes: limits.attachmentBytes, what: "statement" })
    if (!isObject(statement)) return []
    const predicate = member(statement, "predicate")
    const materials = isObject(predicate) ? member(predicate, "materials") : undefined
    const words = [...digestsOf(member(statement, "subject")), ...digestsOf(materials)]
    return words.filter((word) => word.length <= MAX_CHARACTERS).slice(0, MAX_WORDS)
  } catch (thrown) {
    if (thrown instanceof ToolError) return []
    throw thrown
  }
}
