import { asToolError, ToolError } from "../../../core/errors.ts"
import type { IdentityToken, IdentityTokens, LoginConversation, TokenOrder } from "../../../core/sigstore-ports.ts"
import { ambientToken, type AmbientToken } from "./ambient-token.ts"
import { loginByBrowser } from "./browser-login.ts"
import { reasonOf } from "./callback-listener.ts"
import { loginByCredentials } from "./client-credentials.ts"
import { claimsOf, parseCompactToken } from "./compact-token.ts"
import { variable, type OidcContext } from "./context.ts"
import { loginByDevice } from "./device-login.ts"
import { discover } from "./discovery.ts"
import { clientSecret, givenToken } from "./given-token.ts"
import { forbidden, noToken, rejected, shown } from "./oidc-errors.ts"

type Flow = NonNullable<TokenOrder["flow"]>

/**
 * Identity tokens: the one given, else what the machine or CI job brings along, else a login.
 *
 * Spec: cosign.md section 11.2.
 */
export function createIdentityTokens(ctx: OidcContext): IdentityTokens {
  return {
    get: async (order, signal) => {
      try {
        if (signal?.aborted === true) throw reasonOf(signal)
        return await tokenFor(ctx, order, signal)
      } catch (thrown) {
        // Whatever broke off when it was told to, says so in one way.
        throw signal?.aborted === true && !(thrown instanceof ToolError) ? reasonOf(signal) : thrown
      }
    },
  }
}

async function tokenFor(ctx: OidcContext, order: TokenOrder, signal: AbortSignal | undefined): Promise<IdentityToken> {
  if (order.given !== undefined && order.given !== "") {
    return identity(await givenToken(ctx, order.given), "--identity-token", "the identity token given")
  }
  if (order.provider !== undefined && order.noAmbient === true) {
    throw new ToolError("E_USAGE", {
      what: `the provider ${shown(order.provider)} is asked for, and providers are switched off`,
      next: ["leave out one of `--oidc-provider` and `--oidc-disable-ambient-providers`"],
    })
  }
  if (order.noAmbient !== true) {
    const found = await ambientToken(ctx, order.provider, signal)
    if (found !== undefined) return ambient(found)
  }
  return login(ctx, order, signal)
}

/** Whoever set a variable that holds no token need not log in again. */
function ambient({ token, provider }: AmbientToken): IdentityToken {
  if (provider !== "envvar") return identity(token, provider, `the token of ${provider}`)
  try {
    return identity(token, provider, "the token in SIGSTORE_ID_TOKEN")
  } catch (thrown) {
    const { code, what, why = "" } = asToolError(thrown)
    if (code !== "E_OIDC_REJECTED") throw thrown
    throw rejected(what, why, {
      next: ["check what SIGSTORE_ID_TOKEN holds: the token itself, not a path", "or unset it to log in another way"],
    })
  }
}

function identity(token: string, source: string, what: string): IdentityToken {
  return { token, source, claims: claimsOf(parseCompactToken(token, what).payload, what) }
}

async function login(ctx: OidcContext, order: TokenOrder, signal?: AbortSignal): Promise<IdentityToken> {
  const flow = order.flow ?? (await defaultFlow(ctx, order))
  const token = await tokenBy(ctx, flow, order, signal)
  const source = flow === "normal" ? "browser" : flow
  return identity(token, source, "the identity provider's token")
}

async function defaultFlow(ctx: OidcContext, order: TokenOrder): Promise<Flow> {
  if (ctx.prompter.interactive) {
    await (order.conversation ?? ctx.conversation)?.browserChosen?.()
    return "normal"
  }
  // DEVIATION: cosign waits minutes here for a person whom a CI job does not have.
  if (variable(ctx, "GITHUB_ACTIONS") === "true" && order.noAmbient !== true) {
    throw forbidden("this GitHub workflow may not have identity tokens", "ACTIONS_ID_TOKEN_REQUEST_URL is not set", [
      "grant the job `permissions: id-token: write`",
    ])
  }
  await conversationOf(ctx, order).deviceChosen()
  return "device"
}

async function tokenBy(ctx: OidcContext, flow: Flow, order: TokenOrder, signal?: AbortSignal): Promise<string> {
  if (flow === "token") {
    throw noToken("the flow token needs an identity token", "none was given", ["give one with `--identity-token`"])
  }
  const { redirectUrl } = order
  const secret = order.clientSecretFile === undefined ? undefined : await clientSecret(ctx, order.clientSecretFile)
  const client = { id: order.clientId, ...(secret === undefined ? {} : { secret }) }
  if (flow === "client_credentials") {
    const provider = await discover(ctx, order.issuer, signal)
    const token = await loginByCredentials(ctx, provider, { client, redirectUrl }, signal)
    await (order.conversation ?? ctx.conversation)?.received()
    return token
  }
  const conversation = conversationOf(ctx, order)
  const provider = await discover(ctx, order.issuer, signal)
  const begun = { provider, client, redirectUrl, conversation }
  if (flow === "device") return loginByDevice(ctx, begun, signal)
  return loginByBrowser(ctx, begun, order.browser ?? "auto", signal)
}

function conversationOf(ctx: OidcContext, order: TokenOrder): LoginConversation {
  const conversation = order.conversation ?? ctx.conversation
  if (conversation !== undefined) return conversation
  throw new ToolError("E_OIDC_NO_TOKEN", {
    what: "no identity token could be had",
    why: "none was given, this machine brings none along, and nobody can be asked to log in",
    next: ["set SIGSTORE_ID_TOKEN, or give a token"],
  })
}
