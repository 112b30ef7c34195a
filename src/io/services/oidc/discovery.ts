import { isObject, member } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { classifyHost } from "../../net/addresses.ts"
import { bareHost } from "../../net/origin.ts"
import type { OidcContext } from "./context.ts"
import { askJson, openIfBusy, problemOf, textOf } from "./json-exchange.ts"
import { rejected, shown } from "./oidc-errors.ts"

/** An identity provider as its own configuration describes it. Endpoints are checked. */
export interface Provider {
  /** Exactly as asked for. */
  readonly issuer: string
  readonly authorizationEndpoint?: string
  readonly tokenEndpoint: string
  readonly deviceEndpoint?: string
  readonly jwksUri: string
  /** Whether it takes PKCE with S256. */
  readonly pkce: boolean
  /** Whether it promises to name itself in what it sends back by the browser (RFC 9207). */
  readonly namesItself: boolean
  /** Whether it takes a client secret in the header alone. */
  readonly basicOnly: boolean
}

/** Issuers of the field whose endpoints are of other origins. */
const ELSEWHERE: ReadonlyMap<string, readonly string[]> = new Map([
  ["https://accounts.google.com", ["https://oauth2.googleapis.com", "https://www.googleapis.com"]],
])

/** COMPAT(sigstore): Microsoft takes PKCE and does not announce it. */
const UNANNOUNCED = /^https:\/\/login\.microsoftonline\.(?:com|us)\//

/**
 * Read what an issuer says about itself.
 *
 * SECURITY: the issuer must name itself exactly as it was asked for, be https (or plain http on this host), and every
 * endpoint must be of its own origin or of one that is trusted by name: whoever can change one answer cannot bring the
 * code, the secret or the keys elsewhere.
 *
 * @throws {ToolError} `E_USAGE` for an issuer that is no URL; `E_OIDC_REJECTED`, `E_NET_*`.
 *
 * Spec: OpenID Connect Discovery 1.0 section 4; RFC 8414 section 3.3.
 */
export async function discover(ctx: OidcContext, issuer: string, signal?: AbortSignal): Promise<Provider> {
  const own = issuerUrl(issuer)
  const answer = await askJson(await ctx.http(), {
    url: `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    who: "the issuer",
    signal,
  })
  if (answer.status !== 200 || answer.body === undefined) {
    const why = answer.status === 200 ? "its answer is no JSON object" : problemOf(answer)
    throw rejected(`no identity provider answers at ${shown(issuer)}`, why, openIfBusy(answer))
  }
  return providerOf(ctx, answer.body, issuer, own)
}

function issuerUrl(issuer: string): URL {
  const url = URL.parse(issuer)
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new ToolError("E_USAGE", {
      what: "the issuer is no URL",
      why: `${shown(issuer)} is not an https URL`,
      next: ["give the issuer as in `--oidc-issuer https://oauth2.example/auth`"],
    })
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw rejected("the issuer is refused", "its URL has a user name, a query or a fragment")
  }
  if (url.protocol === "http:" && !isLoopback(url)) {
    throw rejected("the issuer is refused", `${shown(issuer)} is plain http, expected https`)
  }
  return url
}

/** Whether a URL is of this host. */
export function isLoopback(url: URL): boolean {
  return classifyHost(bareHost(url)) === "loopback"
}

function providerOf(ctx: OidcContext, body: JsonObject, issuer: string, own: URL): Provider {
  const named = textOf(body, "issuer")
  if (named !== issuer) {
    const seen = named === undefined ? "none" : shown(named)
    throw rejected(
      "the identity provider is not the issuer asked for",
      `oidc: issuer did not match the issuer returned by provider, expected ${shown(issuer)}, got ${seen}`,
    )
  }
  const trusted = [...(ctx.trustedOrigins ?? []), ...(ELSEWHERE.get(issuer) ?? [])]
  const endpoint = (name: string): string | undefined => {
    const text = textOf(body, name)
    return text === undefined ? undefined : checkEndpoint(text, name, own, trusted)
  }
  const needed = (name: string): string => {
    const found = endpoint(name)
    if (found === undefined) throw rejected("the identity provider cannot be used", `it names no ${name}`)
    return found
  }
  const authorizationEndpoint = endpoint("authorization_endpoint")
  const deviceEndpoint = endpoint("device_authorization_endpoint")
  const announced = listOf(body, "code_challenge_methods_supported")
  const methods = listOf(body, "token_endpoint_auth_methods_supported")
  return {
    issuer,
    tokenEndpoint: needed("token_endpoint"),
    jwksUri: needed("jwks_uri"),
    pkce: announced.includes("S256") || UNANNOUNCED.test(authorizationEndpoint ?? ""),
    namesItself: member(body, "authorization_response_iss_parameter_supported") === true,
    basicOnly: methods.includes("client_secret_basic") && !methods.includes("client_secret_post"),
    ...(authorizationEndpoint === undefined ? {} : { authorizationEndpoint }),
    ...(deviceEndpoint === undefined ? {} : { deviceEndpoint }),
  }
}

function listOf(body: JsonObject, name: string): readonly unknown[] {
  const value = member(body, name)
  return Array.isArray(value) && !isObject(value) ? (value as readonly unknown[]) : []
}

function checkEndpoint(text: string, name: string, own: URL, trusted: readonly string[]): string {
  const refuse = (why: string): ToolError =>
    rejected(`the identity provider's ${name} is refused`, `${shown(text)} ${why}`, {
      next: [
        "check the issuer; where it is right, and the other server is its own, name that server's origin in COUNTERSIGN_OIDC_ORIGINS",
      ],
    })
  const url = URL.parse(text)
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) throw refuse("is not an https URL")
  if (url.username !== "" || url.password !== "") throw refuse("contains a user name or password")
  if (url.protocol === "http:" && !(isLoopback(url) && own.protocol === "http:")) throw refuse("is plain http")
  if (url.origin !== own.origin && !trusted.includes(url.origin)) throw refuse(`is not on ${own.origin}`)
  url.hash = ""
  return url.href
}

/**
 * Refuse a provider without PKCE S256: without it, whoever sees the code can redeem it.
 *
 * @throws {ToolError} `E_OIDC_REJECTED`.
 */
export function requirePkce(provider: Provider): void {
  if (provider.pkce) return
  throw rejected(
    "the identity provider does not support PKCE with S256",
    `PKCE is not supported by OIDC provider '${shown(provider.authorizationEndpoint ?? provider.issuer)}': code_challenge_methods_supported does not list S256`,
    { next: ["ask the provider's operator to allow PKCE with S256, or use a token of another source"] },
  )
}
