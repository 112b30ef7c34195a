import type { IncomingMessage, Server } from "node:http"
import type { Socket } from "node:net"

/** What a server grants its connections. */
export interface ConnectionBounds {
  /** Connections at the same time. */
  readonly most: number
  /** Milliseconds in which a request under way has to bring {@link leastBytes}. */
  readonly slowMs: number
  /** Bytes; fewer in `slowMs` end the connection. */
  readonly leastBytes: number
}

/** A connection, and the request on it whose body is still arriving or being answered. */
interface Watched {
  readonly socket: Socket
  incoming: IncomingMessage | undefined
  /** Of the socket's count of bytes, when the current window began. */
  seen: number
}

/**
 * Keep clients that take their time from taking all of the server: a body has to arrive at a least rate, and when there
 * are too many connections, one without a request goes, the longest unused first, then the slowest sender.
 *
 * SECURITY: timeouts for headers and for silence alone let one byte a minute hold a connection for an hour.
 *
 * @returns ends the watch.
 */
export function watchConnections(server: Server, bounds: ConnectionBounds): () => void {
  /** Longest unchanged first. */
  const watched = new Map<Socket, Watched>()
  const change = (socket: Socket, incoming: IncomingMessage | undefined): void => {
    watched.delete(socket)
    if (!socket.destroyed) watched.set(socket, { socket, incoming, seen: socket.bytesRead })
  }
  server.on("connection", (socket: Socket) => {
    if (watched.size >= bounds.most) (leastUseful([...watched.values()]) ?? socket).destroy()
    change(socket, undefined)
    socket.once("close", () => watched.delete(socket))
  })
  server.on("request", (incoming: IncomingMessage, outgoing) => {
    const { socket } = incoming
    change(socket, incoming)
    outgoing.once("close", () => {
      // The next request of a pipeline may have begun.
      if (watched.get(socket)?.incoming === incoming) change(socket, undefined)
    })
  })
  const timer = setInterval(() => {
    for (const connection of watched.values()) {
      const { socket, incoming, seen } = connection
      connection.seen = socket.bytesRead
      if (incoming !== undefined && isAwaited(incoming) && socket.bytesRead - seen < bounds.leastBytes) socket.destroy()
    }
  }, bounds.slowMs)
  timer.unref()
  return () => {
    clearInterval(timer)
  }
}

/** Whether the server waits for the client; bytes that lie there unread are the server's own delay. */
function isAwaited(incoming: IncomingMessage): boolean {
  return !incoming.complete && incoming.readableLength === 0
}

function leastUseful(connections: readonly Watched[]): Socket | undefined {
  const idle = connections.find(({ incoming }) => incoming === undefined)
  if (idle !== undefined) return idle.socket
  const [slowest] = connections
    .filter(({ incoming }) => incoming !== undefined && isAwaited(incoming))
    .sort((a, b) => a.socket.bytesRead - a.seen - (b.socket.bytesRead - b.seen))
  return slowest?.socket
}
