import { faceError } from "./face-error.ts"

/**
 * Values of a repeatable `{key}={value}` flag; the last value of a key counts.
 *
 * @param flag - long name, for the message.
 * @throws {ToolError} `E_USAGE` for a pair without key, `=` or value.
 */
export function keyValuePairs(values: readonly string[], flag: string): Readonly<Record<string, string>> {
  const pairs = Object.create(null) as Record<string, string>
  for (const pair of values) {
    const equals = pair.indexOf("=")
    if (equals <= 0 || equals === pair.length - 1) {
      throw faceError(`could not parse flag ${flag}: key-value pair requires "=" as separator`)
    }
    pairs[pair.slice(0, equals)] = pair.slice(equals + 1)
  }
  return pairs
}
