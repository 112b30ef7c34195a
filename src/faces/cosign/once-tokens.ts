import type { Clock } from "../../core/ports.ts"
import type { IdentityToken, IdentityTokens } from "../../core/sigstore-ports.ts"

/** Seconds that a token must still be valid to be used again. */
const LEFT = 10

/**
 * Ask for an identity once, and again only when its token has ended.
 *
 * DEVIATION: cosign 3.1 asks anew for every image, and has its user log in as often.
 */
export function onceTokens(tokens: IdentityTokens, clock: Clock): IdentityTokens {
  let last: IdentityToken | undefined
  return {
    get: async (order, signal) => {
      if (last === undefined || last.claims.expires <= clock.now() / 1000 + LEFT) last = await tokens.get(order, signal)
      return last
    },
  }
}
