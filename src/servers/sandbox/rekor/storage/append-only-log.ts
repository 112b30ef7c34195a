import type { Clock } from "../../../../core/ports.ts"
import type { SubtreeReader } from "../../../../crypto/transparency/merkle-tree.ts"

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

/** How {@link file://./open-log.ts} opens. */
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
