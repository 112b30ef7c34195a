import { encodeHex } from "../../../../codec/hex.ts"
import { ToolError } from "../../../../core/errors.ts"
import { leafHash } from "../../../../crypto/transparency/merkle.ts"
import type { MerkleTree, SubtreeReader } from "../../../../crypto/transparency/merkle-tree.ts"
import type { AppendOnlyLog, Appended, LogHead, LogOptions, NewEntry, StoredEntry } from "./append-only-log.ts"
import type { LastCheckpoint } from "./last-checkpoint.ts"
import type { LogDatabase } from "./log-database.ts"
import { damagedLog } from "./storage-error.ts"

/** Entries that are written and signed together at most. */
const BATCH = 256

interface Waiting extends NewEntry {
  readonly leaf: Uint8Array
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: unknown) => void
}

/** See {@link AppendOnlyLog}: entries in a database, their hashes in memory, the last checkpoint in a file. */
export class FolderLog implements AppendOnlyLog {
  readonly #options: LogOptions
  readonly #database: LogDatabase
  readonly #last: LastCheckpoint
  readonly #tree: MerkleTree
  #head: LogHead = { size: -1, root: new Uint8Array(0), checkpoint: "" }
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #closed = false

  constructor(options: LogOptions, database: LogDatabase, last: LastCheckpoint, tree: MerkleTree) {
    this.#options = options
    this.#database = database
    this.#last = last
    this.#tree = tree
  }

  head(): LogHead {
    return this.#head
  }

  readonly read: SubtreeReader = (level, index) => this.#tree.read(level, index)

  fact(name: string, make: () => string): string {
    return this.#database.fact(name, make)
  }

  append(entry: NewEntry): Promise<Appended> {
    if (this.#closed) {
      return Promise.reject(new ToolError("E_IO", { what: "cannot use the log", why: "it is being closed" }))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...entry, leaf: leafHash(entry.body), resolve, reject })
      this.#writing ??= this.#write()
    })
  }

  entry(index: number): StoredEntry | undefined {
    const [body] = this.#verified(index, 1)
    const time = this.#database.time(index)
    return body === undefined || time === undefined ? undefined : { index, time, body, leaf: this.#tree.read(0, index) }
  }

  bodies(first: number, count: number): readonly Uint8Array[] {
    return this.#verified(first, count)
  }

  find(leaf: Uint8Array): number | undefined {
    const index = this.#database.find(leaf)
    return index === undefined || index >= this.#head.size ? undefined : index
  }

  search(keyword: string, limit: number): readonly number[] {
    return this.#database.search(keyword.toLowerCase(), this.#head.size, limit)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
    await this.#last.close()
    this.#database.close()
  }

  /** Sign and keep the tree as it is, unless that was done. */
  async publish(): Promise<void> {
    const size = this.#tree.size
    if (size === this.#head.size) return
    const root = this.#tree.root()
    const checkpoint = await this.#options.sign({ size, root })
    await this.#last.write(checkpoint)
    this.#head = { size, root, checkpoint }
  }

  #verified(first: number, count: number): readonly Uint8Array[] {
    const end = Math.min(first + count, this.#head.size)
    if (first < 0 || first >= end) return []
    const bodies = this.#database.bodies(first, end - first)
    const intact = bodies.every((body, at) => encodeHex(leafHash(body)) === encodeHex(this.#tree.read(0, first + at)))
    if (!intact || bodies.length !== end - first) throw damagedLog(`entries ${first} to ${end - 1} changed on the disk`)
    return bodies
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What arrives in the same turn is written with one flush and signed with one signature.
      await new Promise(setImmediate)
      const batch = this.#waiting.splice(0, BATCH)
      try {
        const placed = this.#store(batch)
        await this.publish()
        for (const [at, item] of batch.entries()) item.resolve(placed[at] ?? unplaced())
      } catch (thrown) {
        for (const item of batch) item.reject(thrown)
      }
    }
    this.#writing = undefined
  }

  /** Synchronous, so that indices are given to one batch at a time. */
  #store(batch: readonly Waiting[]): readonly Appended[] {
    const first = this.#tree.size
    const time = Math.floor(this.#options.clock.now() / 1000)
    const fresh: Waiting[] = []
    const inBatch = new Map<string, number>()
    const placed = batch.map((item): Appended => {
      const name = encodeHex(item.leaf)
      const known =
        this.#options.keepDuplicates === true ? undefined : (inBatch.get(name) ?? this.#database.find(item.leaf))
      if (known !== undefined) return { index: known, duplicate: true }
      const index = first + fresh.length
      inBatch.set(name, index)
      fresh.push(item)
      return { index, duplicate: false }
    })
    if (fresh.length === 0) return placed
    this.#database.append(
      first,
      fresh.map(({ leaf, body, keywords }) => ({
        leaf,
        body,
        time,
        keywords: keywords.map((word) => word.toLowerCase()),
      })),
    )
    for (const { leaf } of fresh) this.#tree.append(leaf)
    return placed
  }
}

function unplaced(): never {
  throw new ToolError("E_INTERNAL", { what: "an entry of the log was given no place" })
}
