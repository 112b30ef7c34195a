import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { encodeHex } from "../../../../codec/hex.ts"
import { ToolError } from "../../../../core/errors.ts"
import { makeFolders } from "../../../../core/make-folders.ts"
import type { Clock } from "../../../../core/ports.ts"
import { parseCheckpoint } from "../../../../crypto/transparency/checkpoint.ts"
import { leafHash } from "../../../../crypto/transparency/merkle.ts"
import { MerkleTree, type SubtreeReader } from "../../../../crypto/transparency/merkle-tree.ts"
import { parseSignedNote } from "../../../../crypto/transparency/signed-note.ts"
import { flushFolder } from "../../../registry/storage/file-content.ts"
import { type LastCheckpoint, openLastCheckpoint } from "./last-checkpoint.ts"
import { LogDatabase } from "./log-database.ts"
import { damagedLog, storageError } from "./storage-error.ts"

/** An entry to be added. */
export interface NewEntry {
  /** The very bytes that are hashed into the tree. */
  readonly body: Uint8Array
  /** Words it is found by; letter case does not matter. */
  readonly keywords: readonly string[]
}

/** An entry that is in the log. */
export interface StoredEntry {
  readonly index: number
  /** Seconds since the epoch when it was added. */
  readonly time: number
  readonly body: Uint8Array
  /** RFC 6962 leaf hash. */
  readonly leaf: Uint8Array
}

/** The tree as it is published. */
export interface LogHead {
  readonly size: number
  readonly root: Uint8Array
  /** Signed note over size and root. */
  readonly checkpoint: string
}

/** What came of an addition. */
export interface Appended {
  readonly index: number
  /** The same entry was there already; nothing was added. */
  readonly duplicate: boolean
}

/** An append-only Merkle tree on disk. */
export interface AppendOnlyLog {
  /** What was published last. Everything below its size can be read. */
  head(): LogHead
  /**
   * Add an entry. It is on the disk and below a published, kept checkpoint when this settles.
   *
   * @throws {ToolError} `E_IO` when it could not be stored: it is not in the log then, or is found as a duplicate later.
   */
  append(entry: NewEntry): Promise<Appended>
  /** A published entry. @throws {ToolError} `E_STORAGE_CORRUPT` when its bytes changed on the disk; `E_IO`. */
  entry(index: number): StoredEntry | undefined
  /** Bodies of published entries, in order. @throws {ToolError} as {@link entry}. */
  bodies(first: number, count: number): readonly Uint8Array[]
  /** The first published entry with this leaf hash. */
  find(leaf: Uint8Array): number | undefined
  /** Published entries with the word, newest first. */
  search(keyword: string, limit: number): readonly number[]
  /** Hashes of complete subtrees. */
  readonly read: SubtreeReader
  /** A fact about the log that is made once. */
  fact(name: string, make: () => string): string
  /** Finish what was begun and let go of the folder. */
  close(): Promise<void>
}

/** How {@link openLog} opens. */
export interface LogOptions {
  /** Created when absent. Layout: `log.sqlite`, `checkpoint`. */
  readonly folder: string
  readonly clock: Clock
  /** Called before the first signature; for facts about the log that are made once, see {@link AppendOnlyLog.fact}. */
  readonly prepare?: (fact: AppendOnlyLog["fact"]) => void
  /** Sign a tree. @returns the signed note. */
  readonly sign: (tree: { readonly size: number; readonly root: Uint8Array }) => Promise<string>
  /** `full` (default): what was answered survives a power failure. `fast`: it survives a killed process. */
  readonly durability?: "full" | "fast"
  /** Most bytes of the database file; default unbounded. */
  readonly maxBytes?: number
  /** Add entries that are there already once more: a fault, for tests of others. */
  readonly keepDuplicates?: boolean
}

/** Entries that are written and signed together at most. */
const BATCH = 256

/**
 * Open a log in a folder, for this process alone.
 *
 * Entries whose writing was interrupted are gone; those that were written and not published yet are published now.
 *
 * @throws {ToolError} `E_STORAGE_LOCKED` when another process has it open; `E_STORAGE_CORRUPT` when the tree does not begin
 *   with what the last checkpoint says; `E_IO`.
 *
 * Spec: RFC 6962 section 2.1 for the tree.
 */
export async function openLog(options: LogOptions): Promise<AppendOnlyLog> {
  const { folder, durability = "full" } = options
  try {
    await makeFolders(folder, (path) => mkdir(path, { mode: 0o700 }))
  } catch (cause) {
    throw storageError("create the log's folder", cause)
  }
  const database = new LogDatabase(join(folder, "log.sqlite"), {
    durability,
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
  })
  let last: LastCheckpoint | undefined
  try {
    const tree = new MerkleTree()
    for (const leaf of database.leaves()) tree.append(leaf)
    last = await openLastCheckpoint(join(folder, "checkpoint"), durability === "full")
    checkHistory(tree, last.text)
    // The names of the files, so that what is put into them later can be found.
    if (durability === "full") await flushFolder(folder)
    const log = new FolderLog(options, database, last, tree)
    options.prepare?.((name, make) => log.fact(name, make))
    await log.publish()
    return log
  } catch (cause) {
    await last?.close()
    database.close()
    throw cause
  }
}

/** SECURITY: a log that forgot or changed what it signed is never continued. */
function checkHistory(tree: MerkleTree, text: string | undefined): void {
  if (text === undefined) {
    if (tree.size > 0) throw damagedLog(`it has ${tree.size} entries and no checkpoint`)
    return
  }
  const { size, rootHash } = parseCheckpoint(parseSignedNote(text).text)
  if (size > BigInt(tree.size)) throw damagedLog(`it has ${tree.size} entries, its last checkpoint says ${size}`)
  if (encodeHex(tree.root(Number(size))) !== encodeHex(rootHash)) {
    throw damagedLog(`its first ${size} entries do not have the root hash of its last checkpoint`)
  }
}

interface Waiting extends NewEntry {
  readonly leaf: Uint8Array
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: unknown) => void
}

class FolderLog implements AppendOnlyLog {
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
