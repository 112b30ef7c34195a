import type { JsonValue } from "../../../core/json-value.ts"
import { printableJson } from "../../../core/printable.ts"

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

function stringText(text: string): string {
  return printableJson(JSON.stringify(text))
}

/** Whether a text that was serialised by somebody else holds characters that {@link writeJson} would have escaped. */
export function hasTerminalControls(text: string): boolean {
  return text.includes("\t") || printableJson(text) !== text
}
