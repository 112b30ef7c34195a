/** Go's readings of flag values: `strconv`, `time.ParseDuration`, `encoding/csv`, with the words of their errors. */

import { goQuote } from "../../codec/go-quote.ts"
import { parseGoDuration as readDuration } from "../../codec/go-duration.ts"
import { asToolError } from "../../core/errors.ts"

/** A value, or Go's sentence about what is wrong with it. */
export type GoResult<T> = { readonly value: T } | { readonly error: string }

const TRUE: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"])
const FALSE: ReadonlySet<string> = new Set(["0", "f", "F", "FALSE", "false", "False"])

/** `strconv.ParseBool`. */
export function parseGoBool(text: string): GoResult<boolean> {
  if (TRUE.has(text)) return { value: true }
  if (FALSE.has(text)) return { value: false }
  return { error: `strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax` }
}

/**
 * `strconv.ParseInt(text, 0, 64)` or `ParseUint`. Values beyond 2^53 are refused as out of range: they would be rounded.
 */
export function parseGoInt(text: string, unsigned: boolean): GoResult<number> {
  const name = unsigned ? "strconv.ParseUint" : "strconv.ParseInt"
  const bad = (why: string): GoResult<number> => ({ error: `${name}: parsing ${goQuote(text)}: ${why}` })
  const sign = !unsigned && /^[+-]/.test(text) ? text.charAt(0) : ""
  const body = text.slice(sign.length)
  if (!GO_INTEGER.test(body)) return bad("invalid syntax")
  const digits = body.replaceAll("_", "").toLowerCase()
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits
  const magnitude = BigInt(octal)
  if (magnitude > BigInt(Number.MAX_SAFE_INTEGER)) return bad("value out of range")
  return { value: sign === "-" ? -Number(magnitude) : Number(magnitude) }
}

/** Underscores only between digits or after the base prefix, as Go literals. */
const GO_INTEGER = /^(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/

/** `time.ParseDuration`; the value is in milliseconds. */
export function parseGoDuration(text: string): GoResult<number> {
  try {
    return { value: readDuration(text) }
  } catch (thrown) {
    const error = asToolError(thrown)
    return { error: error.why ?? error.what }
  }
}

const BARE_QUOTE = 'bare " in non-quoted-field'
const QUOTE = 'extraneous or missing " in quoted-field'

/**
 * First record of a CSV text as pflag's string slices read it. An empty text is an empty list.
 * Columns in errors count bytes from 1, as Go does.
 */
export function parseGoCsvRecord(text: string): GoResult<readonly string[]> {
  if (text === "") return { value: [] }
  const lines = splitLines(text)
  let row = 0
  while (row < lines.length && lines[row] === "\n") row++
  let line = lines[row]
  if (line === undefined) return { error: "EOF" }
  const start = row + 1
  let column = 1
  const fields: string[] = []
  const fail = (at: number, why: string): GoResult<readonly string[]> => ({
    error:
      start === row + 1
        ? `parse error on line ${start}, column ${at}: ${why}`
        : `record on line ${start}; parse error on line ${row + 1}, column ${at}: ${why}`,
  })
  for (;;) {
    if (!line.startsWith('"')) {
      const comma: number = line.indexOf(",")
      const field: string = comma >= 0 ? line.slice(0, comma) : chomp(line)
      const quote = field.indexOf('"')
      if (quote >= 0) return fail(column + byteLength(field.slice(0, quote)), BARE_QUOTE)
      fields.push(field)
      if (comma < 0) return { value: fields }
      column += byteLength(field) + 1
      line = line.slice(comma + 1)
      continue
    }
    line = line.slice(1)
    column++
    let field = ""
    for (;;) {
      const quote = line.indexOf('"')
      if (quote < 0) {
        field += line
        column += byteLength(line)
        const next = lines[row + 1]
        if (next === undefined) return fail(column, QUOTE)
        row++
        line = next
        column = 1
        continue
      }
      field += line.slice(0, quote)
      column += byteLength(line.slice(0, quote)) + 1
      line = line.slice(quote + 1)
      if (!line.startsWith('"')) break
      field += '"'
      line = line.slice(1)
      column++
    }
    fields.push(field)
    if (chomp(line) === "") return { value: fields }
    if (!line.startsWith(",")) return fail(column - 1, QUOTE)
    line = line.slice(1)
    column++
  }
}

/** Lines with their newline; CR LF becomes LF, and a CR at the very end is dropped, as Go's reader does. */
function splitLines(text: string): string[] {
  const lines = text.split("\n").map((line, index, all) => {
    const last = index === all.length - 1
    const bare = line.endsWith("\r") ? line.slice(0, -1) : line
    return last ? bare : `${bare}\n`
  })
  if (lines.at(-1) === "") lines.pop()
  return lines
}

function chomp(line: string): string {
  return line.endsWith("\n") ? line.slice(0, -1) : line
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}
