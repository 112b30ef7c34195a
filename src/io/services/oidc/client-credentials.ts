import type { OidcContext } from "./context.ts"
import type { Provider } from "./discovery.ts"
import { SCOPE } from "./login.ts"
import { noToken } from "./oidc-errors.ts"
import { askTokenEndpoint, tokensOf, type Client } from "./redeem.ts"
import { verifyIdToken } from "./verify-id-token.ts"

/**
 * A token for a program that has a client secret of its own.
 *
 * @returns a verified ID token, a secret.
 * @throws {ToolError} `E_OIDC_NO_TOKEN` without a secret; `E_OIDC_REJECTED`, `E_OIDC_PERMISSION`, `E_NET_*`.
 *
 * Spec: RFC 6749 section 4.4.
 */
export async function loginByCredentials(
  ctx: OidcContext,
  provider: Provider,
  { client, redirectUrl }: { readonly client: Client; readonly redirectUrl?: string | undefined },
  signal?: AbortSignal,
): Promise<string> {
  if (client.secret === undefined) {
    throw noToken("the flow client_credentials needs a client secret", "no file with one was named", [
      "name the file with `--oidc-client-secret-file FILE`",
    ])
  }
  const form = {
    grant_type: "client_credentials",
    scope: SCOPE,
    ...(redirectUrl === undefined ? {} : { redirect_uri: redirectUrl }),
  }
  const { idToken, accessToken } = tokensOf(await askTokenEndpoint(ctx, provider, client, form, signal))
  await verifyIdToken(ctx, provider, idToken, { clientId: client.id, accessToken }, signal)
  return idToken
}
