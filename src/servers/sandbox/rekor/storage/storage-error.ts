import { ToolError } from "../../../../core/errors.ts"

/** Primary result codes of sqlite3.h. */
const SQLITE = { busy: 5, locked: 6, corrupt: 11, full: 13, notADatabase: 26 } as const

/** A log in a folder cannot be trusted any more. */
export function damagedLog(why: string, cause?: unknown): ToolError {
  return new ToolError("E_STORAGE_CORRUPT", {
    what: "the stored log is damaged",
    why,
    next: ["restore the folder from a copy, or begin a new log in another folder"],
    ...(cause === undefined ? {} : { cause }),
  })
}

/**
 * Turn a failure of SQLite or of the file system into an error of ours.
 *
 * @returns `E_STORAGE_LOCKED`, `E_STORAGE_CORRUPT`, or `E_IO` with `details.errno` where the disk is full.
 */
export function storageError(doing: string, cause: unknown): ToolError {
  if (cause instanceof ToolError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  const { errcode, code } = (cause ?? {}) as { readonly errcode?: number; readonly code?: string }
  const primary = errcode === undefined ? undefined : errcode & 0xff
  if (primary === SQLITE.busy || primary === SQLITE.locked) {
    return new ToolError("E_STORAGE_LOCKED", {
      what: "the log's folder is in use",
      why: `another server has it open (${message})`,
      cause,
    })
  }
  if (primary === SQLITE.corrupt || primary === SQLITE.notADatabase) return damagedLog(message, cause)
  const errno = primary === SQLITE.full ? "ENOSPC" : primary === undefined ? code : undefined
  return new ToolError("E_IO", {
    what: `cannot ${doing}`,
    why: message,
    details: errno === undefined ? {} : { errno },
    cause,
  })
}
