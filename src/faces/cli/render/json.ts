import type { JsonValue } from "../../../core/json-value.ts"

/**
 * A JSON document for stdout: two spaces of indentation, members in the order given, one line break at the end.
 *
 * Integers outside ±(2^53-1) keep all their digits. Members that are `undefined` are left out.
 * SECURITY: characters that control a terminal are written as `\u` escapes, which mean the same to every reader.
 */
export function writeJson(value: JsonValue): string {
  return `${valueText(value, "")}\n`
}

function valueText(value: JsonValue, indent: string): string {
  if (typeof value === "string") return stringText(value)
  if (typeof value === "bigint") return value.toString()
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).map((item) => `${inner}${valueText(item, inner)}`)
    return items.length === 0 ? "[]" : `[\n${items.join(",\n")}\n${indent}]`
  }
  const members = Object.entries(value)
    .filter(([, member]) => (member as JsonValue | undefined) !== undefined)
    .map(([name, member]) => `${inner}${stringText(name)}: ${valueText(member, inner)}`)
  return members.length === 0 ? "{}" : `{\n${members.join(",\n")}\n${indent}}`
}

/** DEL, C1, direction and zero-width characters; JSON.stringify escapes C0 and lone surrogates itself. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

function stringText(text: string): string {
  return JSON.stringify(text).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
}

/** Whether a text that was serialised by somebody else holds characters that {@link writeJson} would have escaped. */
export function hasTerminalControls(text: string): boolean {
  return text.search(UNSAFE) >= 0 || text.search(C0) >= 0
}

const C0 = new RegExp("[\\u0000-\\u0009\\u000b-\\u001f]")
