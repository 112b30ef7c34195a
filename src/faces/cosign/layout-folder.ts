import type { AppContext } from "../../app/requests.ts"
import { faceError } from "./face-error.ts"
import type { FaceInvocation } from "./face-invocation.ts"

/** `--dir`. @throws {ToolError} in cobra's words when it was not given. */
export function requiredFolder({ flags }: FaceInvocation): string {
  if (flags.given("dir")) return flags.string("dir")
  throw faceError('required flag(s) "dir" not set')
}

/**
 * Check that a folder is an OCI layout before anything else is asked of it.
 *
 * @param context - cosign's words before the reason.
 * @throws {ToolError} `E_FILE_NOT_FOUND` in cosign's words.
 */
export async function requireLayout(app: AppContext, folder: string, context: string): Promise<void> {
  const index = `${folder.replace(/\/+$/, "")}/index.json`
  if (await app.files.exists(index)) return
  throw faceError(`${context}stat ${index}: no such file or directory`, { code: "E_FILE_NOT_FOUND" })
}
