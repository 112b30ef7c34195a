import { signEcdsaDigest, verifyEcdsaDigest } from "./ecdsa.ts"
import { signEd25519ph, verifyEd25519ph } from "./ed25519ph.ts"
import type { Prehash } from "./prehash.ts"

/** Elliptic curves over hash values by `@noble/curves`. */
export const prehashCurves: Prehash = { signEcdsaDigest, verifyEcdsaDigest, signEd25519ph, verifyEd25519ph }
