import { ToolError } from "../../core/errors.ts"
import { FORMAT_NAMES, type FormatName } from "../../core/format-names.ts"

/**
 * `name=value` flags as a record.
 *
 * @param pairs - in the order given; the value may contain `=` and may be empty.
 * @throws {ToolError} `E_USAGE` without `=`, without a name, or when one name has two values.
 */
export function parseAnnotations(pairs: readonly string[]): Readonly<Record<string, string>> {
  // SECURITY: no prototype, so `__proto__=x` is an annotation like any other.
  const record = Object.create(null) as Record<string, string>
  for (const pair of pairs) {
    const equals = pair.indexOf("=")
    if (equals < 1) {
      throw new ToolError("E_USAGE", {
        what: `not an annotation: ${JSON.stringify(pair.slice(0, 200))}`,
        why: "expected name=value with a name",
        next: ["write it as `--annotation name=value`"],
      })
    }
    const name = pair.slice(0, equals)
    const value = pair.slice(equals + 1)
    const earlier = record[name]
    if (earlier !== undefined && earlier !== value) {
      throw new ToolError("E_USAGE", {
        what: `two values for annotation ${JSON.stringify(name)}`,
        why: `got ${JSON.stringify(earlier)} and ${JSON.stringify(value)}, expected one`,
        next: ["give each annotation once"],
      })
    }
    record[name] = value
  }
  return record
}

/**
 * Values of `--format`, each once.
 *
 * @throws {ToolError} `E_USAGE` for a name that is none, and for an empty list.
 */
export function parseFormats(names: readonly string[]): readonly FormatName[] {
  const formats = [...new Set(names)].map((name): FormatName => {
    if (isFormat(name)) return name
    throw new ToolError("E_USAGE", {
      what: `unknown format ${JSON.stringify(name.slice(0, 200))}`,
      why: `expected one or more of ${FORMAT_NAMES.join(", ")}`,
      next: [`write several as \`--format ${FORMAT_NAMES.slice(0, 2).join(",")}\``],
    })
  })
  if (formats.length > 0) return formats
  throw new ToolError("E_USAGE", {
    what: "no format named",
    why: `--format is empty, expected one or more of ${FORMAT_NAMES.join(", ")}`,
    next: ["leave out `--format` for the default"],
  })
}

function isFormat(name: string): name is FormatName {
  return (FORMAT_NAMES as readonly string[]).includes(name)
}
