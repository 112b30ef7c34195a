import type { UploadSource } from "../../core/ports.ts"
import type { TargetReach } from "./forbidden-target.ts"

/** A URL out of a certificate, where nobody that is known vouches for the address. */
export interface NamedByCertificate {
  readonly by: "certificate"
  /** Which addresses it may lead to. */
  readonly reach: TargetReach
  /** Hosts on this host or in a private network that may be asked all the same: `host` for every port, or `host:port`. */
  readonly allow: readonly string[]
}

/** One HTTP exchange to make. The client adds nothing but User-Agent, Accept-Encoding: identity and Content-Length. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Absolute http or https URL without userinfo. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: UploadSource
  readonly signal?: AbortSignal
  /**
   * `same-origin` (default): 301, 302, 303, 307 and 308 are followed within the origin.
   * `content`: also to other origins, without Authorization, custom headers or cookies; for GET and HEAD of blobs.
   * `manual`: the 3xx answer is returned.
   */
  readonly redirect?: "same-origin" | "content" | "manual"
  /** Whether the request may be sent again after a failure. Default: GET, HEAD, PUT and DELETE yes, others no. */
  readonly replayable?: boolean
  /**
   * URL or origin of the server that named `url` (a token realm). The address rules of redirects then apply to `url`;
   * without it, `url` is the user's own choice.
   */
  readonly namedBy?: string
  /**
   * Instead of `namedBy`: `url` comes out of a certificate. Address rules apply to it and to redirects; plain http is
   * allowed, because what is fetched is signed.
   */
  readonly named?: NamedByCertificate
  /** Plain http is allowed whatever the client's setting: the user named the URL, and the answer is signed. */
  readonly signedAnswer?: true
  /** Statuses that are answers to this caller and not retried although they look transient. */
  readonly accept?: readonly number[]
}

/** An answer. The body must be read or discarded. */
export interface HttpResponse {
  readonly status: number
  /** URL that answered, after redirects. */
  readonly url: string
  /** Header by name in any case; several values joined by `, `. */
  header(name: string): string | undefined
  /** Every value of a header in order, unjoined (WWW-Authenticate, Link, Warning). */
  headerValues(name: string): readonly string[]
  /** Body as it arrives; breaks off with `E_NET_TIMEOUT` when idle too long. */
  readonly body: AsyncIterable<Uint8Array>
  /** Whole body. @throws {ToolError} `E_NET_TOO_LARGE` past `max` bytes, `E_NET_CONNECT` when cut short. */
  bytes(max: number): Promise<Uint8Array>
  discard(): Promise<void>
}

/** The only way this program speaks HTTP. */
export interface HttpClient {
  /**
   * Send with retries, per-host limits and redirects as described in {@link HttpRequest}.
   * @throws {ToolError} `E_NET_*`, `E_TLS_*`, `E_REGISTRY_RATE_LIMITED`; an HTTP error status is an answer, not a throw.
   */
  request(request: HttpRequest): Promise<HttpResponse>
  close(): Promise<void>
}
