import type { Hash } from "node:crypto"
import type { DigestAlgorithm } from "../../../core/digest.ts"
import type { PartWriter } from "./content.ts"

/** Bytes gathered before they are written in one go. */
const WRITE_BYTES = 512 * 1024

/** Running hash over the bytes a part holds; absent after a restart, then the part is read again. */
export interface RunningHash {
  readonly algorithm: DigestAlgorithm
  readonly hash: Hash
  size: number
}

/** Hashes exactly what it wrote. */
export class GatheringWriter {
  readonly #part: PartWriter
  readonly #running: RunningHash
  #gathered: Uint8Array[] = []
  #waiting = 0

  constructor(part: PartWriter, running: RunningHash) {
    this.#part = part
    this.#running = running
  }

  get size(): number {
    return this.#running.size + this.#waiting
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#gathered.push(chunk)
    this.#waiting += chunk.length
    if (this.#waiting >= WRITE_BYTES) await this.flush()
  }

  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      await this.#part.close()
    }
  }

  async flush(): Promise<void> {
    if (this.#waiting === 0) return
    const chunks = this.#gathered
    this.#gathered = []
    this.#waiting = 0
    await this.#part.write(chunks)
    for (const chunk of chunks) {
      this.#running.hash.update(chunk)
      this.#running.size += chunk.length
    }
  }
}
