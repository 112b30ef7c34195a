import type { SignatureScheme, SigningKey } from "../core/ports.ts"
import { ToolError } from "../core/errors.ts"
import { digestOf } from "../crypto/hash.ts"
import { keySpecOf, keySpecs } from "../crypto/key-spec.ts"
import { hashOf } from "../crypto/schemes.ts"
import type { Draft, FormatWriter, SignatureFormat, SignedDocument } from "../formats/format.ts"

/** Sign a draft with the scheme its format uses for this key. */
export async function signDraft(key: SigningKey, format: SignatureFormat, draft: Draft): Promise<SignedDocument> {
  const signature = await key.sign(draft.message, schemeFor(key, format.writer.hash))
  return draft.finish(signature, key.publicKey)
}

/**
 * The scheme for a key: its preferred one, or its first with the hash a format fixes.
 *
 * @param hash - as the writer of a format says.
 * @throws {ToolError} `E_KEY_TYPE` when the key cannot do it.
 */
export function schemeFor(key: SigningKey, hash: FormatWriter["hash"]): SignatureScheme {
  if (hash === "key-spec") return keySpecScheme(key)
  const usable = key.schemes.filter((scheme) => scheme.scheme !== "ed25519ph")
  const fixed = hash === "key" ? undefined : usable.find((scheme) => "hash" in scheme && scheme.hash === hash)
  const scheme = fixed ?? usable[0]
  if (scheme !== undefined) return scheme
  throw new ToolError("E_KEY_TYPE", { what: `a ${key.publicKey.type} key offers no usable signature scheme` })
}

/**
 * The scheme for a signature whose digest goes into a log: logs verify Ed25519 signatures over digests as Ed25519ph.
 *
 * @param logged - whether there is a log, and it is told a digest of what is signed.
 */
export function schemeForLog(key: SigningKey, hash: FormatWriter["hash"], logged: boolean): SignatureScheme {
  const scheme = schemeFor(key, hash)
  if (!logged || scheme.scheme !== "ed25519") return scheme
  return key.schemes.find((other) => other.scheme === "ed25519ph") ?? scheme
}

/** Raw digest of a message under a scheme's hash; `undefined` for pure Ed25519. */
export function schemeDigest(scheme: SignatureScheme, message: Uint8Array): Uint8Array | undefined {
  const hash = hashOf(scheme)
  return hash === undefined ? undefined : digestOf(hash, message)
}

function keySpecScheme({ publicKey }: SigningKey): SignatureScheme {
  const spec = keySpecOf(publicKey)
  if (spec !== undefined) return spec.scheme
  throw new ToolError("E_KEY_TYPE", {
    what: `a ${publicKey.type} key of ${publicKey.bits} bits cannot sign in Notary Project formats`,
    why: `expected one of ${keySpecs.map(({ name }) => name).join(", ")}`,
    next: ["sign with a key of a listed kind and size", "or leave out the notation formats"],
  })
}
