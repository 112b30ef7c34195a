import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite"
import { ownDatabase, preparedStatements } from "../../../own-database.ts"
import { damagedLog, storageError } from "./storage-error.ts"

/** What the database keeps of one entry besides its place. */
export interface LogRow {
  /** RFC 6962 leaf hash of `body`, 32 bytes. */
  readonly leaf: Uint8Array
  /** Seconds since the epoch. */
  readonly time: number
  readonly body: Uint8Array
  /** Words the entry is found by; lower case. */
  readonly keywords: readonly string[]
}

/** How {@link LogDatabase} writes. */
export interface LogDatabaseOptions {
  /** `full`: what is committed survives a power failure. `fast`: it survives a killed process. */
  readonly durability: "full" | "fast"
  /** Most bytes of the database file; default unbounded. */
  readonly maxBytes?: number
}

/** Version of the tables below, kept in SQLite's `user_version`. */
const SCHEMA_VERSION = 1
const PAGE_BYTES = 4096

/** Bodies lie apart, so that starting reads the leaf hashes alone. */
const TABLES = `
CREATE TABLE entries (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, time INTEGER NOT NULL);
CREATE INDEX entries_by_leaf ON entries (leaf);
CREATE TABLE bodies (idx INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE keywords (keyword TEXT, idx INTEGER, PRIMARY KEY (keyword, idx)) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`

/**
 * The entries of a log in SQLite. Rows are only ever added, many at once or none; calls are synchronous, so nothing comes
 * between them. A tail that was being written when the process died is cut when the file is opened again.
 */
export class LogDatabase {
  readonly #database: DatabaseSync
  readonly #statement: (sql: string) => StatementSync

  /**
   * @param path - file; locked until {@link close}, also against other processes.
   * @throws {ToolError} `E_STORAGE_LOCKED`, `E_STORAGE_CORRUPT` when it is no database of a log, `E_IO`.
   */
  constructor(path: string, options: LogDatabaseOptions) {
    try {
      this.#database = new DatabaseSync(path)
    } catch (cause) {
      throw storageError("open the log", cause)
    }
    this.#statement = preparedStatements(this.#database)
    try {
      this.#prepare(options)
    } catch (cause) {
      this.#database.close()
      throw storageError("open the log", cause)
    }
  }

  #prepare({ durability, maxBytes }: LogDatabaseOptions): void {
    const database = this.#database
    ownDatabase(database, { sql: TABLES, version: SCHEMA_VERSION, durability, what: "log's folder" })
    if (maxBytes !== undefined) {
      database.exec(`PRAGMA max_page_count = ${String(Math.max(1, Math.floor(maxBytes / PAGE_BYTES)))}`)
    }
  }

  close(): void {
    this.#database.close()
  }

  /** Leaf hashes in order. @throws {ToolError} `E_STORAGE_CORRUPT` when one is missing. */
  *leaves(): Generator<Uint8Array> {
    let next = 0
    for (const row of this.#guard(() => this.#statement("SELECT idx, leaf FROM entries ORDER BY idx").iterate())) {
      const leaf = row["leaf"]
      if (Number(row["idx"]) !== next || !(leaf instanceof Uint8Array) || leaf.length !== 32) {
        throw damagedLog(`entry ${next} is missing or has no leaf hash`)
      }
      next += 1
      yield leaf
    }
  }

  /** Add entries behind the last one, all or none. @param first - index of the first of them. */
  append(first: number, rows: readonly LogRow[]): void {
    this.#transaction(() => {
      rows.forEach((row, at) => {
        const index = first + at
        this.#run("INSERT INTO entries (idx, leaf, time) VALUES (?, ?, ?)", index, row.leaf, row.time)
        this.#run("INSERT INTO bodies (idx, body) VALUES (?, ?)", index, row.body)
        for (const keyword of row.keywords) {
          this.#run("INSERT OR IGNORE INTO keywords (keyword, idx) VALUES (?, ?)", keyword, index)
        }
      })
    })
  }

  /** When an entry was added, in seconds since the epoch. */
  time(index: number): number | undefined {
    const row = this.#get("SELECT time FROM entries WHERE idx = ?", index)
    return row === undefined ? undefined : Number(row["time"])
  }

  /** Bodies of consecutive entries. */
  bodies(first: number, count: number): readonly Uint8Array[] {
    const rows = this.#guard(() =>
      this.#statement("SELECT body FROM bodies WHERE idx >= ? AND idx < ? ORDER BY idx").all(first, first + count),
    )
    return rows.map((row) => row["body"] as Uint8Array)
  }

  /** First entry with this leaf hash. */
  find(leaf: Uint8Array): number | undefined {
    const row = this.#get("SELECT min(idx) AS idx FROM entries WHERE leaf = ?", leaf)
    return row?.["idx"] === undefined || row["idx"] === null ? undefined : Number(row["idx"])
  }

  /** Entries below `end` that have the word, newest first. */
  search(keyword: string, end: number, limit: number): readonly number[] {
    const rows = this.#guard(() =>
      this.#statement("SELECT idx FROM keywords WHERE keyword = ? AND idx < ? ORDER BY idx DESC LIMIT ?").all(
        keyword,
        end,
        limit,
      ),
    )
    return rows.map((row) => Number(row["idx"]))
  }

  /** A fact about the log, made by `make` and kept when there is none yet. */
  fact(name: string, make: () => string): string {
    const known = this.#get("SELECT value FROM facts WHERE name = ?", name)?.["value"]
    if (typeof known === "string") return known
    const value = make()
    this.#transaction(() => {
      this.#run("INSERT INTO facts (name, value) VALUES (?, ?)", name, value)
    })
    return value
  }

  #transaction(work: () => void): void {
    this.#guard(() => {
      this.#database.exec("BEGIN IMMEDIATE")
      try {
        work()
        this.#database.exec("COMMIT")
      } catch (cause) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK")
        throw cause
      }
    })
  }

  #get(sql: string, ...parameters: (string | number | Uint8Array)[]): Record<string, SQLOutputValue> | undefined {
    return this.#guard(() => this.#statement(sql).get(...parameters))
  }

  #run(sql: string, ...parameters: (string | number | Uint8Array)[]): void {
    this.#statement(sql).run(...parameters)
  }

  #guard<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (cause) {
      throw storageError("use the log", cause)
    }
  }
}
