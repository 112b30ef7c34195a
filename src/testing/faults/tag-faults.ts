import { setTimeout as delay } from "node:timers/promises"
import { OCI_INDEX } from "../../core/media-types.ts"
import type { RegistryHandler } from "../../servers/registry/handler.ts"
import { errorAnswer } from "./answers.ts"
import type { RegistryFaults } from "./registry-faults.ts"

/** Milliseconds a tag is unreadable around its change. */
const WINDOW_MS = 15

/** Faults of tags that need to look at what is stored, or to remember what is being written. */
export interface TagFaults {
  /** Serve a request to the registry, with the tag faults around it. */
  serve(faults: RegistryFaults, request: Request, handler: RegistryHandler): Promise<Response>
  clear(): void
}

/** Nothing remembered yet. */
export function createTagFaults(): TagFaults {
  const writing = new Map<string, number>()
  /** Paths of indexes that were pushed, to find out who lists a digest. */
  const indexes = new Set<string>()

  async function write(path: string, request: Request, handler: RegistryHandler): Promise<Response> {
    writing.set(path, (writing.get(path) ?? 0) + 1)
    try {
      await delay(WINDOW_MS)
      return await handler(request)
    } finally {
      const left = (writing.get(path) ?? 1) - 1
      if (left === 0) writing.delete(path)
      else writing.set(path, left)
    }
  }

  return {
    async serve(faults, request, handler) {
      const { origin, pathname: path } = new URL(request.url)
      const tag = /^\/v2\/.+\/manifests\/[^:/]+$/.test(path)
      const digest = /^\/v2\/.+\/manifests\/([a-z0-9]+:[0-9a-f]+)$/.exec(path)?.[1]
      if (request.method === "PUT" && request.headers.get("content-type") === OCI_INDEX) indexes.add(path)
      if (tag && request.method === "PUT") {
        if (faults.immutableTags === true && (await handler(new Request(origin + path, { method: "HEAD" }))).ok) {
          return errorAnswer(400, "TAG_INVALID", "the tag is immutable and cannot be overwritten")
        }
        if (faults.tagReadDuringWrite !== undefined) return write(path, request, handler)
      }
      if (tag && request.method === "GET" && faults.tagReadDuringWrite !== undefined && writing.has(path)) {
        return errorAnswer(faults.tagReadDuringWrite, "MANIFEST_UNKNOWN", "the tag is being written")
      }
      if (digest !== undefined && request.method === "DELETE" && faults.deleteRefusedWhileIndexed === true) {
        for (const index of indexes) {
          const text = await (await handler(new Request(origin + index))).text()
          if (text.includes(digest)) return errorAnswer(405, "UNSUPPORTED", "the manifest is listed by an index")
        }
      }
      return handler(request)
    },
    clear() {
      indexes.clear()
    },
  }
}
