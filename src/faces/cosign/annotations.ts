import { faceError } from "./face-error.ts"

/**
 * Read `-a key=value`.
 *
 * @throws {ToolError} `unable to parse annotation: TEXT`, with `prefix` before it.
 */
export function parseAnnotations(texts: readonly string[], prefix = ""): Readonly<Record<string, string>> {
  const pairs = texts.map((text): [string, string] => {
    const equals = text.indexOf("=")
    if (equals < 0) throw faceError(`${prefix}unable to parse annotation: ${text}`)
    return [text.slice(0, equals), text.slice(equals + 1)]
  })
  // fromEntries defines own members, also for `__proto__`.
  return Object.fromEntries(pairs)
}
