import { signEcdsaDigest, verifyEcdsaDigest, type EcdsaKeyType } from "./ecdsa.ts"
import { signEd25519ph, verifyEd25519ph } from "./ed25519ph.ts"

/** Signatures over hash values that OpenSSL, as Node offers it, cannot make or check. */
export interface Prehash {
  readonly verifyEcdsaDigest: (
    type: EcdsaKeyType,
    point: Uint8Array,
    digest: Uint8Array,
    signature: Uint8Array,
  ) => boolean
  readonly signEcdsaDigest: (type: EcdsaKeyType, secret: Uint8Array, digest: Uint8Array) => Uint8Array
  readonly verifyEd25519ph: (key: Uint8Array, digest: Uint8Array, signature: Uint8Array) => boolean
  readonly signEd25519ph: (seed: Uint8Array, digest: Uint8Array) => Uint8Array
}

/** Elliptic curves over hash values by `@noble/curves`. */
export const prehashCurves: Prehash = { signEcdsaDigest, verifyEcdsaDigest, signEd25519ph, verifyEd25519ph }
