import { concatBytes } from "../../../codec/concat-bytes.ts"
import type { Digest } from "../../../core/digest.ts"
import { ToolError } from "../../../core/errors.ts"
import type { ContentFiles } from "./content.ts"

/** Content in memory, for tests and demonstrations. */
export function createMemoryContent(): ContentFiles {
  const contents = new Map<Digest, Uint8Array<ArrayBuffer>>()
  const parts = new Map<string, Uint8Array[]>()
  const part = (id: string): Uint8Array[] => parts.get(id) ?? missing(`upload ${id}`)
  const content = (digest: Digest): Uint8Array<ArrayBuffer> => contents.get(digest) ?? missing(digest)
  return {
    stat: (digest) => {
      const bytes = contents.get(digest)
      return Promise.resolve(bytes === undefined ? undefined : { size: bytes.length, stamp: "memory" })
    },
    read: (digest) => Promise.resolve().then(() => content(digest)),
    async *stream(digest, first, last) {
      const bytes = content(digest)
      for (let at = first; at <= last; at += CHUNK) {
        yield await Promise.resolve(bytes.subarray(at, Math.min(at + CHUNK, last + 1)))
      }
    },
    write: (digest, bytes) => {
      contents.set(digest, Uint8Array.from(bytes))
      return Promise.resolve()
    },
    createPart: (id) => {
      parts.set(id, [])
      return Promise.resolve()
    },
    partSize: (id) => {
      const chunks = parts.get(id)
      return Promise.resolve(chunks === undefined ? undefined : total(chunks))
    },
    openPart: (id) => {
      const chunks = part(id)
      return Promise.resolve({
        write: (added) => {
          for (const chunk of added) chunks.push(Uint8Array.from(chunk))
          return Promise.resolve()
        },
        close: () => Promise.resolve(),
      })
    },
    async *readPart(id) {
      for (const chunk of part(id)) yield await Promise.resolve(chunk)
    },
    truncatePart: (id, size) => {
      parts.set(id, [concatBytes(part(id)).subarray(0, size)])
      return Promise.resolve()
    },
    commitPart: (id, digest) => {
      contents.set(digest, concatBytes(part(id)))
      parts.delete(id)
      return Promise.resolve()
    },
    removePart: (id) => {
      parts.delete(id)
      return Promise.resolve()
    },
  }
}

/** Bytes handed out at a time. */
const CHUNK = 256 * 1024

function total(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0)
}

function missing(name: string): never {
  throw new ToolError("E_IO", { what: `cannot read ${name}`, why: "it is not in memory" })
}
