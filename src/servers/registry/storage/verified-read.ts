import { createHash, hash } from "node:crypto"
import { digestAlgorithm, digestHex, type Digest } from "../../../core/digest.ts"
import { ToolError } from "../../../core/errors.ts"
import type { ContentFiles, ContentStamp } from "./content.ts"
import type { BlobBody, ByteRange } from "./storage.ts"

/** Content up to this many bytes is checked as a whole before the first byte is served. */
const WHOLE_BYTES = 1024 * 1024
/** Stamps remembered of large contents that were found good. */
const REMEMBERED = 10_000

/** Reads that never hand out bytes of the wrong digest. */
export interface VerifiedReads {
  /** Whole content in memory; for manifests. */
  whole(digest: Digest): Promise<Uint8Array<ArrayBuffer>>
  /** Content of `size` bytes, or a range of it. */
  body(digest: Digest, size: number, range?: ByteRange): Promise<BlobBody>
}

/**
 * Wrap content so that it is checked against its digest each time it is served.
 *
 * A large content is hashed while it streams and its last chunk is held back until the digest matched, so a client
 * always sees a broken transfer instead of wrong bytes. A range of a large content needs the whole to have been hashed
 * once since its stamp last changed.
 */
export function createVerifiedReads(content: ContentFiles): VerifiedReads {
  const good = new Map<Digest, ContentStamp>()

  async function whole(digest: Digest): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await content.read(digest)
    const found = hash(digestAlgorithm(digest), bytes, "hex")
    if (found !== digestHex(digest)) throw corrupt(digest, found)
    return bytes
  }

  async function assureGood(digest: Digest, size: number): Promise<void> {
    const stamp = (await content.stat(digest))?.stamp
    if (stamp !== undefined && good.get(digest) === stamp) return
    const chunks = checked(content.stream(digest, 0, size - 1), digest)
    while ((await chunks.next()).done !== true) continue
    if (stamp === undefined) return
    if (good.size >= REMEMBERED) good.clear()
    good.set(digest, stamp)
  }

  return {
    whole,
    async body(digest, size, range) {
      if (size <= WHOLE_BYTES) {
        const bytes = await whole(digest)
        return range === undefined ? bytes : bytes.subarray(range.first, range.last + 1)
      }
      if (range === undefined) return streamOf(checked(content.stream(digest, 0, size - 1), digest))
      await assureGood(digest, size)
      return streamOf(content.stream(digest, range.first, range.last))
    },
  }
}

/** Pass chunks on one behind, the last one only when the digest of all of them is right. */
async function* checked(chunks: AsyncIterable<Uint8Array>, digest: Digest): AsyncGenerator<Uint8Array> {
  const hasher = createHash(digestAlgorithm(digest))
  let held: Uint8Array | undefined
  for await (const chunk of chunks) {
    hasher.update(chunk)
    if (held !== undefined) yield held
    held = chunk
  }
  const found = hasher.digest("hex")
  if (found !== digestHex(digest)) throw corrupt(digest, found)
  if (held !== undefined) yield held
}

function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        const next = await iterator.next()
        if (next.done === true) controller.close()
        else controller.enqueue(next.value)
      },
      async cancel(): Promise<void> {
        await iterator.return?.()
      },
    },
    { highWaterMark: 1 },
  )
}

function corrupt(digest: Digest, found: string): ToolError {
  return new ToolError("E_STORAGE_CORRUPT", {
    what: `stored content of ${digest} is damaged`,
    why: `its bytes have the digest ${digestAlgorithm(digest)}:${found}`,
    details: { digest },
  })
}
