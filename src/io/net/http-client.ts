import { randomBytes } from "node:crypto"
import { setTimeout as wait } from "node:timers/promises"
import type { ResponseData } from "undici/lib/api/index.js"

import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { Clock, Logger, Randomness } from "../../core/ports.ts"
import type { AddressLookup } from "./connector.ts"
import { createHostGate, type HostGate, type Sleep } from "./host-gate.ts"
import type { HttpClient, HttpRequest, HttpResponse } from "./http-types.ts"
import { netError, retryClassOf, toNetError } from "./net-errors.ts"
import { firstHop, isRedirect, nextHop, type Hop } from "./hops.ts"
import { permit, type Permission } from "./permission.ts"
import type { ProxyResolver } from "./proxy.ts"
import { redactUrl } from "./redact.ts"
import { makeResponse } from "./response.ts"
import { backoffMs, isTransient, parseRetryAfter } from "./retry.ts"
import { createTls, type TlsSettings } from "./tls.ts"
import { createTransport, type Timeouts, type Transport } from "./transport.ts"

/** Longest time one exchange holds its place at a host, milliseconds. */
const HELD_MS = 60_000

/** How a client is made. Everything has a default but the user agent. */
export interface HttpClientOptions {
  readonly userAgent: string
  readonly logger?: Logger | undefined
  readonly clock?: Clock
  readonly randomness?: Randomness
  readonly sleep?: Sleep
  /** Milliseconds; what is left out comes from `limits`. */
  readonly timeouts?: Partial<Timeouts>
  /** Milliseconds from now until every request of this client must be over. */
  readonly timeoutMs?: number | undefined
  readonly tls?: TlsSettings
  readonly proxy?: ProxyResolver
  /** Only these `host[:port]` may be contacted; `undefined` = all. Empty = no socket at all. */
  readonly offlineExcept?: readonly string[] | undefined
  /** Plain http: `loopback` (default), `private` (also RFC 1918), or `always`. */
  readonly plainHttp?: Permission["plainHttp"] | undefined
  readonly perHost?: number
  readonly tries?: number
  readonly retryAfterMs?: number
  /** Name look-up, for tests. */
  readonly lookup?: AddressLookup
}

interface Parts {
  readonly options: HttpClientOptions
  readonly now: () => number
  readonly randomness: Randomness
  readonly sleep: Sleep
  readonly gate: HostGate
  readonly transport: Transport
  readonly permission: Permission
  readonly deadline: { readonly at: number; readonly signal: AbortSignal } | undefined
  readonly tries: number
  readonly retryAfterMs: number
}

/**
 * The HTTP client: retries, per-host limits, redirects, proxies, TLS, limits on time and size.
 *
 * Spec: RFC 9110, RFC 9112; registry.md 3.9 for retries and proxies; advisories.md 13.3 for addresses.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const parts = makeParts(options)
  return {
    request: (request) => follow(parts, request, parts.tries),
    close: () => parts.transport.close(),
  }
}

function makeParts(options: HttpClientOptions): Parts {
  const now = options.clock === undefined ? Date.now : options.clock.now.bind(options.clock)
  const sleep: Sleep = options.sleep ?? ((ms, signal) => wait(ms, undefined, signal === undefined ? {} : { signal }))
  const timeouts: Timeouts = {
    connectMs: options.timeouts?.connectMs ?? limits.connectMs,
    headersMs: options.timeouts?.headersMs ?? limits.headersMs,
    bodyIdleMs: options.timeouts?.bodyIdleMs ?? limits.bodyIdleMs,
  }
  const { timeoutMs } = options
  return {
    options,
    now,
    randomness: options.randomness ?? { bytes: (count) => randomBytes(count) },
    sleep,
    gate: createHostGate({ perHost: options.perHost ?? limits.perHost, now, sleep }),
    transport: createTransport({
      tls: options.tls ?? createTls({}),
      proxy: options.proxy ?? (() => undefined),
      timeouts,
      lookup: options.lookup,
    }),
    permission: { plainHttp: options.plainHttp ?? "loopback", offlineExcept: options.offlineExcept },
    deadline: timeoutMs === undefined ? undefined : { at: now() + timeoutMs, signal: AbortSignal.timeout(timeoutMs) },
    tries: options.tries ?? limits.tries,
    retryAfterMs: options.retryAfterMs ?? limits.retryAfterMs,
  }
}

/** One request with its redirects. */
async function follow(parts: Parts, request: HttpRequest, tries: number): Promise<HttpResponse> {
  let hop = firstHop(request, parts.transport)
  for (let redirects = 0; ; redirects++) {
    const response = await sendWithRetries(parts, request, hop, tries)
    if (request.redirect === "manual" || !isRedirect(hop.method, response)) return response
    await response.discard()
    if (redirects >= limits.redirects) {
      throw new ToolError("E_LIMIT_EXCEEDED", {
        kind: "unknown",
        what: `too many redirects from ${new URL(request.url).host}`,
        why: `more than ${limits.redirects}, the last one to ${redactUrl(response.header("location") ?? "")}`,
      })
    }
    hop = nextHop(request, hop, response, parts.transport)
  }
}

/** What is known of the tries of one hop. */
interface Tried {
  readonly request: HttpRequest
  readonly hop: Hop
  readonly tries: number
  readonly signal: AbortSignal
  count: number
}

async function sendWithRetries(parts: Parts, request: HttpRequest, hop: Hop, tries: number): Promise<HttpResponse> {
  permit(parts.permission, hop.url, parts.options.proxy, {
    plain: request.named !== undefined || request.signedAnswer === true,
  })
  const signals = [request.signal, parts.deadline?.signal].filter((signal) => signal !== undefined)
  const tried: Tried = { request, hop, tries, signal: AbortSignal.any(signals), count: 0 }
  const replayable = request.replayable ?? (hop.method !== "POST" && hop.method !== "PATCH")
  for (;;) {
    tried.count++
    const last = !replayable || tried.count >= tries
    try {
      const response = await tryOnce(parts, tried)
      const pause = await pauseAfter(parts, tried, response, last)
      if (pause === undefined) return response
      await response.discard()
      await rest(parts, tried, pause)
    } catch (thrown) {
      const error = cancelled(parts, tried) ?? toNetError(thrown, hop.url.host)
      const allowed = { no: 1, short: Math.min(3, tries), full: tries }[retryClassOf(error)]
      if (last || tried.count >= allowed || tried.signal.aborted) throw error
      parts.options.logger?.debug("http.retry", { url: redactUrl(hop.url), retry: tried.count, code: error.code })
      await rest(parts, tried, backoffMs(tried.count, parts.randomness))
    }
  }
}

async function tryOnce(parts: Parts, tried: Tried): Promise<HttpResponse> {
  const { request, hop, signal } = tried
  const counted = request.body === undefined || "bytes" in request.body
  const release = releaseLater(await parts.gate.enter(hop.url.origin, counted, signal))
  try {
    const started = parts.now()
    const raw = await parts.transport.send({
      method: hop.method,
      url: hop.url,
      headers: [...hop.headers, ["user-agent", parts.options.userAgent], ["accept-encoding", "identity"]],
      body: hop.withBody ? request.body : undefined,
      signal,
      reach: hop.reach,
    })
    const repeats = hop.method === "GET" && request.replayable !== false && tried.count < tried.tries
    const response = await makeResponse({
      status: raw.statusCode,
      method: hop.method,
      url: hop.url,
      headers: raw.headers,
      body: raw.body,
      release,
      aborted: () => cancelled(parts, tried),
      again: repeats ? () => follow(parts, request, tried.tries - tried.count) : undefined,
    })
    logExchange(parts, tried, raw, response, started)
    return response
  } catch (thrown) {
    release()
    throw thrown
  }
}

/** An answer that nobody reads must not hold back others for ever. */
function releaseLater(leave: () => void): () => void {
  const timer = setTimeout(leave, HELD_MS)
  timer.unref()
  return () => {
    clearTimeout(timer)
    leave()
  }
}

function logExchange(parts: Parts, tried: Tried, raw: ResponseData, response: HttpResponse, started: number): void {
  const length = response.header("content-length")
  parts.options.logger?.debug("http.request", {
    method: tried.hop.method,
    url: redactUrl(tried.hop.url),
    status: raw.statusCode,
    ms: parts.now() - started,
    bytes: length === undefined ? null : Number(length),
    retry: tried.count - 1,
    retryAfter: response.header("retry-after") ?? null,
    type: response.header("content-type") ?? null,
  })
}

/** Milliseconds to wait before the next try; `undefined` when the answer is final. Closes the gate after a 429. */
async function pauseAfter(
  parts: Parts,
  tried: Tried,
  response: HttpResponse,
  last: boolean,
): Promise<number | undefined> {
  const { status } = response
  if (!isTransient(status) || tried.request.accept?.includes(status)) return undefined
  const asked = parseRetryAfter(response.header("retry-after"), parts.now())
  const left = parts.deadline === undefined ? Infinity : parts.deadline.at - parts.now()
  if (asked !== undefined && asked > Math.min(parts.retryAfterMs, left)) {
    if (status !== 429) return undefined
    await response.discard()
    throw rateLimited(tried.hop.url.host, asked, Math.min(parts.retryAfterMs, left))
  }
  const pause = asked ?? backoffMs(tried.count, parts.randomness)
  if (status === 429) parts.gate.close(tried.hop.url.origin, pause)
  return last ? undefined : pause
}

function rateLimited(host: string, asked: number, allowed: number): ToolError {
  const seconds = Math.ceil(asked / 1000)
  return new ToolError("E_REGISTRY_RATE_LIMITED", {
    what: `${host} asked us to slow down`,
    why: `it answered 429 and wants us to wait ${seconds} s; we wait at most ${Math.floor(allowed / 1000)} s`,
    next: [`run the command again in ${seconds} s`, "log in: most registries allow more to known users"],
    details: { host, retryAfterMs: asked },
  })
}

async function rest(parts: Parts, tried: Tried, ms: number): Promise<void> {
  try {
    await parts.sleep(ms, tried.signal)
  } catch (thrown) {
    throw cancelled(parts, tried) ?? thrown
  }
}

/** The reason when the caller or the deadline stopped the request. */
function cancelled(parts: Parts, tried: Tried): ToolError | undefined {
  const { host } = tried.hop.url
  if (parts.deadline?.signal.aborted) {
    const why = `the time for the whole command (${parts.options.timeoutMs ?? 0} ms) is over`
    return netError("E_NET_TIMEOUT", { what: `${host} did not answer in time`, why, details: { host } }, "no")
  }
  const { signal } = tried.request
  if (signal?.aborted !== true) return undefined
  const reason: unknown = signal.reason
  if (reason instanceof ToolError) return reason
  const why = "the caller stopped it"
  return netError("E_NET_TIMEOUT", { what: `a request to ${host} was cancelled`, why, cause: reason }, "no")
}
