import type { SignatureScheme, SigningKey } from "../core/ports.ts"
import { ToolError } from "../core/errors.ts"
import { digestOf } from "../crypto/hash.ts"
import { keySpecOf, keySpecs } from "../crypto/key-spec.ts"
import { hashOf } from "../crypto/schemes.ts"
import type { LogService } from "../core/sigstore-ports.ts"
import type { Draft, FormatWriter, LoggedContent, SignatureFormat, SignedDocument } from "../formats/format.ts"

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
 * The scheme for a signature that is logged.
 *
 * COMPAT(rekor 1): entries that hold digests verify Ed25519 as Ed25519ph; entries about envelopes verify every ECDSA key
 * with SHA-256.
 *
 * @param content - what logs are told.
 */
export function schemeForLogs(
  key: SigningKey,
  hash: FormatWriter["hash"],
  content: LoggedContent["kind"],
  logs: readonly LogService[],
): SignatureScheme {
  const scheme = schemeFor(key, hash)
  if (logs.length === 0) return scheme
  if (content === "message" && scheme.scheme === "ed25519") {
    return key.schemes.find((other) => other.scheme === "ed25519ph") ?? scheme
  }
  const first = logs.some(({ majorApiVersion }) => majorApiVersion === 1)
  return content === "envelope" && first && scheme.scheme === "ecdsa" ? schemeFor(key, "sha256") : scheme
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
