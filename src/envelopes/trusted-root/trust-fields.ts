import { parseRfc3339 } from "../../codec/rfc3339.ts"
import { unexpectedShape } from "../../codec/json-shape.ts"
import { malformed } from "../../codec/malformed.ts"
import { protoFields } from "../../codec/proto-json.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonValue } from "../../core/json-value.ts"
import type { ValidityWindow } from "../../core/sigstore.ts"

/** Start of a window that names none: the first moment that protobuf's Timestamp can say, 0001-01-01. */
export const BEGINNING: number = Date.parse("0001-01-01T00:00:00Z")

/** Entries of one list of a trust document. */
export const MAX_ROWS = 256

/**
 * A `TimeRange` of protobuf JSON.
 *
 * @param start - `required`: a range without start is refused, and so is no range at all.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, also for ranges that end before they start.
 */
export function readWindow(value: JsonValue | undefined, path: string, start: "required" | "optional"): ValidityWindow {
  if (value === undefined && start === "optional") return { start: BEGINNING }
  if (value === undefined) throw malformed(path, "saw none, expected the time from which the key is valid")
  const fields = protoFields(value, path, ["start", "end"])
  const from = fields.get("start")
  const until = fields.get("end")
  if (from === undefined && start === "required") {
    throw malformed(`${path}.start`, "saw none, expected the time from which the key is valid")
  }
  const window = {
    start: from === undefined ? BEGINNING : readTime(from, `${path}.start`),
    ...(until === undefined ? {} : { end: readTime(until, `${path}.end`) }),
  }
  if (window.end !== undefined && window.end < window.start) {
    throw malformed(path, "it ends before it starts")
  }
  return window
}

function readTime(value: JsonValue, path: string): number {
  const time = typeof value === "string" ? parseRfc3339(value) : undefined
  if (time === undefined) throw unexpectedShape(value, path, "a time as in 2024-01-31T00:00:00Z")
  return time.at
}

/** A `TimeRange` as Go prints it; `start` is always there. */
export function windowText(window: ValidityWindow): string {
  const end = window.end === undefined ? "" : `,"end":"${timeText(window.end)}"`
  return `{"start":"${timeText(window.start)}"${end}}`
}

/** A time in UTC; a fraction of three digits where there is one. */
function timeText(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z")
}

/**
 * Give the errors of a parser the code of trust data.
 *
 * @param what - as in `trusted root`.
 * @throws {ToolError} `E_TRUST_MALFORMED` for anything malformed; `E_LIMIT_EXCEEDED` as it is.
 */
export function asTrustData<T>(what: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof ToolError) || error.code === "E_LIMIT_EXCEEDED" || error.code === "E_TRUST_MALFORMED") {
      throw error
    }
    throw new ToolError("E_TRUST_MALFORMED", { what: `malformed ${what}`, why: error.message, cause: error })
  }
}

/** Members that are there, in order, as a compact JSON object; a value of `undefined` is left out. */
export function objectText(members: readonly (readonly [name: string, text: string | undefined])[]): string {
  const shown = members.flatMap(([name, text]) => (text === undefined ? [] : [`"${name}":${text}`]))
  return `{${shown.join(",")}}`
}

/** A JSON string, or `undefined` for the empty one, which protobuf leaves out. */
export function stringText(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : JSON.stringify(text)
}

/** A JSON array, or `undefined` for an empty one. */
export function listText(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : `[${items.join(",")}]`
}
