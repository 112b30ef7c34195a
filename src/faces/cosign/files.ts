import type { AppContext } from "../../app/requests.ts"
import { asToolError } from "../../core/errors.ts"
import { faceError } from "./face-error.ts"
import type { FaceInvocation } from "./face-invocation.ts"

/**
 * Read a whole file.
 *
 * @param path - the user's; `-` is standard input.
 * @throws {ToolError} in Go's words when it does not exist; `E_LIMIT_EXCEEDED` past `max` bytes.
 */
export async function readFile(app: AppContext, path: string, max: number): Promise<Uint8Array> {
  await requireFile(app, path)
  return await app.files.read(path, max)
}

/** @throws {ToolError} `open PATH: no such file or directory`. */
export async function requireFile(app: AppContext, path: string): Promise<void> {
  if (path === "-" || (await app.files.exists(path))) return
  throw faceError(`open ${path}: no such file or directory`, { code: "E_FILE_NOT_FOUND" })
}

/** Write text or bytes and say so. `mode` is 0600, as cosign's files have. */
export async function writeFile(app: AppContext, path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
  await app.files.write(path, bytes, { mode: 0o600 })
}

/** A document of one line: into the file of `--out` as it is, else on stdout with a line end. */
export async function writeDocument(invocation: FaceInvocation, app: AppContext, document: Uint8Array): Promise<void> {
  const out = invocation.flags.string("out")
  if (out === "") {
    await invocation.world.stdout.write(document)
    await invocation.world.stdout.write("\n")
    return
  }
  try {
    await writeFile(app, out, document)
  } catch (thrown) {
    const error = asToolError(thrown)
    throw faceError(error.why ?? error.what, { code: error.code, cause: error })
  }
}
