import { ToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import type { Clock, Logger } from "../../../core/ports.ts"
import type { HttpClient, HttpRequest, HttpResponse } from "../../net/http-types.ts"
import { redactUrl } from "../../net/redact.ts"
import { basicAuthorization, type Credential } from "./credentials.ts"
import { readErrorCode } from "./error-body.ts"
import { credentialText, loginAdvice } from "./refused.ts"
import { parseTokenAnswer, type Token } from "./token-answer.ts"

/** What a token is for. */
export interface TokenRequest {
  /** Absolute URL from the challenge; untrusted. */
  readonly realm: string
  readonly service: string | undefined
  /** In the normal form of `mergeScopes`. */
  readonly scopes: readonly string[]
  /** `undefined` = anonymous. */
  readonly credential: Credential | undefined
}

/** Tokens of one registry, kept in memory until they expire. */
export interface TokenClient {
  /** A token that is there already. */
  cached(request: TokenRequest): string | undefined
  /**
   * A cached or new token; one request at a time per key.
   * @throws {ToolError} `E_NET_FORBIDDEN_TARGET` for a realm that is refused (nothing is sent),
   *   `E_REGISTRY_UNAUTHENTICATED`, `E_REGISTRY_DENIED`, `E_REGISTRY_UNAVAILABLE`, `E_REGISTRY_PROTOCOL`, `E_NET_*`.
   */
  get(request: TokenRequest): Promise<string>
  /** Forget a token the registry refused; a newer one under the same key stays. */
  drop(request: TokenRequest, token: string): void
}

/** How tokens are fetched. */
export interface TokenClientOptions {
  readonly http: HttpClient
  /** Origin of the registry that named the realm. */
  readonly registryOrigin: string
  readonly clock: Clock
  readonly logger: Logger
  /** `client_id` of the OAuth2 form. */
  readonly clientId: string
  /** Origins of token services the user trusts whatever their address. */
  readonly trustedRealms: readonly string[]
}

/** Longest realm, characters. */
const REALM_LENGTH = 2048

/** Make a token client for one registry. */
export function createTokenClient(options: TokenClientOptions): TokenClient {
  const tokens = new Map<string, Token>()
  const running = new Map<string, Promise<Token>>()
  const keyOf = keyMaker()
  const cached = (key: string): string | undefined => {
    const token = tokens.get(key)
    if (token === undefined) return undefined
    if (token.expiresAt > options.clock.now()) return token.value
    tokens.delete(key)
    return undefined
  }
  const fetchOnce = async (key: string, request: TokenRequest): Promise<Token> => {
    try {
      const token = await fetchToken(options, request)
      tokens.set(key, token)
      return token
    } finally {
      running.delete(key)
    }
  }
  return {
    cached: (request) => cached(keyOf(request)),
    async get(request) {
      const key = keyOf(request)
      const found = cached(key)
      if (found !== undefined) return found
      const flight = running.get(key) ?? fetchOnce(key, request)
      running.set(key, flight)
      return (await flight).value
    },
    drop(request, token) {
      const key = keyOf(request)
      if (tokens.get(key)?.value === token) tokens.delete(key)
    },
  }
}

/** Keys without secrets in them: credentials are told apart by identity. */
function keyMaker(): (request: TokenRequest) => string {
  const identities = new WeakMap<Credential, number>()
  let count = 0
  return ({ realm, service, scopes, credential }) => {
    if (credential !== undefined && !identities.has(credential)) identities.set(credential, ++count)
    const identity = credential === undefined ? 0 : (identities.get(credential) ?? 0)
    return JSON.stringify([realm, service ?? null, scopes, identity])
  }
}

async function fetchToken(options: TokenClientOptions, request: TokenRequest): Promise<Token> {
  const realm = parseRealm(request.realm, options.registryOrigin)
  const { credential } = request
  if (credential?.kind === "identity-token") {
    const response = await send(options, realm, postForm(options, request, credential.token, realm))
    if (response.status !== 404 && response.status !== 405) return readToken(options, request, realm, response)
    await response.discard()
  }
  return readToken(options, request, realm, await send(options, realm, getForm(request, realm)))
}

function parseRealm(text: string, registryOrigin: string): URL {
  const url = text.length > REALM_LENGTH ? null : URL.parse(text)
  if (url !== null && url.protocol !== "" && url.host !== "") return url
  throw new ToolError("E_REGISTRY_PROTOCOL", {
    what: `${registryOrigin} named no usable token service`,
    why: `its realm is ${text.length > REALM_LENGTH ? `${text.length} characters long` : "not an absolute URL"}`,
  })
}

function send(options: TokenClientOptions, realm: URL, request: HttpRequest): Promise<HttpResponse> {
  options.logger.debug("registry.token", { realm: redactUrl(realm), method: request.method })
  const trusted = options.trustedRealms.includes(realm.origin)
  return options.http.request({ ...request, ...(trusted ? {} : { namedBy: options.registryOrigin }) })
}

/** The GET form: distribution, auth/token. */
function getForm(request: TokenRequest, realm: URL): HttpRequest {
  const url = new URL(realm)
  const { credential, service } = request
  if (service !== undefined && service !== "") url.searchParams.append("service", service)
  for (const scope of request.scopes) url.searchParams.append("scope", scope)
  const basic = basicOf(credential)
  if (basic === undefined) return { method: "GET", url: url.href }
  url.searchParams.append("account", basic.username)
  const headers = { authorization: basicAuthorization(basic.username, basic.password) }
  return { method: "GET", url: url.href, headers }
}

function basicOf(credential: Credential | undefined): { username: string; password: string } | undefined {
  if (credential?.kind === "basic") return credential
  if (credential?.kind !== "identity-token" || credential.username === undefined) return undefined
  return { username: credential.username, password: credential.token }
}

/** The OAuth2 form: distribution, auth/oauth. Asking for a token changes nothing, so it may be repeated. */
function postForm(options: TokenClientOptions, request: TokenRequest, refreshToken: string, realm: URL): HttpRequest {
  const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken })
  if (request.service !== undefined && request.service !== "") form.set("service", request.service)
  form.set("client_id", options.clientId)
  if (request.scopes.length > 0) form.set("scope", request.scopes.join(" "))
  return {
    method: "POST",
    url: realm.href,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: { bytes: new TextEncoder().encode(form.toString()) },
    replayable: true,
  }
}

async function readToken(
  options: TokenClientOptions,
  request: TokenRequest,
  realm: URL,
  response: HttpResponse,
): Promise<Token> {
  if (response.status !== 200) throw await refusal(request, realm, response, options.registryOrigin)
  return parseTokenAnswer(await response.bytes(limits.tokenBytes), realm.host, options.clock.now())
}

async function refusal(
  request: TokenRequest,
  realm: URL,
  response: HttpResponse,
  registryOrigin: string,
): Promise<ToolError> {
  const { status } = response
  const reason = await readErrorCode(response)
  const host = new URL(registryOrigin).host
  const who = request.credential === undefined ? "without credentials" : `with ${credentialText(request.credential)}`
  const why = `the token service ${realm.host} answered ${status}${reason === undefined ? "" : ` ${reason}`} ${who}, asked for ${request.scopes.join(" ") || "no scope"}`
  const details = { registry: host, realm: realm.host, status, scopes: [...request.scopes] }
  if (status === 401 || status === 400) {
    const next = [loginAdvice(host)]
    const what =
      request.credential === undefined ? `${host} wants credentials` : `${host} does not accept the credentials`
    return new ToolError("E_REGISTRY_UNAUTHENTICATED", { what, why, next, details })
  }
  if (status === 403) return new ToolError("E_REGISTRY_DENIED", { what: `${host} refused access`, why, details })
  if (status === 429)
    return new ToolError("E_REGISTRY_RATE_LIMITED", { what: `${realm.host} asked us to slow down`, why, details })
  if (status >= 500) return new ToolError("E_REGISTRY_UNAVAILABLE", { what: `no token for ${host}`, why, details })
  return new ToolError("E_REGISTRY_PROTOCOL", { what: `no token for ${host}`, why, details })
}
