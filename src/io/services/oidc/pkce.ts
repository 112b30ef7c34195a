import { createHash } from "node:crypto"
import { encodeBase64Url } from "../../../codec/base64.ts"
import type { Randomness } from "../../../core/ports.ts"

/** Bytes of a verifier (64 characters) and of state and nonce. */
const VERIFIER_BYTES = 48
const SECRET_BYTES = 32

/** A verifier and its S256 challenge. */
export interface Pkce {
  /** Secret until the code is redeemed. */
  readonly verifier: string
  readonly challenge: string
}

/** A fresh verifier with its challenge. Spec: RFC 7636 section 4. */
export function createPkce(randomness: Randomness): Pkce {
  const verifier = encodeBase64Url(randomness.bytes(VERIFIER_BYTES))
  return { verifier, challenge: encodeBase64Url(createHash("sha256").update(verifier, "ascii").digest()) }
}

/** 256 random bits, base64url. */
export function createSecret(randomness: Randomness): string {
  return encodeBase64Url(randomness.bytes(SECRET_BYTES))
}
