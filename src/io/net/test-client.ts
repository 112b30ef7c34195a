import { createHttpClient, type HttpClientOptions } from "./http-client.ts"
import type { HttpClient, HttpRequest } from "./http-types.ts"
import { serveHttp, serveTcp, type TestServer } from "./test-servers.ts"

/** Clients and servers of a test, closed together. */
export interface TestNet {
  readonly keep: <T extends { close(): Promise<void> }>(one: T) => T
  /** A client whose pauses take no time: they move its clock. */
  readonly makeClient: (options?: Partial<HttpClientOptions>) => HttpClient & { readonly pauses: number[] }
  readonly serve: (listener: Parameters<typeof serveHttp>[0]) => Promise<TestServer>
  readonly serveRaw: (onSocket: Parameters<typeof serveTcp>[0]) => Promise<TestServer>
  readonly closeAll: () => Promise<void>
}

export function testNet(): TestNet {
  const open: { close(): Promise<void> }[] = []
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    open.push(one)
    return one
  }
  return {
    keep,
    makeClient: (options = {}) => {
      const pauses: number[] = []
      let now = Date.UTC(2026, 0, 1)
      const client = createHttpClient({
        userAgent: "countersign-test",
        clock: { now: () => now },
        sleep: (ms) => {
          pauses.push(ms)
          now += ms
          return Promise.resolve()
        },
        ...options,
      })
      return keep({ ...client, pauses })
    },
    serve: async (listener) => keep(await serveHttp(listener)),
    serveRaw: async (onSocket) => keep(await serveTcp(onSocket)),
    closeAll: async () => {
      await Promise.all(open.splice(0).map((one) => one.close()))
    },
  }
}

/** The answer's body as text. */
export async function text(client: HttpClient, request: HttpRequest): Promise<string> {
  const response = await client.request(request)
  return new TextDecoder().decode(await response.bytes(1_000_000))
}
