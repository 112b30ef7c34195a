import type { AppContext } from "../../app/requests.ts"
import { asToolError } from "../../core/errors.ts"
import { faceError } from "./face-error.ts"

/**
 * Read a whole file that the user named.
 *
 * @throws {ToolError} in Go's words, `open PATH: no such file or directory`; `E_LIMIT_EXCEEDED` past `max` bytes.
 */
export async function readFile(app: AppContext, path: string, max: number): Promise<Uint8Array> {
  // COMPAT(notation 1.3): `-` is a file like any other.
  const named = path === "-" ? "./-" : path
  try {
    return await app.files.read(named, max)
  } catch (thrown) {
    const error = asToolError(thrown)
    const fileFault = error.code === "E_FILE_NOT_FOUND" || error.code === "E_IO"
    throw fileFault ? faceError(error.why ?? error.what, error.code, error) : error
  }
}
