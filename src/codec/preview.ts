import type { JsonObject, JsonValue } from "../core/json-value.ts"
import { KIB } from "../core/limits.ts"

/** What may still be shown; counted down as it is used. */
export interface PreviewRoom {
  values: number
  /** UTF-16 units of keys and strings. */
  characters: number
}

/** Characters of one string in a preview. */
const STRING_CHARACTERS = 4 * KIB

/**
 * The first part of a value for display. Where something is left out, a text in its place says so. No string of the
 * result keeps the document in memory that it came from.
 *
 * @param room - what was used is taken off.
 */
export function preview(value: JsonValue, room: PreviewRoom): JsonValue {
  room.values -= 1
  if (typeof value === "string") return shortened(value, room)
  if (value === null || typeof value !== "object") return value
  if (isList(value)) {
    const shown: JsonValue[] = []
    for (const item of value) {
      if (room.values <= 0) break
      shown.push(preview(item, room))
    }
    const left = value.length - shown.length
    return left === 0 ? shown : [...shown, `… ${left} more not shown`]
  }
  const shown = Object.create(null) as Record<string, JsonValue>
  let left = 0
  for (const key of Object.keys(value)) {
    if (room.values > 0 && room.characters >= key.length) {
      room.characters -= key.length
      shown[key] = preview(value[key] ?? null, room)
    } else left += 1
  }
  if (left > 0) shown[noteKey(shown)] = `${left} more members not shown`
  return shown
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** A string cut to the room there is. */
export function shortened(text: string, room: PreviewRoom): string {
  const most = Math.min(room.characters, STRING_CHARACTERS)
  const shown = text.length <= most ? text : `${text.slice(0, most).toWellFormed()}… (${text.length} characters)`
  room.characters = Math.max(0, room.characters - Math.min(text.length, most))
  return copied(shown)
}

/** A key that no member has, for the note about what is missing. */
export function noteKey(object: JsonObject): string {
  let key = "…"
  while (Object.hasOwn(object, key)) key += "…"
  return key
}

/**
 * The same text in characters of its own. What the engine cuts out of a text keeps the whole text in memory; joining
 * makes a new text, and a part of that keeps only it.
 */
export function copied(text: string): string {
  return ` ${text}`.slice(1)
}
