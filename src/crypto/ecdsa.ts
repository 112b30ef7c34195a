import { p256, p384, p521 } from "@noble/curves/nist.js"
import { bigintToBytes } from "../codec/der.ts"
import type { KeyType } from "../core/ports.ts"
import { parseEcdsaSignature } from "./ecdsa-signature.ts"

/** Key types of this file. */
export type EcdsaKeyType = Extract<KeyType, `ecdsa-${string}`>

const CURVES = { "ecdsa-p256": p256, "ecdsa-p384": p384, "ecdsa-p521": p521 } as const

/** Bytes of a scalar. */
function scalarBytes(type: EcdsaKeyType): number {
  return CURVES[type].lengths.secretKey ?? 0
}

/**
 * Check an ECDSA signature over a hash value.
 *
 * @param point - uncompressed public point.
 * @param digest - hash of the message; longer than the order it is truncated, as FIPS 186-5 says.
 * @param signature - ASN.1 DER, already known to be strict. High S is accepted, as everywhere in this field.
 */
export function verifyEcdsaDigest(
  type: EcdsaKeyType,
  point: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const compact = compactSignature(type, signature)
  if (compact === undefined) return false
  return CURVES[type].verify(compact, digest, point, { prehash: false, lowS: false })
}

/**
 * Sign a hash value.
 *
 * SECURITY: the nonce is derived from key, digest and fresh randomness (RFC 6979 section 3.6), so neither a bad
 * generator nor a fault alone reveals the key. Big-number arithmetic here is not constant-time; where the message is
 * at hand, `sign` goes through OpenSSL instead.
 *
 * @param secret - private scalar, big-endian.
 * @returns ASN.1 DER.
 */
export function signEcdsaDigest(type: EcdsaKeyType, secret: Uint8Array, digest: Uint8Array): Uint8Array {
  const options = { prehash: false, lowS: false, extraEntropy: true, format: "der" } as const
  return CURVES[type].sign(digest, secret, options)
}

/** `r` and `s` side by side; `undefined` unless the signature is strict DER with both from 1 to the order less 1. */
function compactSignature(type: EcdsaKeyType, signature: Uint8Array): Uint8Array | undefined {
  const pair = parseEcdsaSignature(signature)
  if (pair === undefined) return undefined
  const size = scalarBytes(type)
  const order = CURVES[type].Point.Fn.ORDER
  if (pair.some((value) => value < 1n || value >= order)) return undefined
  const out = new Uint8Array(size * 2)
  out.set(bigintToBytes(pair[0], size))
  out.set(bigintToBytes(pair[1], size), size)
  return out
}
