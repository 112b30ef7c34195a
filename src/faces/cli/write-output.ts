import type { AppContext } from "../../app/requests.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { Session } from "./session.ts"

/**
 * Write the file that a command makes. What is there is replaced with `--overwrite` alone.
 *
 * @param path - `-` for standard output.
 * @throws {ToolError} `E_FILE_EXISTS`, `E_IO`.
 */
export async function writeOutput(
  { flags }: Pick<Session, "flags">,
  { files }: Pick<AppContext, "files">,
  path: string,
  content: Uint8Array,
): Promise<void> {
  try {
    await files.write(path, content, { exclusive: !flags.bool("overwrite") })
  } catch (thrown) {
    const { code, what, why = "", details } = asToolError(thrown)
    if (code !== "E_FILE_EXISTS") throw thrown
    const next = ["name another file, or replace it with `--overwrite`"]
    throw new ToolError(code, { what, why, details, next, cause: thrown })
  }
}
