import type { Socket } from "node:net"

import { deferred } from "./deferred.ts"
import { netError } from "./net-errors.ts"
import type { ProxyRoute } from "./proxy.ts"

/** Bytes of the head of a proxy's answer to CONNECT. */
const HEAD_BYTES = 16 * 1024

/**
 * Ask a proxy for a tunnel (RFC 9110 section 9.3.6) over a connection to it.
 *
 * @param target - `host:port` the tunnel leads to.
 * @throws {ToolError} `E_NET_PROXY` when it refuses or does not answer as a proxy.
 */
export async function openTunnel(socket: Socket, route: ProxyRoute, target: string): Promise<void> {
  const authorization = route.authorization === undefined ? "" : `Proxy-Authorization: ${route.authorization}\r\n`
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`)
  const head = await readHead(socket, route)
  const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(head)?.[1]
  if (status?.startsWith("2")) return
  throw refused(route, target, status)
}

function readHead(socket: Socket, route: ProxyRoute): Promise<string> {
  const { promise, resolve, reject } = deferred<string>()
  let seen = Buffer.alloc(0)
  const onData = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk])
    const end = seen.indexOf("\r\n\r\n")
    if (end < 0 && seen.length <= HEAD_BYTES) return
    stop()
    if (end < 0) {
      reject(proxyError(route, "its answer to CONNECT has no end"))
      return
    }
    socket.pause()
    if (seen.length > end + 4) socket.unshift(seen.subarray(end + 4))
    resolve(seen.subarray(0, end + 2).toString("latin1"))
  }
  const onEnd = (): void => {
    stop()
    reject(proxyError(route, "it closed the connection instead of answering CONNECT"))
  }
  const stop = (): void => {
    socket.off("data", onData).off("end", onEnd).off("error", onEnd).off("close", onEnd)
  }
  socket.on("data", onData).on("end", onEnd).on("error", onEnd).on("close", onEnd)
  return promise
}

function refused(route: ProxyRoute, target: string, status: string | undefined): Error {
  if (status === "407") {
    const why = route.authorization === undefined ? "it wants credentials (407)" : "it refused the credentials (407)"
    return proxyError(route, why, ["put user name and password into the proxy's URL: `http://USER:PASSWORD@HOST:PORT`"])
  }
  const answer = status === undefined ? "something that is not HTTP" : status
  return proxyError(route, `it answered ${answer} when asked for a tunnel to ${target}`)
}

/** An `E_NET_PROXY` about `route`. */
export function proxyError(route: ProxyRoute, why: string, next?: readonly string[], cause?: unknown): Error {
  return netError(
    "E_NET_PROXY",
    {
      what: `the proxy ${route.url.host} failed`,
      why,
      ...(next === undefined ? {} : { next }),
      details: { proxy: route.url.host },
      cause,
    },
    "no",
  )
}
