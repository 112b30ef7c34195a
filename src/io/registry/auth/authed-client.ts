import { ToolError } from "../../../core/errors.ts"
import type { Clock, Logger } from "../../../core/ports.ts"
import type { HttpClient, HttpResponse } from "../../net/http-types.ts"
import { parseOrigin, sameOrigin } from "../../net/origin.ts"
import { redactUrl } from "../../net/redact.ts"
import { parseChallenges, type Challenge } from "./challenge.ts"
import { basicAuthorization, type Credential, type CredentialSource } from "./credentials.ts"
import { noteRefused } from "./refused.ts"
import type { RegistryHttp, RegistryRequest } from "./registry-http.ts"
import { coversScopes, mergeScopes, repositoryOf } from "./scopes.ts"
import { createTokenClient, type TokenClient, type TokenRequest } from "./token-client.ts"

/** What an authenticated client of one registry needs. */
export interface AuthedClientOptions {
  readonly http: HttpClient
  /** `https://host[:port]` that requests go to. */
  readonly registryOrigin: string
  /** `host[:port]` credentials are kept under; `docker.io` for the Hub. */
  readonly registry: string
  readonly credentials: CredentialSource
  readonly clock: Clock
  readonly logger: Logger
  /** `client_id` for token services. Default `countersign`. */
  readonly clientId?: string
  /** Origins of token services that may have any address. */
  readonly trustedRealms?: readonly string[]
}

/** What the registry asked for last. */
type Scheme =
  | { readonly kind: "basic" }
  /** Answered with a token of the user's own. */
  | { readonly kind: "registry-token" }
  | { readonly kind: "bearer"; readonly realm: string; readonly service: string | undefined }

interface Parts extends AuthedClientOptions {
  readonly origin: string
  readonly tokens: TokenClient
  readonly found: Map<string, Promise<Credential | undefined>>
  scheme: Scheme | undefined
  headers: Promise<Readonly<Record<string, string>>> | undefined
}

/** An `Authorization` and, for tokens, what it was made from. */
interface Authorization {
  readonly value: string
  readonly token?: { readonly request: TokenRequest; readonly value: string }
}

/** Times a request is sent again after a challenge: for a token, and for a token with more rights. */
const ROUNDS = 2

/**
 * HTTP to one registry with authentication inside. No probe is sent: the first request goes out as it is, or with what
 * is known of the registry; its challenge is answered and the scheme remembered.
 *
 * Spec: RFC 9110 section 11; distribution auth/token, auth/oauth, auth/scope; registry.md 3.
 * Security: `Authorization` and custom headers go to `registryOrigin` alone.
 */
export function createAuthedClient(options: AuthedClientOptions): RegistryHttp {
  const origin = parseOrigin(options.registryOrigin)
  if (origin === undefined) throw new ToolError("E_INTERNAL", { what: "a registry's origin is not http or https" })
  const tokens = createTokenClient({
    http: options.http,
    registryOrigin: origin,
    clock: options.clock,
    logger: options.logger,
    clientId: options.clientId ?? "countersign",
    trustedRealms: options.trustedRealms ?? [],
  })
  const parts: Parts = { ...options, origin, tokens, found: new Map(), scheme: undefined, headers: undefined }
  return { request: (request) => sendAuthenticated(parts, request) }
}

async function sendAuthenticated(parts: Parts, request: RegistryRequest): Promise<HttpResponse> {
  if (!sameOrigin(request.url, parts.origin)) return send(parts, request, undefined)
  let authorization = await foresee(parts, request.scope)
  let response = await send(parts, request, authorization)
  for (let round = 0; round < ROUNDS; round++) {
    if (!isChallenge(response)) break
    if (!sameOrigin(response.url, parts.origin)) throw await storageWantsCredentials(parts, response)
    const next = await answer(parts, request, response, authorization, round)
    if (next === undefined) break
    await response.discard()
    authorization = next
    response = await send(parts, request, authorization)
  }
  if (response.status === 401 && !sameOrigin(response.url, parts.origin))
    throw await storageWantsCredentials(parts, response)
  if (response.status === 401 || response.status === 403) {
    const credential = await credentialFor(parts, request.scope)
    if (credential !== undefined) noteRefused(response, credential, authorization !== undefined)
  }
  return response
}

async function send(
  parts: Parts,
  request: RegistryRequest,
  authorization: Authorization | undefined,
): Promise<HttpResponse> {
  const own = Object.entries(request.headers ?? {}).filter(([name]) => name.toLowerCase() !== "authorization")
  if (!sameOrigin(request.url, parts.origin))
    return parts.http.request({ ...request, headers: Object.fromEntries(own) })
  parts.headers ??= parts.credentials.headers()
  const names = new Set(own.map(([name]) => name.toLowerCase()))
  const custom = Object.entries(await parts.headers).filter(([name]) => !names.has(name.toLowerCase()))
  const proof = authorization === undefined ? [] : [["authorization", authorization.value]]
  return parts.http.request({
    ...request,
    headers: Object.fromEntries([...custom, ...own, ...proof]) as Record<string, string>,
  })
}

/** RFC 6750 section 3.1 puts a missing right under 403. */
function isChallenge(response: HttpResponse): boolean {
  if (response.status === 401) return true
  return response.status === 403 && /insufficient_scope/.test(response.header("www-authenticate") ?? "")
}

/** What can be sent at once, from what earlier answers taught. */
async function foresee(parts: Parts, scope: readonly string[]): Promise<Authorization | undefined> {
  const credential = await credentialFor(parts, scope)
  const { scheme } = parts
  if (scheme === undefined) return undefined
  if (credential?.kind === "registry-token") return { value: `Bearer ${credential.token}` }
  if (scheme.kind === "basic") return basic(credential)
  if (scheme.kind === "registry-token") return undefined
  const request = { realm: scheme.realm, service: scheme.service, scopes: mergeScopes(scope), credential }
  const cached = parts.tokens.cached(request)
  if (cached !== undefined) return bearer(request, cached)
  try {
    return bearer(request, await parts.tokens.get(request))
  } catch (thrown) {
    // The registry may not want a token here; its own challenge decides.
    if (thrown instanceof ToolError && isRefusal(thrown)) return undefined
    throw thrown
  }
}

function isRefusal(error: ToolError): boolean {
  return error.code === "E_REGISTRY_UNAUTHENTICATED" || error.code === "E_REGISTRY_DENIED"
}

function credentialFor(parts: Parts, scope: readonly string[]): Promise<Credential | undefined> {
  const repository = repositoryOf(scope)
  const key = repository ?? ""
  const found = parts.found.get(key) ?? parts.credentials.find(parts.registry, repository)
  parts.found.set(key, found)
  return found
}

function basic(credential: Credential | undefined): Authorization | undefined {
  if (credential?.kind === "basic") return { value: basicAuthorization(credential.username, credential.password) }
  if (credential?.kind !== "identity-token" || credential.username === undefined) return undefined
  return { value: basicAuthorization(credential.username, credential.token) }
}

function bearer(request: TokenRequest, value: string): Authorization {
  return { value: `Bearer ${value}`, token: { request, value } }
}

/** The next `Authorization` to try; `undefined` when the answer stands. */
async function answer(
  parts: Parts,
  request: RegistryRequest,
  response: HttpResponse,
  sent: Authorization | undefined,
  round: number,
): Promise<Authorization | undefined> {
  const credential = await credentialFor(parts, request.scope)
  if (credential?.kind === "registry-token") {
    // COMPAT(cosign 2.5, 3.1): Basic is answered so, too. The token goes to the registry itself, to no token service.
    const value = `Bearer ${credential.token}`
    if (value === sent?.value) return undefined
    parts.scheme = { kind: "registry-token" }
    return { value }
  }
  const challenge = choose(parts, parseChallenges(response.headerValues("www-authenticate")), credential)
  if (challenge === undefined) return undefined
  if (challenge.scheme === "basic") {
    const next = basic(credential)
    if (next === undefined || next.value === sent?.value) return undefined
    parts.scheme = { kind: "basic" }
    return next
  }
  return answerBearer(parts, request, { challenge, response, sent, round, credential })
}

async function answerBearer(
  parts: Parts,
  request: RegistryRequest,
  state: {
    readonly challenge: Challenge
    readonly response: HttpResponse
    readonly sent: Authorization | undefined
    readonly round: number
    readonly credential: Credential | undefined
  },
): Promise<Authorization | undefined> {
  const { challenge, response, sent, round, credential } = state
  const realm = challenge.parameters.get("realm")
  if (realm === undefined || realm === "") throw protocol(parts, "its Bearer challenge has no realm")
  const service = challenge.parameters.get("service")
  learn(parts, realm, service)
  const challenged = mergeScopes([challenge.parameters.get("scope") ?? ""])
  const scopes = mergeScopes(request.scope, challenged)
  if (sent?.token !== undefined) {
    // A token fetched for this very request does not get better by fetching it again with the same rights.
    if (round > 0 && coversScopes(sent.token.request.scopes, scopes)) return undefined
    parts.tokens.drop(sent.token.request, sent.token.value)
  }
  // The token service may be on this very host, and the unread answer holds a place there.
  await response.discard()
  const wide = { realm, service, scopes, credential }
  try {
    return bearer(wide, await parts.tokens.get(wide))
  } catch (thrown) {
    const narrow = { ...wide, scopes: challenged }
    const helps = challenged.length > 0 && !coversScopes(challenged, scopes)
    if (!(thrown instanceof ToolError) || !isRefusal(thrown) || !helps) throw thrown
    // Some token services refuse everything when one of several rights is refused.
    return bearer(narrow, await parts.tokens.get(narrow))
  }
}

function learn(parts: Parts, realm: string, service: string | undefined): void {
  const before = parts.scheme
  if (before?.kind === "bearer" && before.realm !== realm) {
    parts.logger.info("registry.realm", {
      registry: parts.registry,
      before: redactUrl(before.realm),
      now: redactUrl(realm),
    })
  }
  parts.scheme = { kind: "bearer", realm, service }
}

/** The first Basic or Bearer challenge that can be answered, other schemes passed over. */
function choose(
  parts: Parts,
  challenges: readonly Challenge[],
  credential: Credential | undefined,
): Challenge | undefined {
  const known = challenges.filter(({ scheme }) => scheme === "basic" || scheme === "bearer")
  const bearers = known.filter(({ scheme }) => scheme === "bearer")
  const places = new Set(
    bearers.map(({ parameters }) => `${parameters.get("realm") ?? ""} ${parameters.get("service") ?? ""}`),
  )
  // SECURITY: with two realms, whoever adds a header could choose where credentials go.
  if (places.size > 1) throw protocol(parts, "its answer names two different token services")
  const first = known[0]
  const usable = first?.scheme !== "basic" || basic(credential) !== undefined
  return usable ? first : (bearers[0] ?? first)
}

function protocol(parts: Parts, why: string): ToolError {
  return new ToolError("E_REGISTRY_PROTOCOL", {
    what: `${parts.registry} asks for credentials in a way that cannot be answered`,
    why,
    details: { registry: parts.registry },
  })
}

async function storageWantsCredentials(parts: Parts, response: HttpResponse): Promise<ToolError> {
  await response.discard()
  const { host } = new URL(response.url)
  return new ToolError("E_REGISTRY_UNAUTHENTICATED", {
    what: `the storage host ${host} wants credentials`,
    why: `${parts.registry} redirected there and it answered 401; credentials of ${parts.registry} are not sent to another host`,
    next: ["report it to the registry's operator: the address it hands out should need no credentials"],
    details: { registry: parts.registry, storage: host },
  })
}
