import type { ErrorCode } from "../../core/error-catalogue.ts"
import { asToolError, ToolError } from "../../core/errors.ts"

const GET_IT = [
  "get it where there is a network: `countersign trust update`",
  "or name a trusted root: `--trusted-root FILE`",
]
const ASK_OPERATOR = [
  "do not use the mirror until its operator explains it; see which one with `countersign trust status`",
]

/**
 * Error of metadata that must not be used. The question that was to be answered with it stays open, so it is of kind
 * `unknown` whatever its code.
 */
export function tufError(
  code: Extract<ErrorCode, "E_TRUST_MALFORMED" | "E_TRUST_STALE" | "E_TRUST_ROLLBACK" | "E_TRUST_MISSING">,
  what: string,
  why: string,
  cause?: unknown,
  next: readonly string[] = code === "E_TRUST_MISSING" ? GET_IT : code === "E_TRUST_MALFORMED" ? ASK_OPERATOR : [],
): ToolError {
  return new ToolError(code, { what, why, kind: "unknown", next, ...(cause === undefined ? {} : { cause }) })
}

/** Run a parser; what it refuses is `E_TRUST_MALFORMED`. @param what - name of the file. */
export function parsing<T>(what: string, parse: () => T): T {
  try {
    return parse()
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code !== "E_FORMAT_MALFORMED" && error.code !== "E_LIMIT_EXCEEDED") throw thrown
    throw tufError("E_TRUST_MALFORMED", `${what} is not well-formed`, error.message, error)
  }
}
