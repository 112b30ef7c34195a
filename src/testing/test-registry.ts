import type { Logger } from "../core/ports.ts"
import { createRegistryHandler } from "../servers/registry/handler.ts"
import { listenRegistry } from "../servers/registry/listen.ts"
import { openMemoryStorage } from "../servers/registry/storage/memory-storage.ts"

/** How the registry is made. */
export interface TestRegistryOptions {
  /** Default true. */
  readonly allowDelete?: boolean
  /** Default false. */
  readonly sparse?: boolean
}

/** One request as it arrived. */
export interface RecordedRequest {
  readonly method: string
  /** Path with query. */
  readonly path: string
  /** 0 while there is no answer. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** A registry on a free loopback port. */
export interface TestRegistry {
  /** `127.0.0.1:port`. */
  readonly address: string
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** Every request since the start or the last `clearRequests`, in order of arrival. */
  readonly requests: readonly RecordedRequest[]
  clearRequests(): void
  close(): Promise<void>
}

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }

/** Start an embedded registry for a test. Close it in the end. */
export async function startTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const clock = { now: (): number => Date.now() }
  const storage = openMemoryStorage({ clock })
  const handler = createRegistryHandler({
    storage,
    logger: silent,
    allowDelete: options.allowDelete ?? true,
    sparse: options.sparse ?? false,
  })
  const requests: RecordedRequest[] = []
  const server = await listenRegistry({
    listen: "127.0.0.1:0",
    logger: silent,
    clock,
    handler: async (request) => {
      const url = new URL(request.url)
      const entry = {
        method: request.method,
        path: url.pathname + url.search,
        headers: Object.fromEntries(request.headers),
      }
      const at = requests.push({ ...entry, status: 0 }) - 1
      const response = await handler(request)
      requests[at] = { ...entry, status: response.status }
      return response
    },
  })
  return {
    address: server.address,
    url: `http://${server.address}`,
    requests,
    clearRequests: () => {
      requests.length = 0
    },
    close: async () => {
      await server.close()
      await storage.close()
    },
  }
}
