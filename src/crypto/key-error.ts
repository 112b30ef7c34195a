import { ToolError } from "../core/errors.ts"

/**
 * Error of a key that cannot be used.
 *
 * @param what - one line, as in `public key cannot be used`.
 * @param why - observed and expected; never key material.
 * @returns `E_KEY_TYPE`, to be thrown by the caller.
 */
export function keyType(what: string, why: string, next: readonly string[] = []): ToolError {
  return new ToolError("E_KEY_TYPE", {
    what,
    why,
    next: next.length > 0 ? next : ["use an ECDSA P-256, P-384 or P-521, RSA 2048 to 8192 or Ed25519 key"],
  })
}
