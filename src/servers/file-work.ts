import { open } from "node:fs/promises"
import { ToolError } from "../core/errors.ts"

/** Turn a failure of the file system into `E_IO`; `details.errno` keeps the system's code. */
export function ioError(doing: string, cause: unknown): ToolError {
  if (cause instanceof ToolError) return cause
  const errno = (cause as NodeJS.ErrnoException | undefined)?.code
  return new ToolError("E_IO", {
    what: `cannot ${doing}`,
    why: cause instanceof Error ? cause.message : String(cause),
    details: errno === undefined ? {} : { errno },
    cause,
  })
}

/** Run file work, failures as `E_IO`. */
export async function withIoErrors<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw ioError(doing, cause)
  }
}

/**
 * Write a file that must not be there yet.
 *
 * @param options - `flush`: it survives a power failure.
 */
export async function writeNew(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode: number; readonly flush: boolean },
): Promise<void> {
  const file = await open(path, "wx", options.mode)
  try {
    if (content.length > 0) await file.writeFile(content)
    if (options.flush) await file.sync()
  } finally {
    await file.close()
  }
}
