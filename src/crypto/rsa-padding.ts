import { timingSafeEqual } from "node:crypto"
import { DER_TAG, encodeDer, encodeDerOid } from "../codec/der.ts"
import type { HashAlgorithm } from "../core/ports.ts"
import { digestOf, HASH_LENGTH } from "./hash.ts"

const HASH_OID: Readonly<Record<HashAlgorithm, string>> = {
  sha224: "2.16.840.1.101.3.4.2.4",
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
}

/** DigestInfo with NULL parameters. Spec: RFC 8017 section 9.2 note 1. */
function digestInfo(hash: HashAlgorithm, digest: Uint8Array): Uint8Array {
  const algorithm = encodeDer(DER_TAG.sequence, encodeDerOid(HASH_OID[hash]), encodeDer(DER_TAG.null))
  return encodeDer(DER_TAG.sequence, algorithm, encodeDer(DER_TAG.octetString, digest))
}

/**
 * The one encoded message a PKCS#1 v1.5 signature may hold.
 *
 * SECURITY: verifiers build this and compare; parsing what the signature holds is how e = 3 forgeries pass.
 *
 * @param size - modulus length in bytes.
 *
 * Spec: RFC 8017 section 9.2.
 */
export function emsaPkcs1(hash: HashAlgorithm, digest: Uint8Array, size: number): Uint8Array {
  const info = digestInfo(hash, digest)
  const out = new Uint8Array(size).fill(0xff)
  out[0] = 0
  out[1] = 1
  out[size - info.length - 1] = 0
  out.set(info, size - info.length)
  return out
}

function mgf1(hash: HashAlgorithm, seed: Uint8Array, length: number): Uint8Array {
  const step = HASH_LENGTH[hash]
  const out = new Uint8Array(Math.ceil(length / step) * step)
  const input = new Uint8Array(seed.length + 4)
  input.set(seed)
  for (let counter = 0; counter * step < length; counter++) {
    new DataView(input.buffer).setUint32(seed.length, counter)
    out.set(digestOf(hash, input), counter * step)
  }
  return out.subarray(0, length)
}

function pssHash(hash: HashAlgorithm, digest: Uint8Array, salt: Uint8Array): Uint8Array {
  const input = new Uint8Array(8 + digest.length + salt.length)
  input.set(digest, 8)
  input.set(salt, 8 + digest.length)
  return digestOf(hash, input)
}

/**
 * Encode for RSA-PSS with MGF1 of the same hash.
 *
 * @param salt - fresh randomness of the hash's length.
 * @param bits - modulus length.
 * @returns as many bytes as the modulus has.
 *
 * Spec: RFC 8017 section 9.1.1.
 */
export function emsaPss(hash: HashAlgorithm, digest: Uint8Array, salt: Uint8Array, bits: number): Uint8Array {
  const size = Math.ceil((bits - 1) / 8)
  const h = pssHash(hash, digest, salt)
  const db = new Uint8Array(size - h.length - 1)
  db[db.length - salt.length - 1] = 1
  db.set(salt, db.length - salt.length)
  const mask = mgf1(hash, h, db.length)
  const out = new Uint8Array(Math.ceil(bits / 8))
  const start = out.length - size
  db.forEach((byte, i) => (out[start + i] = byte ^ (mask[i] ?? 0)))
  out[start] = (out[start] ?? 0) & (0xff >> (8 * size - (bits - 1)))
  out.set(h, start + db.length)
  out[out.length - 1] = 0xbc
  return out
}

/**
 * Check the encoded message of an RSA-PSS signature.
 *
 * @param encoded - signature raised to the public exponent, as many bytes as the modulus has.
 * @param salt - `any`: its length is what the padding leaves; absent: it must be that of the hash.
 *
 * Spec: RFC 8017 section 9.1.2.
 */
export function checkPss(
  hash: HashAlgorithm,
  digest: Uint8Array,
  encoded: Uint8Array,
  bits: number,
  salt?: "any",
): boolean {
  const hashLength = HASH_LENGTH[hash]
  const size = Math.ceil((bits - 1) / 8)
  const start = encoded.length - size
  const em = encoded.subarray(start)
  const dbLength = size - hashLength - 1
  const leastDb = salt === "any" ? 1 : hashLength + 1
  const unused = 8 * size - (bits - 1)
  if (start < 0 || encoded.subarray(0, start).some((byte) => byte !== 0)) return false
  if (dbLength < leastDb || em.at(-1) !== 0xbc || ((em[0] ?? 0) & ~(0xff >> unused) & 0xff) !== 0) return false
  const h = em.subarray(dbLength, size - 1)
  const mask = mgf1(hash, h, dbLength)
  const db = em.subarray(0, dbLength).map((byte, i) => byte ^ (mask[i] ?? 0))
  db[0] = (db[0] ?? 0) & (0xff >> unused)
  const padding = salt === "any" ? db.findIndex((byte) => byte !== 0) : dbLength - hashLength - 1
  if (padding < 0 || db.subarray(0, padding).some((byte) => byte !== 0) || db[padding] !== 1) return false
  return timingSafeEqual(h, pssHash(hash, digest, db.subarray(padding + 1)))
}
