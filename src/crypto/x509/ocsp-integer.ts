import { bigintToBytes, DER_TAG, encodeDer, encodeDerInteger } from "../../codec/der.ts"

/** DER of an INTEGER that may be negative: faulty authorities gave such serial numbers. */
export function encodeSignedInteger(value: bigint): Uint8Array {
  if (value >= 0n) return encodeDerInteger(value)
  let size = 1
  while (BigInt.asIntN(size * 8, value) !== value) size++
  return encodeDer(DER_TAG.integer, bigintToBytes(BigInt.asUintN(size * 8, value), size))
}
