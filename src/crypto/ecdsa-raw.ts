import { bigintToBytes, bytesToBigint, DER_TAG, encodeDer, encodeDerInteger } from "../codec/der.ts"
import { parseEcdsaSignature } from "./ecdsa-signature.ts"

/**
 * The fixed-width form of an ECDSA signature, as JWS, COSE and the plugin protocol carry it.
 *
 * @param signature - ASN.1 DER.
 * @param bytes - width of `r || s`: 64, 96 or 132.
 * @returns `undefined` when it is no signature or does not fit.
 *
 * Spec: RFC 7518 section 3.4, RFC 9053 section 2.1.
 */
export function rawEcdsaSignature(signature: Uint8Array, bytes: number): Uint8Array | undefined {
  const numbers = parseEcdsaSignature(signature)
  const limit = 1n << BigInt(bytes * 4)
  if (numbers === undefined || numbers.some((number) => number >= limit)) return undefined
  const raw = new Uint8Array(bytes)
  for (const [index, number] of numbers.entries()) raw.set(bigintToBytes(number, bytes / 2), (index * bytes) / 2)
  return raw
}

/**
 * ASN.1 DER of a fixed-width ECDSA signature.
 *
 * @param raw - `r || s`.
 * @param bytes - width it must have: 64, 96 or 132.
 * @returns `undefined` for another width, and when `r` or `s` is zero.
 */
export function derEcdsaSignature(raw: Uint8Array, bytes: number): Uint8Array | undefined {
  if (raw.length !== bytes) return undefined
  const r = bytesToBigint(raw.subarray(0, bytes / 2))
  const s = bytesToBigint(raw.subarray(bytes / 2))
  if (r === 0n || s === 0n) return undefined
  return encodeDer(DER_TAG.sequence, encodeDerInteger(r), encodeDerInteger(s))
}
