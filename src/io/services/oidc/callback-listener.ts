import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { isIP, type AddressInfo } from "node:net"
import { ToolError } from "../../../core/errors.ts"
import { KIB } from "../../../core/limits.ts"
import { bareHost, portOf } from "../../net/origin.ts"
import { failurePage, PAGE_HEADERS, renderPage, type CallbackPage } from "./callback-page.ts"
import { isLoopback } from "./discovery.ts"
import { shown } from "./oidc-errors.ts"

/** What the browser brought back. */
export interface Callback {
  /** Not judged. */
  readonly query: URLSearchParams
  /** Show the outcome; settles when the page is on its way. */
  reply(page: CallbackPage): Promise<void>
}

/** Waits for the one callback of a login. */
export interface CallbackListener {
  /** To be sent to the identity provider. */
  readonly redirectUri: string
  /** The first callback; `undefined` when none came within `ms`. @throws the signal's reason. */
  wait(ms: number, signal?: AbortSignal): Promise<Callback | undefined>
  close(): Promise<void>
}

/** COMPAT(Dex): public clients may use the name `localhost` alone, with any port and path. */
const DEFAULT_REDIRECT = "http://localhost:0/auth/callback"
/** Milliseconds for a request to be there in full. */
const REQUEST_MS = 10_000
const CONNECTIONS = 32
/** Free ports tried until one is free on both loopback addresses. */
const PORTS = 5

/**
 * Listen on this host for the browser to come back. Every answer but the first callback's is an error page; the first
 * callback is answered by the caller.
 *
 * @param redirectUrl - plain http on a loopback host; port 0 or none given at all = a free port.
 * @throws {ToolError} `E_USAGE` for a URL that cannot be listened on, `E_ADDRESS_IN_USE`.
 *
 * Spec: RFC 8252 sections 7.3 and 8.3.
 */
export async function listenForCallback(redirectUrl?: string): Promise<CallbackListener> {
  const wanted = redirectTarget(redirectUrl ?? DEFAULT_REDIRECT)
  const box = new CallbackBox(wanted.pathname)
  const { servers, port } = await bind(wanted, (request, response) => {
    box.handle(request, response)
  })
  const uri = new URL(wanted)
  uri.port = String(port)
  return {
    redirectUri: redirectUrl !== undefined && portOf(wanted) === port ? redirectUrl : uri.href,
    wait: (ms, signal) => box.wait(ms, signal),
    close: async () => {
      await Promise.all(servers.map(closed))
    },
  }
}

function redirectTarget(text: string): URL {
  const url = URL.parse(text)
  const plain =
    url !== null && url.protocol === "http:" && url.username === "" && url.password === "" && url.hash === ""
  if (plain && isLoopback(url)) return url
  throw new ToolError("E_USAGE", {
    what: "the redirect URL cannot be listened on",
    why: `${shown(text)} is not a plain http URL of this host`,
    next: ["give one as in `--oidc-redirect-url http://localhost:8085/auth/callback`"],
  })
}

/** Holds the first callback until it is asked for. */
class CallbackBox {
  readonly #path: string
  readonly #arrived: Promise<Callback>
  #arrive: ((callback: Callback) => void) | undefined

  constructor(path: string) {
    this.#path = path
    this.#arrived = new Promise((resolve) => {
      this.#arrive = resolve
    })
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const url = URL.parse(request.url ?? "", "http://localhost")
    if (url === null || url.pathname !== this.#path) {
      void send(response, { ...failurePage("There is nothing here."), status: 404 })
      return
    }
    if (request.method !== "GET") {
      void send(response, { ...failurePage("Only GET is answered here."), status: 405 })
      return
    }
    const arrive = this.#arrive
    if (arrive === undefined) {
      void send(response, { ...failurePage("This login was answered already."), status: 409 })
      return
    }
    this.#arrive = undefined
    arrive({ query: url.searchParams, reply: (page) => send(response, page) })
  }

  wait(ms: number, signal: AbortSignal | undefined): Promise<Callback | undefined> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        end()
        resolve(undefined)
      }, ms)
      const onAbort = (): void => {
        end()
        reject(reasonOf(signal))
      }
      const end = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener("abort", onAbort)
      }
      if (signal?.aborted === true) {
        onAbort()
        return
      }
      signal?.addEventListener("abort", onAbort, { once: true })
      void this.#arrived.then((callback) => {
        end()
        resolve(callback)
      })
    })
  }
}

/** What stopped the login. */
export function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  if (reason instanceof ToolError) return reason
  return new ToolError("E_DECLINED", { what: "the login was stopped", why: "the caller ended it", cause: reason })
}

function send(response: ServerResponse, page: CallbackPage): Promise<void> {
  return new Promise((resolve) => {
    response.once("finish", resolve)
    response.once("close", resolve)
    response.writeHead(page.status, PAGE_HEADERS).end(renderPage(page))
  })
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Servers on the loopback addresses of the host named, all with one port. */
async function bind(
  wanted: URL,
  handler: Handler,
): Promise<{ readonly servers: readonly Server[]; readonly port: number }> {
  const host = bareHost(wanted)
  // SECURITY: of names below `localhost` no resolver decides which address of this host is listened on.
  const named = isIP(host) === 0
  const free = wanted.port === "0"
  for (let tried = 1; ; tried++) {
    const first = await listening(named ? "127.0.0.1" : host, portOf(wanted), handler)
    const { port } = first.address() as AddressInfo
    if (!named) return { servers: [first], port }
    try {
      // SECURITY: browsers may take `localhost` for either address, so nobody else shall have the other one.
      return { servers: [first, await listening("::1", port, handler)], port }
    } catch (thrown) {
      if (!isTaken(thrown)) return { servers: [first], port }
      await closed(first)
      if (!free || tried >= PORTS) throw thrown
    }
  }
}

function isTaken(thrown: unknown): boolean {
  return thrown instanceof ToolError && thrown.code === "E_ADDRESS_IN_USE"
}

function listening(host: string, port: number, handler: Handler): Promise<Server> {
  const server = createServer(
    { maxHeaderSize: 16 * KIB, requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    handler,
  )
  server.maxConnections = CONNECTIONS
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "EADDRINUSE" || error.code === "EACCES" ? taken(host, port, error) : cannotListen(host, error),
      )
    })
    server.listen({ host, port, exclusive: true }, () => {
      resolve(server)
    })
  })
}

function taken(host: string, port: number, cause: NodeJS.ErrnoException): ToolError {
  const used = cause.code === "EADDRINUSE"
  return new ToolError("E_ADDRESS_IN_USE", {
    what: `cannot wait for the login on port ${port}`,
    why: used
      ? `another program listens on ${host} port ${port} already`
      : `listening on ${host} port ${port} is not allowed`,
    next: ["stop the other program, or leave the redirect URL out so that a free port is picked"],
    cause,
  })
}

function cannotListen(host: string, cause: Error): ToolError {
  return new ToolError("E_IO", { what: `cannot listen on ${host}`, why: cause.message, cause })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections()
  })
}
