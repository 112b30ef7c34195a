import type { AppContext } from "../../app/requests.ts"
import { asToolError, type ToolError } from "../../core/errors.ts"
import type { PublicKey, SigningKey } from "../../core/ports.ts"
import { faceError, prefixed } from "./face-error.ts"

/**
 * The key of `--key` for signing.
 *
 * @throws {ToolError} in cosign's words, beginning with `context`.
 */
export async function signingKey(app: AppContext, reference: string, context: string): Promise<SigningKey> {
  try {
    return await app.keys.signingKey(reference)
  } catch (thrown) {
    throw prefixed(`${context}reading key: `, await keyError(app, reference, thrown))
  }
}

/** The key of `--key` for verifying. @throws {ToolError} in cosign's words. */
export async function verifyingKey(app: AppContext, reference: string, context: string): Promise<PublicKey> {
  try {
    return await app.keys.publicKey(reference)
  } catch (thrown) {
    throw prefixed(`${context}loading public key: `, await keyError(app, reference, thrown))
  }
}

/** What cosign says when a key file is absent, locked or of the wrong kind. */
export async function keyError(app: AppContext, reference: string, thrown: unknown): Promise<ToolError> {
  const error = asToolError(thrown)
  const isPath = !/^[a-z0-9+.-]+:\/\//i.test(reference)
  if (error.code === "E_KEY_NOT_FOUND" && isPath && !(await app.files.exists(reference))) {
    return faceError(`open ${reference}: no such file or directory`, { code: error.code })
  }
  return error
}
