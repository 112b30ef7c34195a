import { ToolError } from "../../core/errors.ts"

/** The {@link ToolError} that `work` fails with; anything else that is thrown goes on. */
export async function failure(work: Promise<unknown> | (() => Promise<unknown>)): Promise<ToolError> {
  try {
    await (typeof work === "function" ? work() : work)
  } catch (error) {
    if (error instanceof ToolError) return error
    throw error
  }
  throw new Error("expected a failure")
}
