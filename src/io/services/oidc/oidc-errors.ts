import { ToolError, type ToolErrorInit } from "../../../core/errors.ts"
import { printable } from "../../../core/printable.ts"
import { withoutTokens } from "../../../core/without-tokens.ts"

/** Longest piece of another's text in an error, characters. */
const SHOWN = 300

/** Error of an answer or token that does not hold. No cause: what failed may carry the token. */
export function rejected(what: string, why: string, more: Partial<ToolErrorInit> = {}): ToolError {
  return new ToolError("E_OIDC_REJECTED", { what, why, ...more })
}

/** Error of a provider or person that said no. */
export function forbidden(what: string, why: string, next: readonly string[] = []): ToolError {
  return new ToolError("E_OIDC_PERMISSION", { what, why, next })
}

/** Error of a token that is not there. */
export function noToken(what: string, why: string, next: readonly string[] = []): ToolError {
  return new ToolError("E_OIDC_NO_TOKEN", { what, why, next })
}

/** Text of another party, short and harmless. */
export function shown(text: string): string {
  const harmless = withoutTokens(text)
  return printable(harmless.length > SHOWN ? `${harmless.slice(0, SHOWN).toWellFormed()}…` : harmless)
}
