import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** A server that answers what a test wants, whatever the protocol says. */
export interface RawServer {
  /** `127.0.0.1:port`. */
  readonly address: string
  /** `METHOD path authorization-or-nothing`, in order of arrival. */
  readonly requests: readonly string[]
  close(): Promise<void>
}

/** Answers one request; what it leaves open hangs until the server is closed. */
export type RawHandler = (request: IncomingMessage, response: ServerResponse) => void

/** Listen on a free loopback port. Close it in the end. */
export async function startRawServer(handler: RawHandler): Promise<RawServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const authorization = request.headers.authorization
    requests.push([request.method, request.url, ...(authorization === undefined ? [] : [authorization])].join(" "))
    request.resume()
    handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

/** A handler with one answer for everything. */
export function always(status: number, headers: Record<string, string>, body: string | Uint8Array = ""): RawHandler {
  return (_request, response) => {
    response.writeHead(status, headers)
    response.end(body)
  }
}
