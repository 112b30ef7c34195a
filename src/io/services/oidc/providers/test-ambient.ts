import type { OidcContext } from "../context.ts"
import { createIdentityTokens } from "../identity-tokens.ts"
import { makeContext, type TestContext } from "../test-context.ts"
import { sampleToken } from "../test-tokens.ts"

export const TOKEN: string = sampleToken()

/** What {@link ambientToken} gets when a provider hands out {@link TOKEN}. */
export const expected = (source: string): string[] => [source, TOKEN, "insecure-test-subject"]

/**
 * The token of a provider in a place that nobody sits at.
 *
 * @param opened - where the context is left to be closed.
 */
export function ambientToken(
  opened: { close(): Promise<void> }[],
  facts: Partial<OidcContext>,
  provider?: string,
): { readonly ctx: TestContext; got: Promise<string[]> } {
  const ctx = makeContext({ interactive: false, conversation: undefined, ...facts })
  opened.push(ctx)
  const order = { issuer: "https://unused.example", clientId: "sigstore" }
  const got = createIdentityTokens(ctx)
    .get({ ...order, ...(provider === undefined ? {} : { provider }) })
    .then(({ source, token, claims }) => [source, token, claims.subject])
  got.catch(() => undefined)
  return { ctx, got }
}
