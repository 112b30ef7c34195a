import { asToolError, ToolError } from "../../core/errors.ts"
import type { Logger } from "../../core/ports.ts"
import { classifyHost } from "../net/addresses.ts"
import type { HttpResponse } from "../net/http-types.ts"
import { bareHost, parseOrigin } from "../net/origin.ts"
import type { RegistryHttp, RegistryRequest } from "./auth/registry-http.ts"

/** Where plain http may be spoken: see `ConnectionOptions.plainHttp`. */
export type PlainHttp = "loopback" | "private" | "always"

/** HTTP with authentication for one origin of a registry; credentials go nowhere else. */
export type Connect = (origin: string) => RegistryHttp

/** A request whose origin is not decided yet. */
export type OriginRequest = Omit<RegistryRequest, "url"> & { readonly path: string }

/**
 * Origins a registry may be reached at, most likely first.
 *
 * Loopback hosts, and all hosts where plain http is asked for by name: plain http, then https. Private hosts where those
 * are allowed it: https, then plain http. All others: https alone.
 *
 * @param host - `host[:port]` to connect to.
 * @param style - `cosign`: plain http that is asked for by name comes second there as well.
 *
 * Security: CVE-2019-1010275; no host falls back to plain http unless its class allows it by name.
 */
export function originCandidates(
  host: string,
  plainHttp: PlainHttp = "loopback",
  style: "docker" | "cosign" = "docker",
): readonly string[] {
  const secure = `https://${host}`
  const plain = `http://${host}`
  const url = URL.parse(secure)
  if (url === null) return [secure]
  const kind = classifyHost(bareHost(url))
  if (kind === "loopback") return [plain, secure]
  // COMPAT(cosign 2.5, 3.1): `--allow-http-registry` tries https before it falls back.
  if (plainHttp === "always") return style === "cosign" ? [secure, plain] : [plain, secure]
  if (plainHttp === "private" && isRfc1918(bareHost(url))) return [secure, plain]
  return [secure]
}

/** The private networks cosign speaks plain http to; not link-local and not IPv6. */
function isRfc1918(host: string): boolean {
  return /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.)[0-9.]+$/.test(host)
}

/**
 * Finds out with the first request which of the candidates a registry speaks, at no extra request where the first
 * candidate is right or the only one.
 */
export class OriginChoice {
  readonly #clients = new Map<string, RegistryHttp>()
  readonly #connect: Connect
  readonly #logger: Logger | undefined
  readonly #candidates: readonly string[]
  #chosen: string | undefined
  #deciding: Promise<unknown> | undefined

  constructor(connect: Connect, candidates: readonly string[], logger?: Logger) {
    this.#connect = connect
    this.#logger = logger
    this.#candidates = candidates
    this.#chosen = candidates.length === 1 ? candidates[0] : undefined
  }

  /** A stable name of the place, the same before and after the decision. */
  get key(): string {
    return this.#candidates[0] ?? ""
  }

  /** The origin in use; the first candidate until that is decided. */
  get chosen(): string {
    return parseOrigin(this.#chosen ?? this.key) ?? ""
  }

  /**
   * Send to the registry's origin.
   *
   * @throws {ToolError} as {@link RegistryHttp.request}.
   */
  async send(request: OriginRequest): Promise<HttpResponse> {
    if (this.#chosen !== undefined) return this.#to(this.#chosen, request)
    // A read finds out by itself; waiting for another would cost a round trip at the start of every command.
    if (isRead(request)) return this.#probe(request)
    while (this.#deciding !== undefined) await this.#deciding.catch(() => undefined)
    const work = this.#decide(request)
    this.#deciding = work
    try {
      return await work
    } finally {
      this.#deciding = undefined
    }
  }

  /** Send to a URL that the registry named: an upload, a next page. */
  follow(request: RegistryRequest): Promise<HttpResponse> {
    return this.#client(this.#chosen ?? this.key).request(request)
  }

  async #decide(request: OriginRequest): Promise<HttpResponse> {
    if (this.#chosen === undefined) {
      const probe = await this.#probe({ method: "GET", path: "/v2/", scope: [], ...signalOf(request) })
      await probe.discard()
    }
    return this.#to(this.#chosen ?? this.key, request)
  }

  async #probe(request: OriginRequest): Promise<HttpResponse> {
    const [first = "", second = ""] = this.#candidates
    const early = await this.#attempt(first, { ...request, replayable: false })
    if (!(early instanceof ToolError)) return early
    let other: HttpResponse | ToolError
    try {
      other = await this.#attempt(second, request)
    } catch (thrown) {
      throw both(first, early, asToolError(thrown))
    }
    if (!(other instanceof ToolError)) return other
    // The first answered as if it wanted the second: unless nobody speaks TLS there after all, what went wrong with it
    // is the error worth showing.
    if (early.code === "E_REGISTRY_PROTOCOL" && !speaksNoTls(other)) throw both(first, early, other)
    // Neither speaks; the first with its full number of tries gives the error worth showing.
    const response = await this.#to(first, request)
    this.#chosen = first
    return response
  }

  /** An answer, or why nobody speaks this scheme there. Throws what another scheme would not mend. */
  async #attempt(origin: string, request: OriginRequest): Promise<HttpResponse | ToolError> {
    const answer = await this.#ask(origin, request)
    if (!(answer instanceof ToolError)) {
      this.#chosen = origin
      return answer
    }
    const { code, why = "" } = answer
    this.#logger?.debug("registry.origin.failed", { origin, code, why })
    return answer
  }

  async #ask(origin: string, request: OriginRequest): Promise<HttpResponse | ToolError> {
    let response: HttpResponse
    try {
      response = await this.#to(origin, request)
    } catch (thrown) {
      const error = asToolError(thrown)
      if (request.signal?.aborted === true || !isOtherScheme(error)) throw thrown
      return error
    }
    const wantsTls = response.status === 400 && origin.startsWith("http:") && (await this.#wantsTls(response, request))
    if (!wantsTls) return response
    return new ToolError("E_REGISTRY_PROTOCOL", {
      what: `${new URL(origin).host} does not speak plain http`,
      why: "it answered 400, as servers do that want https",
    })
  }

  /**
   * Servers answer plain http on a TLS port with 400 and a text of their own. A registry answers 400 with JSON, and
   * with its API header.
   */
  async #wantsTls(response: HttpResponse, request: OriginRequest): Promise<boolean> {
    if (request.method !== "HEAD" && /json/i.test(response.header("content-type") ?? "")) return false
    if (response.header("docker-distribution-api-version") !== undefined) return false
    await response.discard()
    return true
  }

  #to(origin: string, request: OriginRequest): Promise<HttpResponse> {
    const { path, ...rest } = request
    return this.#client(origin).request({ ...rest, url: `${origin}${path}` })
  }

  #client(origin: string): RegistryHttp {
    const client = this.#clients.get(origin) ?? this.#connect(origin)
    this.#clients.set(origin, client)
    return client
  }
}

/**
 * Whether a failure says no more than that this scheme is not spoken. A certificate that is refused says that TLS is.
 *
 * SECURITY: where a certificate is bad, nothing is sent in the clear instead.
 */
function isOtherScheme(error: ToolError): boolean {
  return error.code === "E_NET_CONNECT" || speaksNoTls(error)
}

function speaksNoTls(error: ToolError): boolean {
  return error.code === "E_TLS_HANDSHAKE" && error.details["speaksTls"] === false
}

/** What came of the second scheme, and why the first was left. */
function both(first: string, early: ToolError, other: ToolError): ToolError {
  return new ToolError(other.code, {
    what: other.what,
    why: `${other.why ?? ""}; ${first} was tried before: ${early.why ?? early.what}`,
    next: other.next,
    details: other.details,
    kind: other.kind,
    cause: other,
  })
}

function isRead(request: OriginRequest): boolean {
  return request.method === "GET" || request.method === "HEAD"
}

function signalOf(request: OriginRequest): { readonly signal?: AbortSignal } {
  return request.signal === undefined ? {} : { signal: request.signal }
}
