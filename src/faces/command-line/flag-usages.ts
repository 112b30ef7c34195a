import type { FlagSpec } from "../command.ts"
import { formatGoDuration } from "../../codec/go-duration.ts"
import { goQuote } from "../../codec/go-quote.ts"
import { parseGoDuration } from "./go-values.ts"

/**
 * The list of flags in the layout of pflag's `FlagUsages`: one line each, usage in a column of its own.
 * Hidden and deprecated flags are left out; flags are sorted by name.
 */
export function flagUsages(specs: readonly FlagSpec[]): string {
  const shown = visibleFlags(specs).map((spec) => ({ head: head(spec), usage: usageText(spec) }))
  const width = Math.max(0, ...shown.map((line) => line.head.length))
  return shown.map((line) => `${line.head.padEnd(width)}   ${line.usage}\n`).join("")
}

/** Flags that help shows, sorted by name. */
export function visibleFlags(specs: readonly FlagSpec[]): readonly FlagSpec[] {
  return specs
    .filter((spec) => spec.hidden !== true && spec.deprecated === undefined)
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

const TYPE_WORDS: Readonly<Record<FlagSpec["type"], string>> = {
  bool: "",
  string: "string",
  stringSlice: "strings",
  stringArray: "stringArray",
  int: "int",
  uint: "uint",
  duration: "duration",
}

function head(spec: FlagSpec): string {
  const letter = spec.short === undefined ? "    " : `-${spec.short}, `
  const word = spec.placeholder ?? TYPE_WORDS[spec.type]
  const optional = spec.noOptDefault !== undefined && spec.type !== "bool" ? `[=${goQuote(spec.noOptDefault)}]` : ""
  return `  ${letter}--${spec.name}${word === "" ? "" : ` ${word}`}${optional}`
}

function usageText(spec: FlagSpec): string {
  const shown = defaultText(spec)
  return shown === undefined ? spec.usage : `${spec.usage} (default ${shown})`
}

/** The default as help shows it; `undefined` for a zero value. */
function defaultText(spec: FlagSpec): string | undefined {
  const text = spec.default
  if (text === undefined || text === "") return undefined
  switch (spec.type) {
    case "bool":
      return text === "false" ? undefined : text
    case "int":
    case "uint":
      return text === "0" ? undefined : text
    case "duration": {
      const read = parseGoDuration(text)
      const shown = "value" in read ? formatGoDuration(read.value) : text
      return shown === "0s" ? undefined : shown
    }
    case "string":
      return goQuote(text)
    case "stringSlice":
    case "stringArray":
      return `[${text}]`
  }
}
