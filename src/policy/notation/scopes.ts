/** Registry scopes of a trust policy: `host/repository`, or `*` for every artifact. */
import { goQuote } from "../../codec/go-quote.ts"

/** The scope that covers every artifact. */
export const WILDCARD = "*"

const ENSURE =
  "make sure it is a fully qualified repository without the scheme, protocol or tag. " +
  "For example domain.com/my/repository or a local scope like local/myOCILayout"

/** One label of a host name; linear, as every quantified part starts with a character the one before cannot take. */
const HOST_LABEL = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/

/** Longest scope looked at, characters. */
const MAX_SCOPE = 4096

/**
 * What is wrong with a scope, in notation's words; `undefined` when it is well-formed.
 *
 * @param scope - untrusted; not the lone wildcard.
 *
 * Spec: notation-go verifier/trustpolicy `validateRegistryScopeFormat`.
 */
export function scopeFault(scope: string): string | undefined {
  if (scope.length > 1 && scope.includes(WILDCARD)) {
    return `registry scope ${goQuote(scope)} with wild card(s) is not valid, ${ENSURE}`
  }
  const slash = scope.indexOf("/")
  const fine =
    scope.length <= MAX_SCOPE && slash > 0 && isDomain(scope.slice(0, slash)) && isRepository(scope.slice(slash + 1))
  return fine ? undefined : `registry scope ${goQuote(scope)} is not valid, ${ENSURE}`
}

function isDomain(text: string): boolean {
  const colon = text.indexOf(":")
  const host = colon < 0 ? text : text.slice(0, colon)
  if (colon >= 0 && !/^[0-9]+$/.test(text.slice(colon + 1))) return false
  return host.split(".").every((label) => HOST_LABEL.test(label))
}

/**
 * SECURITY: notation's expression nests quantifiers, which only a linear engine may run. This reads each part by its runs
 * of letters and digits and what stands between them: one `.`, `_` or `__`, or any number of dashes.
 */
function isRepository(text: string): boolean {
  return text.split("/").every((part) => {
    if (!/^[a-z0-9]/.test(part) || !/[a-z0-9]$/.test(part)) return false
    return part.split(/[a-z0-9]+/).every((gap) => gap === "" || /^(?:[._]|__|-+)$/.test(gap))
  })
}
