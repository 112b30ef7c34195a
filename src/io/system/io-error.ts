import { ToolError } from "../../core/errors.ts"

/** What the operating system means, in the words Go's programs print. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "is a directory",
  ENOTDIR: "not a directory",
  EEXIST: "file exists",
  ENOSPC: "no space left on device",
  EDQUOT: "disk quota exceeded",
  EROFS: "read-only file system",
  EMFILE: "too many open files",
  ENAMETOOLONG: "file name too long",
  ELOOP: "too many levels of symbolic links",
  EFBIG: "file too large",
  EIO: "input/output error",
  EPIPE: "broken pipe",
  ENOEXEC: "exec format error",
  ENOTEMPTY: "directory not empty",
}

/** What a code of the operating system means, in the words Go's programs print. */
export function systemReason(errno: string | undefined): string {
  return (errno === undefined ? undefined : REASONS[errno]) ?? errno ?? "unknown failure"
}

/** Code of an error of the operating system, such as `ENOENT`. */
export function errnoOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined
  return typeof code === "string" ? code : undefined
}

/**
 * `E_IO` for a failed file operation. Errors made on purpose pass unchanged.
 *
 * @param verb - `open`, `read`, `write` …; `why` reads `open PATH: no such file or directory`, as in Go.
 */
export function ioError(verb: string, path: string, thrown: unknown): ToolError {
  return fileError("E_IO", verb, path, thrown)
}

/** What tells that a path was mistyped, rather than that a disk is in trouble. */
const NOT_THERE: ReadonlySet<string | undefined> = new Set([
  "ENOENT",
  "ENOTDIR",
  "EISDIR",
  "EACCES",
  "EPERM",
  "ELOOP",
  "ENAMETOOLONG",
])

/** Like {@link ioError} for a file that is read: `E_FILE_NOT_FOUND` when the path named leads to no readable file. */
export function inputError(verb: string, path: string, thrown: unknown): ToolError {
  return fileError(NOT_THERE.has(errnoOf(thrown)) ? "E_FILE_NOT_FOUND" : "E_IO", verb, path, thrown)
}

function fileError(code: "E_IO" | "E_FILE_NOT_FOUND", verb: string, path: string, thrown: unknown): ToolError {
  if (thrown instanceof ToolError) return thrown
  const errno = errnoOf(thrown)
  const reason = systemReason(errno)
  return new ToolError(code, {
    what: `cannot ${verb} ${path}`,
    why: `${verb} ${path}: ${reason}`,
    details: { path, ...(errno === undefined ? {} : { errno }) },
    cause: thrown,
  })
}
