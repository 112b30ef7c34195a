import { ToolError } from "../../core/errors.ts"
import type { HttpClient, HttpResponse, NamedByCertificate } from "../net/http-types.ts"
import { redactUrl } from "../net/redact.ts"

/** What requests to addresses out of certificates have in common. */
export interface RevocationRequest {
  /** Open already: loading it is no time of the other side's. */
  readonly client: HttpClient
  readonly url: string
  readonly named: NamedByCertificate
}

/** Time for a request that ends it from inside. */
export interface TimeLimit {
  readonly signal: AbortSignal
  /** Let it run no longer. */
  stop(): void
}

/**
 * A limit on time.
 *
 * @param ms - until the signal is aborted with `E_NET_TIMEOUT`.
 * @param what - what did not happen in time, as in `no first byte`.
 */
export function timeLimit(url: string, ms: number, what: string): TimeLimit {
  const controller = new AbortController()
  const timer = setTimeout(() => {
    const host = URL.parse(url)?.host ?? ""
    controller.abort(
      new ToolError("E_NET_TIMEOUT", {
        what: `${host} did not answer in time`,
        why: `${what} within ${ms} ms`,
        details: { host },
      }),
    )
  }, ms)
  return {
    signal: controller.signal,
    stop: () => {
      clearTimeout(timer)
    },
  }
}

/**
 * Refuse URLs that are not plain http. The content is signed; https would need a revocation check of its own.
 *
 * @param message - upstream's text about a scheme.
 * @throws {ToolError} `E_CERT_REVOCATION_UNKNOWN` for https, `E_NET_FORBIDDEN_TARGET` for everything else.
 */
export function requireHttp(url: string, message: (scheme: string) => string): void {
  const scheme = URL.parse(url)?.protocol.replace(/:$/, "") ?? ""
  if (scheme === "http") return
  throw new ToolError(scheme === "https" ? "E_CERT_REVOCATION_UNKNOWN" : "E_NET_FORBIDDEN_TARGET", {
    what: message(scheme),
    why: `a certificate names ${redactUrl(url)}, expected an http URL`,
  })
}

/**
 * Send one request, once: there are other responders and other lists, and the time is short.
 *
 * @throws {ToolError} `E_NET_*`.
 */
export async function sendOnce(
  { client, url, named }: RevocationRequest,
  signal: AbortSignal,
  body?: Uint8Array,
): Promise<HttpResponse> {
  return client.request({
    method: body === undefined ? "GET" : "POST",
    url,
    signal,
    named,
    redirect: "content",
    replayable: false,
    // A wait that a server asks for is no reason to stop others.
    accept: [429],
    ...(body === undefined ? {} : { body: { bytes: body }, headers: { "content-type": "application/ocsp-request" } }),
  })
}
