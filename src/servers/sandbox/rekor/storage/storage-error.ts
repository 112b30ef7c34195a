import { ToolError } from "../../../../core/errors.ts"
import { databaseFault, takenError } from "../../../own-database.ts"

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
  const fault = databaseFault(cause)
  if (fault === "taken") return takenError("the log's folder", cause)
  if (fault === "damaged") return damagedLog(message, cause)
  const { errcode, code } = (cause ?? {}) as { readonly errcode?: number; readonly code?: string }
  const errno = fault === "full" ? "ENOSPC" : errcode === undefined ? code : undefined
  return new ToolError("E_IO", {
    what: `cannot ${doing}`,
    why: message,
    details: errno === undefined ? {} : { errno },
    cause,
  })
}
