import { catalogue, type ErrorCode, type ErrorKind } from "./error-catalogue.ts"
import type { JsonObject } from "./json-value.ts"

/** What the thrower of a {@link ToolError} says. */
export interface ToolErrorInit {
  /** One line, lower case, no period. */
  readonly what: string
  /** Observed against expected, which side failed, which rule. */
  readonly why?: string
  /** Things to do next; commands in backticks. Empty means the catalogue's own advice. */
  readonly next?: readonly string[]
  /** Machine-readable, already redacted. */
  readonly details?: JsonObject
  /** Where it differs from the catalogue's: a limit met while asking a registry leaves the question open. */
  readonly kind?: ErrorKind
  readonly cause?: unknown
}

/** Base of every error this package throws on purpose. */
export class ToolError extends Error {
  override readonly name = "ToolError"
  readonly code: ErrorCode
  readonly what: string
  readonly why: string | undefined
  readonly next: readonly string[]
  readonly details: JsonObject
  /** Kind of failure; decides the exit code of the unified command line. */
  readonly kind: ErrorKind

  constructor(code: ErrorCode, init: ToolErrorInit) {
    super(
      init.why === undefined ? init.what : `${init.what}: ${init.why}`,
      init.cause === undefined ? undefined : { cause: init.cause },
    )
    this.code = code
    this.what = init.what
    this.why = init.why
    this.next = init.next !== undefined && init.next.length > 0 ? init.next : catalogue[code].next
    this.details = init.details ?? {}
    this.kind = init.kind ?? catalogue[code].kind
    // SECURITY: until its text is made, a stack keeps every object of its frames alive, such as a parser with its whole
    // document; errors are kept in reports, one for each signature that somebody attached.
    this.stack ??= this.message
  }
}

/** Turn anything thrown into a {@link ToolError}; what nobody foresaw becomes `E_INTERNAL`. */
export function asToolError(thrown: unknown): ToolError {
  if (thrown instanceof ToolError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new ToolError("E_INTERNAL", { what: "internal error", why: message, cause: thrown })
}
