import { malformed } from "../../../codec/malformed.ts"
import type { HashAlgorithm, PublicKey, SignatureScheme } from "../../../core/ports.ts"
import { algorithms, hashOf, schemeWithHash } from "../../../crypto/schemes.ts"

/**
 * How a key may have signed a digest that is logged: the algorithms that Sigstore's logs accept.
 *
 * Spec: sigstore/rekor `pkg/api/api.go`, sigstore/rekor-tiles `internal/algorithmregistry`.
 */
export function digestScheme(key: PublicKey, hash: HashAlgorithm): SignatureScheme {
  const row = algorithms.find(
    ({ keyType, bits, scheme, deprecated }) =>
      keyType === key.type &&
      (bits === undefined || bits === key.bits) &&
      deprecated !== true &&
      scheme.scheme !== "rsa-pss" &&
      hashOf(scheme) === hash,
  )
  if (row !== undefined) return row.scheme
  throw malformed("signature", `entry algorithms are not allowed: a key of type ${key.type} with ${hash}`)
}

/**
 * How version 1 logs check envelopes: SHA-256 with every key, pure Ed25519.
 *
 * COMPAT(rekor 1.5): P-384 and P-521 keys that sign with the hash of their curve are refused.
 */
export function legacyScheme(key: PublicKey): SignatureScheme {
  return schemeWithHash(key, "sha256")
}
