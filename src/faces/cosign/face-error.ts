import type { ErrorCode } from "../../core/error-catalogue.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { printable } from "../../core/printable.ts"

/** What a {@link faceError} says besides cosign's sentence. */
export interface FaceErrorOptions {
  readonly code?: ErrorCode
  /** Exit code; 1 if absent. Spec: cosign cmd/cosign/errors. */
  readonly exit?: number
  /** Hints printed after cosign's two lines. Absent = none: the sentence is cosign's own and says it all. */
  readonly hints?: readonly string[]
  readonly cause?: unknown
}

/** An error in cosign's words, to be printed letter for letter. */
export function faceError(sentence: string, options: FaceErrorOptions = {}): ToolError {
  return new ToolError(options.code ?? "E_USAGE", {
    what: sentence,
    ...(options.hints === undefined ? {} : { next: options.hints }),
    details: { sentence: true, exit: options.exit ?? 1, hints: [...(options.hints ?? [])] },
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  })
}

/** The same error with words before it, as Go's wrapping prints them. */
export function prefixed(prefix: string, thrown: unknown): ToolError {
  const error = asToolError(thrown)
  const { exit, hints } = error.details
  return faceError(`${prefix}${sentenceOf(error)}`, {
    code: error.code,
    exit: typeof exit === "number" ? exit : 1,
    hints: error.details["sentence"] === true && Array.isArray(hints) ? hints.map(String) : error.next,
    cause: error,
  })
}

/**
 * cosign's sentence for any error: what the thrower knows cosign to say, else our own words, on one line.
 *
 * SECURITY: our own words may quote a registry or a document, so a line break in them could fake a line of the tool.
 * Sentences of {@link faceError} and errors about the command line are made of lines on purpose.
 */
export function sentenceOf(error: ToolError): string {
  const known = error.details["cosign"]
  if (typeof known === "string") return printable(known)
  return error.details["sentence"] === true || error.code === "E_USAGE" ? error.message : printable(error.message)
}
