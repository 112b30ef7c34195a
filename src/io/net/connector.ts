import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from "node:dns"
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net"
import type Agent from "undici/lib/dispatcher/agent.js"

import { ToolError } from "../../core/errors.ts"
import { classifyAddress } from "./addresses.ts"
import { checkAddresses, reachOf, type TargetReach } from "./forbidden-target.ts"
import { deferred } from "./deferred.ts"
import { netError, toNetError } from "./net-errors.ts"
import type { ProxyResolver, ProxyRoute } from "./proxy.ts"
import type { TlsSettings } from "./tls.ts"
import { openTunnel, proxyError } from "./tunnel.ts"

/** All addresses of a name, as `dns.lookup` gives them. */
export type AddressLookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** How connections of one kind are made. */
export interface ConnectorOptions {
  /** `undefined`: the user named these hosts, any address will do. Otherwise what a server's URL may lead to. */
  readonly reach: TargetReach | undefined
  readonly tls: TlsSettings
  readonly proxy: ProxyResolver
  /** Milliseconds for name, TCP, proxy and TLS together. */
  readonly connectMs: number
  readonly lookup?: AddressLookup | undefined
  /** Told after each direct connection what a server at that address may name. */
  readonly onConnected: (origin: string, reach: TargetReach) => void
  /**
   * Told when a TLS connection fails after its handshake. In TLS 1.3 that is when a missing client certificate is
   * refused, and the agent reports no more than a closed connection. `undefined` at the start of a connection.
   */
  readonly onTlsFailure: (origin: string, error: Error | undefined) => void
}

interface Target {
  readonly url: URL
  readonly host: string
  readonly port: number
}

/**
 * The connect function of an undici agent: name look-up with the address rules, CONNECT through a proxy, TLS. Every
 * failure is a {@link ToolError} that names the host.
 */
export function createConnector(options: ConnectorOptions): Agent.Options["connect"] {
  const sessions = new Map<string, Buffer>()
  return (asked, callback) => {
    const url = new URL(`${asked.protocol}//${isIP(asked.hostname) === 6 ? `[${asked.hostname}]` : asked.hostname}`)
    url.port = asked.port
    const port = asked.port === "" ? (asked.protocol === "https:" ? 443 : 80) : Number(asked.port)
    const attempt = new Attempt(options.connectMs, `${url.hostname}:${port}`)
    connect(options, sessions, attempt, { url, host: asked.hostname, port }).then(
      (socket) => {
        attempt.stop()
        callback(null, socket)
      },
      (thrown: unknown) => {
        callback(attempt.fail(thrown), null)
      },
    )
  }
}

/** The sockets of one attempt under one timer. */
class Attempt {
  readonly shown: string
  private readonly sockets: Socket[] = []
  private readonly timer: NodeJS.Timeout
  private timedOut: ToolError | undefined

  constructor(ms: number, shown: string) {
    this.shown = shown
    this.timer = setTimeout(() => {
      this.timedOut = netError(
        "E_NET_TIMEOUT",
        { what: `cannot connect to ${shown}`, why: `no connection within ${ms} ms`, details: { host: shown } },
        "full",
      )
      for (const socket of this.sockets) socket.destroy(this.timedOut)
    }, ms)
  }

  /** Wait until `socket` emits `event`. */
  async ready(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
    this.sockets.push(socket)
    const { promise, resolve, reject } = deferred<undefined>()
    socket.once(event, () => {
      resolve(undefined)
    })
    // Stays for the socket's life: an error between here and the caller's own listener must not end the process.
    socket.on("error", reject)
    socket.once("close", () => {
      reject(Object.assign(new Error("closed while connecting"), { code: "ECONNRESET" }))
    })
    if (this.timedOut !== undefined) socket.destroy(this.timedOut)
    await promise
  }

  stop(): void {
    clearTimeout(this.timer)
  }

  fail(thrown: unknown): ToolError {
    this.stop()
    for (const socket of this.sockets) socket.destroy()
    return this.timedOut ?? toNetError(thrown, this.shown)
  }
}

async function connect(
  options: ConnectorOptions,
  sessions: Map<string, Buffer>,
  attempt: Attempt,
  target: Target,
): Promise<Socket> {
  const route = target.url.protocol === "https:" ? options.proxy(target.url) : undefined
  const plain =
    route === undefined
      ? await openDirect(options, attempt, target)
      : await openProxied(options, attempt, target, route)
  if (target.url.protocol !== "https:") return plain
  return startTls(options, sessions, attempt, target, plain)
}

async function openDirect(options: ConnectorOptions, attempt: Attempt, target: Target): Promise<Socket> {
  const { reach } = options
  // A literal is never looked up; judge it here.
  if (reach !== undefined && isIP(target.host) !== 0) checkAddresses(target.host, [target.host], reach)
  const socket = connectTcp({ host: target.host, port: target.port, lookup: guardedLookup(options), noDelay: true })
  await attempt.ready(socket, "connect")
  const address = socket.remoteAddress
  if (address !== undefined) {
    // SECURITY: the connected address decides, not the name.
    if (reach !== undefined) checkAddresses(target.host, [address], reach)
    options.onConnected(target.url.origin, reachOf(classifyAddress(address)))
  }
  socket.setKeepAlive(true, 60_000)
  return socket
}

function guardedLookup(options: ConnectorOptions): LookupFunction {
  const lookup: AddressLookup = options.lookup ?? systemLookup
  return (hostname, asked, callback) => {
    lookup(hostname, { ...asked, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, [])
        return
      }
      try {
        const texts = addresses.map((entry) => entry.address)
        if (options.reach !== undefined) checkAddresses(hostname, texts, options.reach)
      } catch (thrown) {
        callback(thrown as Error, [])
        return
      }
      const one = addresses[0]
      if (asked.all === true || one === undefined) callback(null, addresses)
      else callback(null, one.address, one.family)
    })
  }
}

async function openProxied(
  options: ConnectorOptions,
  attempt: Attempt,
  target: Target,
  route: ProxyRoute,
): Promise<Socket> {
  try {
    const socket = await openToProxy(options, attempt, route)
    await openTunnel(socket, route, `${target.url.hostname}:${target.port}`)
    return socket
  } catch (thrown) {
    if (thrown instanceof ToolError && thrown.code === "E_NET_PROXY") throw thrown
    const error = toNetError(thrown, route.url.host)
    if (error.code === "E_NET_TIMEOUT") throw error
    throw proxyError(route, error.message, error.code.startsWith("E_TLS_") ? error.next : undefined, error)
  }
}

async function openToProxy(options: ConnectorOptions, attempt: Attempt, route: ProxyRoute): Promise<Socket> {
  const secure = route.url.protocol === "https:"
  const host = route.url.hostname.replace(/^\[|\]$/g, "")
  const port = route.url.port === "" ? (secure ? 443 : 80) : Number(route.url.port)
  const socket = connectTcp({ host, port, noDelay: true })
  await attempt.ready(socket, "connect")
  if (!secure) return socket
  const settings = await options.tls.forHost(route.url.host, false)
  const { connect: connectTls } = await import("node:tls")
  const over = connectTls({ socket, host, secureContext: settings.context, rejectUnauthorized: true, ...sni(host) })
  await attempt.ready(over, "secureConnect")
  return over
}

async function startTls(
  options: ConnectorOptions,
  sessions: Map<string, Buffer>,
  attempt: Attempt,
  target: Target,
  socket: Socket,
): Promise<Socket> {
  const settings = await options.tls.forHost(target.url.host, options.reach === undefined)
  const { connect: connectTls } = await import("node:tls")
  const name = settings.serverName ?? target.host
  const key = target.url.host
  const session = sessions.get(key)
  options.onTlsFailure(target.url.origin, undefined)
  const secure = connectTls({
    socket,
    host: name,
    ...sni(name),
    secureContext: settings.context,
    rejectUnauthorized: !settings.insecure,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    ...(session === undefined ? {} : { session }),
  })
  secure.on("session", (fresh) => {
    sessions.set(key, fresh)
  })
  await attempt.ready(secure, "secureConnect")
  secure.on("error", (error: Error) => {
    options.onTlsFailure(target.url.origin, error)
  })
  return secure
}

/** RFC 6066: no literal addresses in SNI. */
function sni(name: string): { servername?: string } {
  return isIP(name) === 0 ? { servername: name } : {}
}
