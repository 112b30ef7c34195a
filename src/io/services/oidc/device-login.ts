import { expectInteger, member } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import type { OidcContext } from "./context.ts"
import { isLoopback, requirePkce } from "./discovery.ts"
import { askJson, openIfBusy, problemOf, textOf, type JsonAnswer } from "./json-exchange.ts"
import { SCOPE, type Login } from "./login.ts"
import { forbidden, noToken, rejected, shown } from "./oidc-errors.ts"
import { createPkce, type Pkce } from "./pkce.ts"
import { askTokenEndpoint, tokensOf, type Tokens } from "./redeem.ts"
import { verifyIdToken } from "./verify-id-token.ts"

const GRANT = "urn:ietf:params:oauth:grant-type:device_code"
/** Seconds. */
const DEFAULT_INTERVAL = 5
const LONGEST_INTERVAL = 300
const SLOW_DOWN = 10
const DEFAULT_LIFE = 300
const LONGEST_LIFE = 3600

/** What the device endpoint gave. Times in seconds. */
interface DeviceCode {
  /** Secret. */
  readonly deviceCode: string
  readonly userCode: string
  readonly url: string
  readonly interval: number
  readonly expiresIn: number
}

/**
 * Log a person in on another device: a code is shown here and entered there.
 *
 * @returns a verified ID token, a secret.
 * @throws {ToolError} `E_OIDC_REJECTED`, `E_OIDC_PERMISSION`; `E_OIDC_NO_TOKEN` when nobody entered the code in time;
 *   `E_NET_*`.
 *
 * Spec: RFC 8628, with RFC 7636.
 */
export async function loginByDevice(ctx: OidcContext, login: Login, signal?: AbortSignal): Promise<string> {
  requirePkce(login.provider)
  const pkce = createPkce(ctx.randomness)
  const code = await askForCode(ctx, login, pkce, signal)
  const { userCode, url, expiresIn } = code
  await login.conversation.deviceCode({ userCode, url, expiresIn })
  const tokens = await poll(ctx, login, { pkce, code }, signal)
  const { idToken, accessToken } = tokens
  await verifyIdToken(ctx, login.provider, idToken, { clientId: login.client.id, accessToken }, signal)
  await login.conversation.received()
  return idToken
}

async function askForCode(ctx: OidcContext, login: Login, pkce: Pkce, signal?: AbortSignal): Promise<DeviceCode> {
  const { provider, client, redirectUrl } = login
  if (provider.deviceEndpoint === undefined) {
    throw rejected(
      "the identity provider has no device flow",
      "oidc: device authorization endpoint not returned by provider",
      { next: ["log in with a browser (`--oidc-flow normal`), or give a token with `--identity-token`"] },
    )
  }
  const answer = await askJson(await ctx.http(), {
    url: provider.deviceEndpoint,
    who: "the device endpoint",
    form: {
      client_id: client.id,
      scope: SCOPE,
      code_challenge_method: "S256",
      code_challenge: pkce.challenge,
      ...(redirectUrl === undefined ? {} : { redirect_uri: redirectUrl }),
    },
    signal,
  })
  if (answer.status !== 200 || answer.body === undefined) {
    throw rejected("the device endpoint gave no code", problemOf(answer), openIfBusy(answer))
  }
  return codeOf(answer.body)
}

function codeOf(body: JsonObject): DeviceCode {
  const deviceCode = textOf(body, "device_code")
  const userCode = textOf(body, "user_code")
  const url = textOf(body, "verification_uri_complete") ?? textOf(body, "verification_uri")
  if (deviceCode === undefined || userCode === undefined || url === undefined) {
    throw rejected("the device endpoint gave no code", "device_code, user_code or verification_uri is missing")
  }
  const interval = seconds(body, "interval", DEFAULT_INTERVAL)
  return {
    deviceCode,
    userCode: shown(userCode),
    url: shownUrl(url),
    interval: Math.min(interval === 0 ? DEFAULT_INTERVAL : interval, LONGEST_INTERVAL),
    expiresIn: Math.min(seconds(body, "expires_in", DEFAULT_LIFE), LONGEST_LIFE),
  }
}

function seconds(body: JsonObject, name: string, otherwise: number): number {
  const value = member(body, name)
  if (value === undefined) return otherwise
  try {
    return expectInteger(value, name)
  } catch {
    throw rejected("the device endpoint gave no code", `${name} is no number of seconds`)
  }
}

/** Where a person is sent must be a place that can be trusted with a password. */
function shownUrl(text: string): string {
  const url = URL.parse(text)
  const fine = url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url)))
  if (!fine || url.username !== "" || url.password !== "") {
    throw rejected("the device endpoint names a page that is refused", `${shown(text)} is not an https URL`)
  }
  return shown(url.href)
}

async function poll(
  ctx: OidcContext,
  login: Login,
  { pkce, code }: { readonly pkce: Pkce; readonly code: DeviceCode },
  signal?: AbortSignal,
): Promise<Tokens> {
  const end = ctx.clock.now() + code.expiresIn * 1000
  const form = { grant_type: GRANT, device_code: code.deviceCode, scope: SCOPE, code_verifier: pkce.verifier }
  let { interval } = code
  while (ctx.clock.now() < end) {
    await ctx.sleep(interval * 1000, signal)
    const answer = await askOnce(ctx, login, form, signal)
    const step = answer === undefined ? "unreachable" : stepOf(answer)
    if (step === "done" && answer !== undefined) return tokensOf(answer)
    // RFC 8628 section 3.5: the longer pause stays.
    if (step === "slow_down") interval += SLOW_DOWN
    if (step === "unreachable") interval = Math.min(interval * 2, LONGEST_INTERVAL)
  }
  throw tooLate()
}

/** `undefined` when the issuer could not be reached this time. */
async function askOnce(
  ctx: OidcContext,
  { provider, client }: Login,
  form: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<JsonAnswer | undefined> {
  try {
    return await askTokenEndpoint(ctx, provider, client, form, signal)
  } catch (thrown) {
    const passing = thrown instanceof ToolError && ["E_NET_TIMEOUT", "E_NET_CONNECT"].includes(thrown.code)
    if (!passing || signal?.aborted === true) throw thrown
    return undefined
  }
}

function stepOf(answer: JsonAnswer): "done" | "authorization_pending" | "slow_down" | "unreachable" {
  if (answer.status === 200) return "done"
  const error = textOf(answer.body, "error")
  if (error === "authorization_pending" || error === "slow_down") return error
  if (error === "expired_token") throw tooLate()
  if (error === "access_denied") {
    throw forbidden("the login was denied", `error obtaining token: ${problemOf(answer)}`, [
      "log in again and allow it, or use a token of another source",
    ])
  }
  if (answer.status === 429 || answer.status >= 500) return "unreachable"
  throw rejected("the token endpoint gave no token", `unexpected error in device flow: ${problemOf(answer)}`)
}

function tooLate(): ToolError {
  return noToken("nobody logged in in time", "the code has expired", [
    "run the command again and enter the code sooner, or give a token with `--identity-token`",
  ])
}
