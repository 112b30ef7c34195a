import type { SignatureScheme, SigningKey } from "../core/ports.ts"
import { ToolError } from "../core/errors.ts"
import type { Draft, SignatureFormat, SignedDocument } from "../formats/format.ts"

/** Sign a draft with the scheme its format uses for this key. */
export async function signDraft(key: SigningKey, format: SignatureFormat, draft: Draft): Promise<SignedDocument> {
  const signature = await key.sign(draft.message, schemeFor(key, format.writer.hash))
  return draft.finish(signature, key.publicKey)
}

/**
 * The scheme for a key: its preferred one, or its first with the hash a format fixes.
 *
 * @param hash - `key` for the key's own choice.
 * @throws {ToolError} `E_KEY_TYPE` when the key cannot do it.
 */
export function schemeFor(key: SigningKey, hash: "key" | "sha256"): SignatureScheme {
  const usable = key.schemes.filter((scheme) => scheme.scheme !== "ed25519ph")
  const fixed = hash === "key" ? undefined : usable.find((scheme) => "hash" in scheme && scheme.hash === hash)
  const scheme = fixed ?? usable[0]
  if (scheme !== undefined) return scheme
  throw new ToolError("E_KEY_TYPE", { what: `a ${key.publicKey.type} key offers no usable signature scheme` })
}
