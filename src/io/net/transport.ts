import api, { type ResponseData } from "undici/lib/api/index.js"
import Agent from "undici/lib/dispatcher/agent.js"

import { classifyHost } from "./addresses.ts"
import { createConnector, type AddressLookup } from "./connector.ts"
import { reachOf, type TargetReach } from "./forbidden-target.ts"
import { netError, toNetError } from "./net-errors.ts"
import { bareHost } from "./origin.ts"
import type { ProxyResolver, ProxyRoute } from "./proxy.ts"
import type { TlsSettings } from "./tls.ts"
import { proxyError } from "./tunnel.ts"
import { uploadBody } from "./upload-body.ts"
import type { UploadSource } from "../../core/ports.ts"

/** Milliseconds allowed for the parts of an exchange. */
export interface Timeouts {
  readonly connectMs: number
  readonly headersMs: number
  readonly bodyIdleMs: number
}

/** One exchange on the wire, without retries and redirects. */
export interface Exchange {
  readonly method: string
  readonly url: URL
  readonly headers: readonly (readonly [string, string])[]
  readonly body: UploadSource | undefined
  readonly signal: AbortSignal
  /** `undefined` for hosts the user named. */
  readonly reach: TargetReach | undefined
}

/** Connections of one client. */
export interface Transport {
  send(exchange: Exchange): Promise<ResponseData>
  /** What a server may name: by the address it was reached at, else by its name. */
  reachFrom(url: URL): TargetReach
  close(): Promise<void>
}

/** Open a set of connection pools: one for hosts the user named, others for URLs that came from servers. */
export function createTransport(options: {
  readonly tls: TlsSettings
  readonly proxy: ProxyResolver
  readonly timeouts: Timeouts
  readonly lookup: AddressLookup | undefined
}): Transport {
  const agents = new Map<string, Agent>()
  const reaches = new Map<string, TargetReach>()
  const refusals = new Map<string, Error>()
  const agentFor = (reach: TargetReach | undefined, proxy: ProxyResolver, kind: string): Agent => {
    const name = `${kind} ${reach ?? "named"}`
    const agent = agents.get(name) ?? makeAgent({ ...options, proxy, reach }, reaches, refusals)
    agents.set(name, agent)
    return agent
  }
  return {
    async send(exchange) {
      const route = exchange.url.protocol === "http:" ? options.proxy(exchange.url) : undefined
      if (route === undefined) {
        const path = exchange.url.pathname + exchange.url.search
        const agent = agentFor(exchange.reach, options.proxy, "direct")
        return dispatch(agent, exchange, exchange.url.origin, path, options.timeouts).catch((thrown: unknown) => {
          throw refusals.get(exchange.url.origin) ?? thrown
        })
      }
      const agent = agentFor(undefined, () => undefined, "forward")
      return forward(agent, exchange, route, options.timeouts)
    },
    reachFrom: (url) => reaches.get(url.origin) ?? reachOf(classifyHost(bareHost(url))),
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
      agents.clear()
    },
  }
}

function makeAgent(
  options: {
    readonly tls: TlsSettings
    readonly proxy: ProxyResolver
    readonly timeouts: Timeouts
    readonly lookup: AddressLookup | undefined
    readonly reach: TargetReach | undefined
  },
  reaches: Map<string, TargetReach>,
  refusals: Map<string, Error>,
): Agent {
  const connect = createConnector({
    reach: options.reach,
    tls: options.tls,
    proxy: options.proxy,
    connectMs: options.timeouts.connectMs,
    lookup: options.lookup,
    onConnected: (origin, reach) => {
      reaches.set(origin, reach)
    },
    onTlsFailure: (origin, error) => {
      if (error === undefined) refusals.delete(origin)
      // The alert comes first; the closed connection after it says less.
      else if (toNetError(error, new URL(origin).host).code === "E_TLS_CLIENT") refusals.set(origin, error)
    },
  })
  return new Agent({
    connect,
    allowH2: false,
    headersTimeout: options.timeouts.headersMs,
    bodyTimeout: options.timeouts.bodyIdleMs,
    keepAliveTimeout: 4000,
    keepAliveMaxTimeout: 30_000,
    pipelining: 1,
  })
}

/** Plain http through a proxy: the absolute URL in the request line (RFC 9112 section 3.2.2). */
async function forward(agent: Agent, exchange: Exchange, route: ProxyRoute, timeouts: Timeouts): Promise<ResponseData> {
  const { url } = exchange
  const headers: [string, string][] = [...exchange.headers.map(([name, value]): [string, string] => [name, value])]
  headers.push(["host", url.host])
  if (route.authorization !== undefined) headers.push(["proxy-authorization", route.authorization])
  const path = url.origin + url.pathname + url.search
  const response = await dispatch(agent, { ...exchange, headers }, route.url.origin, path, timeouts)
  if (response.statusCode !== 407) return response
  response.body.on("error", () => undefined).destroy()
  throw proxyError(route, "it wants other credentials (407)")
}

async function dispatch(
  agent: Agent,
  exchange: Exchange,
  origin: string,
  path: string,
  timeouts: Timeouts,
): Promise<ResponseData> {
  const stalled = new AbortController()
  const upload = uploadBody(exchange.body, timeouts.headersMs, () => {
    stalled.abort(
      netError(
        "E_NET_TIMEOUT",
        { what: `${exchange.url.host} did not answer in time`, why: "the upload stood still or no answer began" },
        "full",
      ),
    )
  })
  const headers = exchange.headers.flat()
  if (upload.size !== undefined) headers.push("content-length", String(upload.size))
  try {
    const response = await api.request.call(agent, {
      origin,
      path,
      method: exchange.method,
      headers,
      body: upload.body,
      signal: upload.body === null ? exchange.signal : AbortSignal.any([exchange.signal, stalled.signal]),
      // While a body is sent, the upload's own timer watches.
      headersTimeout: upload.watched ? 0 : timeouts.headersMs,
      bodyTimeout: timeouts.bodyIdleMs,
      responseHeaders: "raw",
    })
    // An unread body that breaks must not end the process.
    response.body.on("error", () => undefined)
    return response
  } catch (thrown) {
    throw upload.failure() ?? thrown
  } finally {
    upload.stop()
  }
}
