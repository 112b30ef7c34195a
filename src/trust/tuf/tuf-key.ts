import { decodeHex } from "../../codec/hex.ts"
import { expectObject, member } from "../../codec/json-shape.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { ToolError } from "../../core/errors.ts"
import type { HashAlgorithm, KeyType, PublicKey, SignatureScheme } from "../../core/ports.ts"
import { looksLikePem, parsePublicKey, publicKeyFromSpki } from "../../crypto/public-key.ts"

/** A key of a root or of a delegation, with the one scheme it may sign by. */
export interface TufKey {
  readonly key: PublicKey
  readonly scheme: SignatureScheme
}

interface SchemeRow {
  readonly keytypes: readonly string[]
  readonly type: KeyType
  readonly scheme: SignatureScheme
}

const HASHES: readonly HashAlgorithm[] = ["sha256", "sha384", "sha512"]

function ecdsaRow(bits: 256 | 384 | 521, hash: HashAlgorithm): [string, SchemeRow] {
  const name = `ecdsa-sha2-nistp${bits}`
  // The second key type is an old name of the first, still found in roots.
  return [name, { keytypes: ["ecdsa", name], type: `ecdsa-p${bits}`, scheme: { scheme: "ecdsa", hash } }]
}

/** Schemes by their names; the scheme fixes algorithm and hash. */
const SCHEMES: ReadonlyMap<string, SchemeRow> = new Map<string, SchemeRow>([
  ["ed25519", { keytypes: ["ed25519"], type: "ed25519", scheme: { scheme: "ed25519" } }],
  ecdsaRow(256, "sha256"),
  ecdsaRow(384, "sha384"),
  ecdsaRow(521, "sha512"),
  ...HASHES.flatMap((hash): [string, SchemeRow][] => [
    [`rsassa-pss-${hash}`, { keytypes: ["rsa"], type: "rsa", scheme: { scheme: "rsa-pss", hash, salt: "any" } }],
    [`rsa-pkcs1v15-${hash}`, { keytypes: ["rsa"], type: "rsa", scheme: { scheme: "rsa-pkcs1", hash } }],
  ]),
])

/** SubjectPublicKeyInfo up to the raw key. */
const SPKI_PREFIX: Partial<Record<KeyType, string>> = {
  ed25519: "302a300506032b6570032100",
  "ecdsa-p256": "3059301306072a8648ce3d020106082a8648ce3d030107034200",
}
const RAW_BYTES: Partial<Record<KeyType, number>> = { ed25519: 32, "ecdsa-p256": 65 }

/**
 * Read a key.
 *
 * @returns `undefined` for a key that cannot be used: of an unknown type or scheme, of the wrong length, or no key at all.
 *   It then counts for nothing, so that a root may name keys for newer clients.
 * @throws {ToolError} `E_FORMAT_MALFORMED` for what is no object.
 *
 * Spec: TUF section 4.2. The hexadecimal form of P-256 is that of Sigstore's first roots.
 */
export function parseTufKey(value: JsonValue | undefined, path: string): TufKey | undefined {
  const object = expectObject(value, path)
  const [keytype, name, keyval] = [member(object, "keytype"), member(object, "scheme"), member(object, "keyval")]
  const text = member(expectObject(keyval ?? {}, `${path}.keyval`), "public")
  const row = typeof name === "string" ? SCHEMES.get(name) : undefined
  if (row === undefined || typeof keytype !== "string" || typeof text !== "string") return undefined
  if (!row.keytypes.includes(keytype)) return undefined
  try {
    const key = publicKeyOf(text, row.type)
    return key?.type === row.type ? { key, scheme: row.scheme } : undefined
  } catch (thrown) {
    if (thrown instanceof ToolError) return undefined
    throw thrown
  }
}

function publicKeyOf(text: string, type: KeyType): PublicKey | undefined {
  const bytes = encodeUtf8(text, "TUF key")
  if (type !== "ed25519" && looksLikePem(bytes)) return parsePublicKey(bytes)
  const [prefix, length] = [SPKI_PREFIX[type], RAW_BYTES[type]]
  // SECURITY: a prefix before a key of another length would make some other document.
  if (prefix === undefined || length === undefined || text.length !== 2 * length) return undefined
  return publicKeyFromSpki(decodeHex(prefix + text, { max: prefix.length / 2 + length, what: "TUF key" }))
}
