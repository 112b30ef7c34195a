import { randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { getRequestListener } from "@hono/node-server"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import type { RunningServer } from "../../app/world.ts"
import { ToolError } from "../../core/errors.ts"
import type { Clock, Logger } from "../../core/ports.ts"
import { faultResponse, RegistryFault } from "./fault.ts"
import { normalPath } from "./path.ts"
import { watchConnections, type ConnectionBounds } from "./watch-connections.ts"

/** The connection a request came on. */
export interface Connection {
  /** Break it off without an answer, or in the middle of one. */
  reset(): void
}

/** Answers requests; the connection is there for those that simulate failures. */
export type ConnectionHandler = (request: Request, connection: Connection) => Promise<Response>

/** Milliseconds a connection may take. */
export interface ListenTimeouts {
  /** Until all headers are there. */
  readonly headers: number
  /** Until the whole request is there; large blobs over slow lines need long. */
  readonly request: number
  /** Without any byte in either direction. */
  readonly idle: number
  /** Between two requests. */
  readonly keepAlive: number
  /** For requests under way when the server closes. */
  readonly close: number
}

export interface ListenOptions {
  /** `host:port`, `[ipv6]:port` or `:port` for every address; port 0 picks a free one. */
  readonly listen: string
  readonly handler: ConnectionHandler
  /** Gets one event per request. */
  readonly logger: Logger
  /** Name of that event. Default `registry.request`. */
  readonly event?: string
  readonly clock: Clock
  readonly timeouts?: Partial<ListenTimeouts>
  readonly connections?: Partial<ConnectionBounds>
}

const TIMEOUTS: ListenTimeouts = {
  headers: 30_000,
  request: 60 * 60 * 1000,
  idle: 120_000,
  keepAlive: 65_000,
  // Container runtimes kill after ten seconds.
  close: 8_000,
}

/** 500 bytes a second; a line this slow could not push anything of use. */
const CONNECTIONS: ConnectionBounds = { most: 4096, slowMs: 120_000, leastBytes: 60_000 }

/** Milliseconds between looks for requests that exceed their time. */
const TIMEOUT_CHECK_MS = 5_000

/** Bytes of all request headers together. */
const HEADER_BYTES = 32 * 1024

/**
 * Serve a handler over HTTP/1.1.
 *
 * @throws {ToolError} `E_CONFIG_INVALID` for a malformed address, `E_ADDRESS_IN_USE` and `E_IO` when it cannot be listened on.
 */
export async function listenRegistry(options: ListenOptions): Promise<RunningServer> {
  const { host, port } = parseListenAddress(options.listen)
  const timeouts = { ...TIMEOUTS, ...options.timeouts }
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      keepAliveTimeout: timeouts.keepAlive,
      connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, timeouts.headers),
    },
    requestListener(options),
  )
  server.setTimeout(timeouts.idle)
  const unwatch = watchConnections(server, { ...CONNECTIONS, ...options.connections })
  await listening(server, host, port, options.listen)
  const bound = server.address() as AddressInfo
  const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address
  return { address: `${name}:${String(bound.port)}`, close: () => closed(server, timeouts.close).finally(unwatch) }
}

function requestListener(options: ListenOptions): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const written = new WeakMap<ServerResponse, number>()
  const count = (outgoing: ServerResponse, bytes: number): void => {
    written.set(outgoing, (written.get(outgoing) ?? 0) + bytes)
  }
  const serve = getRequestListener(
    async (request, bindings) => {
      const incoming = bindings.incoming as IncomingMessage
      const outgoing = bindings.outgoing as ServerResponse
      const connection: Connection = { reset: () => incoming.socket.resetAndDestroy() }
      const response = isPlainTarget(incoming.url ?? "")
        ? await options.handler(request, connection)
        : faultResponse(new RegistryFault(400, "NAME_INVALID", "the path is not in its normal form"))
      await send(response, outgoing, count)
      return RESPONSE_ALREADY_SENT
    },
    { overrideGlobalObjects: false },
  )
  return (incoming, outgoing) => {
    const id = randomUUID()
    const start = options.clock.now()
    outgoing.setHeader("X-Request-Id", id)
    outgoing.once("close", () => {
      options.logger.info(options.event ?? "registry.request", {
        id,
        method: incoming.method ?? "",
        // SECURITY: without the query, which may carry what should not be logged.
        path: (incoming.url ?? "").split("?")[0] ?? "",
        status: outgoing.statusCode,
        ms: Math.max(0, options.clock.now() - start),
        // Not every handler says beforehand how long its answer is.
        bytes: Number(outgoing.getHeader("content-length") ?? written.get(outgoing) ?? 0),
        complete: outgoing.writableFinished,
      })
    })
    void serve(incoming, outgoing)
  }
}

/**
 * Whether the raw request target is in the form the handler will see. The URL parser between them resolves dot segments
 * and backslashes; a target that needs that is refused before.
 */
function isPlainTarget(target: string): boolean {
  return target.startsWith("/") && normalPath(target.split("?")[0] ?? "") !== undefined
}

/**
 * Send an answer. This goes below the adapter, which ends a failed body with an error text: a broken blob must end with
 * a broken connection and nothing else.
 */
async function send(
  response: Response,
  outgoing: ServerResponse,
  count: (outgoing: ServerResponse, bytes: number) => void,
): Promise<void> {
  outgoing.writeHead(response.status, [...response.headers].flat())
  if (response.body === null) {
    outgoing.end()
    return
  }
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const cancel = (): void => {
    reader.cancel().catch(() => undefined)
  }
  outgoing.once("close", cancel)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || outgoing.destroyed) break
      count(outgoing, value.length)
      if (!outgoing.write(value)) await drained(outgoing)
    }
    outgoing.off("close", cancel)
    outgoing.end()
  } catch {
    outgoing.destroy()
  }
}

async function drained(outgoing: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done)
      outgoing.off("close", done)
      resolve()
    }
    outgoing.once("drain", done)
    outgoing.once("close", done)
  })
}

async function listening(server: Server, host: string | undefined, port: number, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const taken = (cause as NodeJS.ErrnoException).code === "EADDRINUSE"
      const what = `cannot listen on ${text}`
      reject(new ToolError(taken ? "E_ADDRESS_IN_USE" : "E_IO", { what, why: cause.message, cause }))
    })
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve)
  })
}

/** Milliseconds between looks for connections that became idle while the server closes. */
const IDLE_CHECK_MS = 20

async function closed(server: Server, graceMs: number): Promise<void> {
  const force = setTimeout(() => {
    server.closeAllConnections()
  }, graceMs)
  // A connection that was busy when the server closed would be kept alive after its answer.
  const idle = setInterval(() => {
    server.closeIdleConnections()
  }, IDLE_CHECK_MS)
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeIdleConnections()
  })
  clearInterval(idle)
  clearTimeout(force)
}

/** @throws {ToolError} `E_CONFIG_INVALID` */
function parseListenAddress(text: string): { readonly host: string | undefined; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]*)):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new ToolError("E_CONFIG_INVALID", {
      what: `not an address to listen on: ${JSON.stringify(text.slice(0, 200))}`,
      why: "expected `host:port`, `[ipv6]:port` or `:port` with a port up to 65535",
      next: ["write for example `127.0.0.1:5000`"],
    })
  }
  const host = match[1] ?? match[2]
  return { host: host === "" ? undefined : host, port }
}
