import type { KeyType, PublicKey } from "../core/ports.ts"
import { fingerprint, keyHint } from "../crypto/public-key.ts"

/** What tells one public key from another. */
interface KeyFacts {
  readonly type: KeyType
  /** Modulus length for RSA, field size otherwise. */
  readonly bits: number
  /** `SHA256:` and the unpadded base64 of the hash of the SubjectPublicKeyInfo, as reports show signers. */
  readonly fingerprint: string
  /** The same hash as Sigstore bundles write it: padded base64. */
  readonly hint: string
}

/** Kind, size and names of a public key. */
export function keyFacts(key: PublicKey): KeyFacts {
  return { type: key.type, bits: key.bits, fingerprint: fingerprint(key), hint: keyHint(key) }
}
