import { ToolError } from "../../../core/errors.ts"

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
