import type { ErrorCode } from "../../core/error-catalogue.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { printable } from "../../core/printable.ts"

/** An error in notation's words, to be printed letter for letter. */
export function faceError(sentence: string, code: ErrorCode = "E_USAGE", cause?: unknown): ToolError {
  return new ToolError(code, {
    what: sentence,
    details: { sentence: true },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** The same error with words before it, as Go's wrapping prints them. */
export function prefixed(prefix: string, thrown: unknown): ToolError {
  const error = asToolError(thrown)
  return faceError(`${prefix}${sentenceOf(error)}`, error.code, error)
}

/**
 * Errors of the network, of registries and of this program have words of their own, whose second half says what was met.
 * All others carry notation's whole sentence in `what`.
 */
const OWN_WORDS = /^E_(?:NET|TLS|REGISTRY|LIMIT|INTERNAL|FORMAT|REF_TAG|KEY_NO_TERMINAL|STORAGE)/

/**
 * notation's sentence for any error, else our own words on one line.
 *
 * SECURITY: our own words may quote a registry or a document, so a line break in them could fake a line of the tool.
 */
export function sentenceOf(error: ToolError): string {
  // A file that could not be used: the reason is what Go prints.
  if (error.details["errno"] !== undefined && error.why !== undefined && error.what.startsWith("cannot "))
    return error.why
  if (error.details["sentence"] === true || error.what.startsWith("x509: ")) return error.what
  return OWN_WORDS.test(error.code) ? printable(error.message) : error.what
}
