import type { DatabaseSync, StatementSync } from "node:sqlite"
import { ToolError } from "../core/errors.ts"

/** The tables of a database file that one server alone writes. */
export interface OwnTables {
  /** SQL that makes them in a new file. */
  readonly sql: string
  /** Kept in SQLite's `user_version`; at least 1. */
  readonly version: number
  /** `full`: what is committed survives a power failure. `fast`: it survives a killed process. */
  readonly durability: "full" | "fast"
  /** What the file belongs to, such as `storage folder`. */
  readonly what: string
}

/**
 * Lock a database for this process and create its tables if it is new.
 *
 * @throws {ToolError} `E_IO` when the tables are of a version this program does not know.
 */
export function ownDatabase(database: DatabaseSync, { sql, version, durability, what }: OwnTables): void {
  // The exclusive lock belongs to the open file: it ends with the process, however that ends.
  database.exec("PRAGMA locking_mode = EXCLUSIVE")
  database.exec("PRAGMA journal_mode = WAL")
  database.exec(`PRAGMA synchronous = ${durability === "full" ? "FULL" : "OFF"}`)
  database.exec("BEGIN EXCLUSIVE")
  const found = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0)
  if (found === 0) {
    database.exec(sql)
    database.exec(`PRAGMA user_version = ${String(version)}`)
  }
  database.exec("COMMIT")
  if (found === 0 || found === version) return
  throw new ToolError("E_IO", {
    what: `cannot use the ${what}`,
    why: `its database has version ${String(found)}, expected ${String(version)}`,
    next: ["use the version of countersign that wrote it, or another folder"],
  })
}

/** Statements of a database, each compiled when it is first used. */
export function preparedStatements(database: DatabaseSync): (sql: string) => StatementSync {
  const known = new Map<string, StatementSync>()
  return (sql) => {
    const statement = known.get(sql) ?? database.prepare(sql)
    known.set(sql, statement)
    return statement
  }
}

/** Primary result codes of sqlite3.h, by what they say of the file. */
const FAULTS: ReadonlyMap<number, "taken" | "full" | "damaged"> = new Map([
  [5, "taken"],
  [6, "taken"],
  [11, "damaged"],
  [13, "full"],
  [26, "damaged"],
])

/** What SQLite's failure says of the file; `undefined` for every other failure. */
export function databaseFault(cause: unknown): "taken" | "full" | "damaged" | undefined {
  const code = (cause as { readonly errcode?: number } | undefined)?.errcode
  return code === undefined ? undefined : FAULTS.get(code & 0xff)
}

/** Another server has the files. @param what - such as `the storage folder`. */
export function takenError(what: string, cause: unknown): ToolError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ToolError("E_STORAGE_LOCKED", {
    what: `${what} is in use`,
    why: `another server has it open (${why})`,
    cause,
  })
}
