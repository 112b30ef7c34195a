import { asToolError } from "../../../core/errors.ts"
import { listenForCallback, reasonOf, type Callback } from "./callback-listener.ts"
import { failurePage, SUCCESS } from "./callback-page.ts"
import { checkCallback } from "./check-callback.ts"
import type { OidcContext } from "./context.ts"
import { requirePkce } from "./discovery.ts"
import { SCOPE, type Login } from "./login.ts"
import { noToken, rejected } from "./oidc-errors.ts"
import { createPkce, createSecret, type Pkce } from "./pkce.ts"
import { askTokenEndpoint, tokensOf } from "./redeem.ts"
import { verifyIdToken } from "./verify-id-token.ts"

const OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
/** Milliseconds until a browser that does not come back is given up; as the peers do. */
const CALLBACK_MS = 120_000
/** Longest code a person may enter, characters. */
const CODE_CHARACTERS = 4096

/** Secrets of one login; none is used twice. */
interface Attempt {
  readonly login: Login
  readonly pkce: Pkce
  readonly state: string
  readonly nonce: string
}

/**
 * Log a person in with a browser: authorization code with PKCE, brought back to this host; where no browser is, or none
 * comes back, with a code that the person enters.
 *
 * @param mode - `never`: do not try to open a browser.
 * @returns a verified ID token, a secret.
 * @throws {ToolError} `E_OIDC_REJECTED`, `E_OIDC_PERMISSION`, `E_OIDC_NO_TOKEN`, `E_ADDRESS_IN_USE`, `E_NET_*`.
 *
 * Spec: OpenID Connect Core 1.0 section 3.1; RFC 7636; RFC 8252.
 */
export async function loginByBrowser(
  ctx: OidcContext,
  login: Login,
  mode: "auto" | "never",
  signal?: AbortSignal,
): Promise<string> {
  requirePkce(login.provider)
  const attempt: Attempt = {
    login,
    pkce: createPkce(ctx.randomness),
    state: createSecret(ctx.randomness),
    nonce: createSecret(ctx.randomness),
  }
  const token = mode === "never" ? undefined : await byCallback(ctx, attempt, signal)
  return token ?? byEnteredCode(ctx, attempt, signal)
}

/** The token; `undefined` when the browser cannot be opened or does not come back. */
async function byCallback(ctx: OidcContext, attempt: Attempt, signal?: AbortSignal): Promise<string | undefined> {
  const { conversation, redirectUrl } = attempt.login
  const listener = await listenForCallback(redirectUrl)
  try {
    const url = authorizationUrl(attempt, listener.redirectUri)
    const problem = await open(ctx, url)
    if (problem !== undefined) {
      await conversation.browserFailed("no-browser", problem)
      return undefined
    }
    await conversation.browserOpened(url)
    const callback = await listener.wait(ctx.callbackMs ?? CALLBACK_MS, signal)
    if (callback !== undefined) return await answered(ctx, attempt, { callback, uri: listener.redirectUri }, signal)
    await conversation.browserFailed("timeout", "timeout")
    return undefined
  } finally {
    await listener.close()
  }
}

/** What went wrong, if something did. */
async function open(ctx: OidcContext, url: string): Promise<string | undefined> {
  if (ctx.openBrowser === undefined) return "no browser can be opened here"
  try {
    await ctx.openBrowser(url)
    return undefined
  } catch (thrown) {
    const { why, message } = asToolError(thrown)
    return why ?? message
  }
}

/** The browser is told how it ended: that is known only when the token is verified. */
async function answered(
  ctx: OidcContext,
  attempt: Attempt,
  { callback, uri }: { readonly callback: Callback; readonly uri: string },
  signal?: AbortSignal,
): Promise<string> {
  try {
    const code = checkCallback(callback.query, { state: attempt.state, provider: attempt.login.provider })
    const token = await redeem(ctx, attempt, { code, uri }, signal)
    await callback.reply(SUCCESS)
    return token
  } catch (thrown) {
    const { what, why } = asToolError(thrown)
    await callback.reply(failurePage(`${why === undefined ? what : `${what}: ${why}`}.`))
    throw thrown
  }
}

async function byEnteredCode(ctx: OidcContext, attempt: Attempt, signal?: AbortSignal): Promise<string> {
  const asked = attempt.login.conversation.outOfBand(authorizationUrl(attempt, OUT_OF_BAND))
  const code = (await unlessAborted(asked, signal)).trim()
  if (code === "") {
    throw noToken("no verification code was entered", "the line was empty", [
      "log in again, or give a token with `--identity-token`",
    ])
  }
  if (code.length > CODE_CHARACTERS) throw rejected("the verification code is too long", `${code.length} characters`)
  return redeem(ctx, attempt, { code, uri: OUT_OF_BAND }, signal)
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(reasonOf(signal))
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener("abort", onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}

function authorizationUrl({ login, pkce, state, nonce }: Attempt, redirectUri: string): string {
  const { authorizationEndpoint } = login.provider
  if (authorizationEndpoint === undefined) {
    throw rejected("the identity provider cannot be used", "it names no authorization_endpoint")
  }
  const url = new URL(authorizationEndpoint)
  const parameters = {
    access_type: "online",
    client_id: login.client.id,
    code_challenge: pkce.challenge,
    code_challenge_method: "S256",
    nonce,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: SCOPE,
    state,
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

async function redeem(
  ctx: OidcContext,
  { login, pkce, nonce }: Attempt,
  { code, uri }: { readonly code: string; readonly uri: string },
  signal?: AbortSignal,
): Promise<string> {
  const { provider, client } = login
  const form = { grant_type: "authorization_code", code, redirect_uri: uri, code_verifier: pkce.verifier }
  const { idToken, accessToken } = tokensOf(await askTokenEndpoint(ctx, provider, client, form, signal))
  await verifyIdToken(ctx, provider, idToken, { clientId: client.id, nonce, accessToken }, signal)
  return idToken
}
