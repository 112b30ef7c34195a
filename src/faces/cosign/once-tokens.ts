import { asToolError } from "../../core/errors.ts"
import type { Clock } from "../../core/ports.ts"
import type { IdentityToken, IdentityTokens, TokenOrder } from "../../core/sigstore-ports.ts"
import { faceError } from "./face-error.ts"

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
      if (last === undefined || last.claims.expires <= clock.now() / 1000 + LEFT)
        last = await getToken(tokens, order, signal)
      return last
    },
  }
}

/** A login needs an issuer, which a signing config may leave out; a token that is there needs none. */
async function getToken(tokens: IdentityTokens, order: TokenOrder, signal?: AbortSignal): Promise<IdentityToken> {
  try {
    return await tokens.get(order, signal)
  } catch (thrown) {
    if (order.issuer !== "" || asToolError(thrown).code !== "E_USAGE") throw thrown
    throw faceError("retrieving ID token: selecting OIDC issuer: the signing config names no identity provider", {
      code: "E_CONFIG_INVALID",
      hints: ["give a token with --identity-token", "or a signing config that names an identity provider"],
      cause: thrown,
    })
  }
}
