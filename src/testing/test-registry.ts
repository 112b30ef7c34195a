import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Logger } from "../core/ports.ts"
import { createRegistryHandler } from "../servers/registry/handler.ts"
import { listenRegistry, type Connection } from "../servers/registry/listen.ts"
import { openFileStorage } from "../servers/registry/storage/file-storage.ts"
import { openMemoryStorage } from "../servers/registry/storage/memory-storage.ts"
import type { RegistryStorage } from "../servers/registry/storage/storage.ts"
import { errorAnswer } from "./faults/answers.ts"
import { createFaultBudget } from "./faults/fault-budget.ts"
import type { RegistryFaults } from "./faults/registry-faults.ts"
import { alteredRequest, cannedAnswer } from "./faults/request-faults.ts"
import { alteredResponse } from "./faults/response-faults.ts"
import { createTagFaults } from "./faults/tag-faults.ts"
import { createGate } from "./faults/token-service.ts"

/** How the registry is made. */
export interface TestRegistryOptions {
  /** Faults from the beginning; `reset` comes back to them. */
  readonly faults?: RegistryFaults
  /** Default `memory`. `file` stores in a temporary folder without flushing. */
  readonly storage?: "memory" | "file"
  /** `absent` is the fault `referrers: "404-text"`. Default `native`. */
  readonly referrers?: "native" | "absent"
  /** Default true. */
  readonly allowDelete?: boolean
  /** Accept manifests whose blobs or children are not there. Default false. */
  readonly sparse?: boolean
}

/** One request as it arrived. */
export interface RecordedRequest {
  readonly method: string
  /** Path with query. */
  readonly path: string
  /** 0 while there is no answer. */
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** A registry on a free loopback port. */
export interface TestRegistry {
  /** `127.0.0.1:port`. */
  readonly address: string
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** Every request since the start or the last `reset` or `clearRequests`, in order of arrival. */
  readonly requests: readonly RecordedRequest[]
  clearRequests(): void
  /** Another origin with the same content, which refuses requests with Authorization; redirects and Locations go there. */
  readonly objectStore: { readonly url: string; readonly requests: readonly RecordedRequest[] }
  /** Replace all faults. Counters of bounded faults start again. */
  setFaults(faults: RegistryFaults): void
  /** Faults as at the start, no requests recorded; the content stays. */
  reset(): void
  close(): Promise<void>
}

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }
const clock = { now: (): number => Date.now() }

/** Start an embedded registry for a test, with faults that can be switched. Close it in the end. */
export async function startTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const initial: RegistryFaults = {
    ...(options.referrers === "absent" ? { referrers: "404-text" } : {}),
    ...options.faults,
  }
  const { storage, removeFolder } = await openTestStorage(options.storage ?? "memory")
  const handler = createRegistryHandler({
    storage,
    logger: silent,
    allowDelete: options.allowDelete ?? true,
    sparse: options.sparse ?? false,
  })
  const tags = createTagFaults()
  const gate = createGate()
  let faults = initial
  let budget = createFaultBudget()
  const main = recorder()
  const other = recorder()
  const objectStore = await listen((request) =>
    other.record(request, () =>
      request.headers.has("authorization")
        ? Promise.resolve(errorAnswer(400, "UNSUPPORTED", "only one way to authenticate is allowed"))
        : handler(new Request(request.url.replace(/\?X-Signature=.*$/, ""), request)),
    ),
  )
  const otherOrigin = `http://${objectStore.address}`

  async function serve(request: Request, connection: Connection): Promise<Response> {
    const now = faults
    const { origin, pathname: path } = new URL(request.url)
    const refused = now.auth === undefined ? undefined : await gate.check(now.auth, request, origin)
    if (refused !== undefined) return refused
    if (now.where?.({ method: request.method, path }) === false) return handler(request)
    const canned = await cannedAnswer(now, budget, request, otherOrigin)
    if (canned !== undefined) return canned
    const good = await tags.serve(now, alteredRequest(now, budget, request, connection), handler)
    return alteredResponse({ faults: now, budget, request, connection, origin, otherOrigin }, good)
  }

  const server = await listen((request, connection) => main.record(request, () => serve(request, connection)))
  const setFaults = (next: RegistryFaults): void => {
    faults = next
    budget = createFaultBudget()
  }
  return {
    address: server.address,
    url: `http://${server.address}`,
    requests: main.requests,
    clearRequests: main.clear,
    objectStore: { url: otherOrigin, requests: other.requests },
    setFaults,
    reset: () => {
      setFaults(initial)
      main.clear()
      other.clear()
    },
    close: async () => {
      await Promise.all([server.close(), objectStore.close()])
      await storage.close()
      await removeFolder()
    },
  }
}

/** Milliseconds a closing server waits for clients; hanging ones are part of the faults. */
const CLOSE_MS = 50

function listen(
  handler: (request: Request, connection: Connection) => Promise<Response>,
): ReturnType<typeof listenRegistry> {
  return listenRegistry({ listen: "127.0.0.1:0", logger: silent, clock, handler, timeouts: { close: CLOSE_MS } })
}

async function openTestStorage(
  kind: "memory" | "file",
): Promise<{ readonly storage: RegistryStorage; readonly removeFolder: () => Promise<void> }> {
  if (kind === "memory") return { storage: openMemoryStorage({ clock }), removeFolder: () => Promise.resolve() }
  const folder = await mkdtemp(join(tmpdir(), "countersign-test-registry-"))
  const storage = await openFileStorage({ folder, durability: "fast", clock })
  return { storage, removeFolder: () => rm(folder, { recursive: true, force: true }) }
}

interface Recorder {
  readonly requests: readonly RecordedRequest[]
  readonly clear: () => void
  record(request: Request, answer: () => Promise<Response>): Promise<Response>
}

function recorder(): Recorder {
  const requests: RecordedRequest[] = []
  return {
    requests,
    clear: () => {
      requests.length = 0
    },
    async record(request, answer) {
      const url = new URL(request.url)
      const entry = {
        method: request.method,
        path: url.pathname + url.search,
        headers: Object.fromEntries(request.headers),
        status: 0,
      }
      requests.push(entry)
      const response = await answer()
      entry.status = response.status
      return response
    },
  }
}
