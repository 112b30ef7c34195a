import { ToolError } from "../../../core/errors.ts"

/** A request that a log does not do. The message is for its client. */
export class LogRefusal extends Error {
  override readonly name = "LogRefusal"
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

/**
 * Read something a client sent: what is wrong with it is the client's mistake.
 *
 * @throws {LogRefusal} 400 for every {@link ToolError}, with its reason behind `prefix`.
 */
export async function reading<Result>(prefix: string, work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof ToolError && thrown.code !== "E_INTERNAL") {
      throw new LogRefusal(400, `${prefix}${thrown.message}`)
    }
    throw thrown
  }
}

/** What a client may know of a failure of ours: its kind, no path and no message of the system. */
export function failureOf(thrown: unknown): { readonly status: number; readonly message: string } {
  if (thrown instanceof LogRefusal) return { status: thrown.status, message: thrown.message }
  if (thrown instanceof ToolError) {
    const { errno } = thrown.details
    if (errno === "ENOSPC" || errno === "EDQUOT") {
      return { status: 507, message: "the log's storage is full; nothing was added" }
    }
    if (thrown.code === "E_STORAGE_CORRUPT") return { status: 500, message: "the stored log is damaged" }
  }
  return { status: 500, message: "unexpected result from transparency log" }
}
