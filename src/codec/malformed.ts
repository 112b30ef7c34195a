import { ToolError } from "../core/errors.ts"
import { printable } from "../core/printable.ts"

/**
 * Error of a document that breaks its syntax.
 *
 * @param what - name of the document, as in `signature annotation`.
 * @param why - what was seen and what was expected.
 * @returns `E_FORMAT_MALFORMED`, to be thrown by the caller.
 */
export function malformed(what: string, why: string, cause?: unknown): ToolError {
  return new ToolError("E_FORMAT_MALFORMED", {
    what: `malformed ${what}`,
    why,
    ...(cause === undefined ? {} : { cause }),
  })
}

/**
 * Error of an input that is larger than its bound.
 *
 * @param what - name of the document.
 * @param seen - measured amount.
 * @param max - the bound, in `unit`.
 * @param unit - `bytes`, `blocks`, `levels` …
 * @returns `E_LIMIT_EXCEEDED`, to be thrown by the caller.
 */
export function tooLarge(what: string, seen: number | string, max: number, unit: string): ToolError {
  return new ToolError("E_LIMIT_EXCEEDED", {
    what: `${what} is too large`,
    why: `${seen} ${unit}, at most ${max} are accepted`,
    details: { limit: max, unit },
  })
}

/** A short printable form of untrusted text for an error message: quoted, nothing in it steers a terminal. */
export function quoted(text: string, max = 40): string {
  return printable(JSON.stringify(text.length > max ? `${text.slice(0, max)}…` : text))
}
