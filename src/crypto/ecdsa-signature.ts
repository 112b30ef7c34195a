import { DER_TAG, type DerElement, derInteger, derSequence, parseDer } from "../codec/der.ts"
import { ToolError } from "../core/errors.ts"

/** Two integers of the largest curve, their headers and the sequence header. */
const MAX_BYTES = 150

/**
 * Read an ECDSA-Sig-Value as Go's `crypto/ecdsa` does: exact DER, nothing behind it, both integers in shortest form
 * and positive.
 *
 * @returns `r` and `s`; `undefined` when it is not one. The upper bound of both is the verifier's to check.
 *
 * Spec: RFC 3279 section 2.2.3, X.690 section 10.
 */
export function parseEcdsaSignature(signature: Uint8Array): readonly [bigint, bigint] | undefined {
  if (signature.length > MAX_BYTES) return undefined
  try {
    const [first, second, ...rest] = derSequence(parseDer(signature, "signature"), "signature")
    const r = derInteger(first, "signature")
    const s = derInteger(second, "signature")
    return rest.length === 0 && r > 0n && s > 0n ? [r, s] : undefined
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
}

/**
 * Whether the bytes are what {@link parseEcdsaSignature} reads. The same answer without the numbers, which nobody needs who hands
 * the bytes on.
 */
export function isEcdsaSignature(signature: Uint8Array): boolean {
  if (signature.length > MAX_BYTES) return false
  try {
    const members = derSequence(parseDer(signature, "signature"), "signature")
    return members.length === 2 && members.every(isPositive)
  } catch (error) {
    if (error instanceof ToolError) return false
    throw error
  }
}

/** An INTEGER above zero in its shortest form. */
function isPositive({ tag, contents }: DerElement): boolean {
  const [first = 0x80, second] = contents
  if (tag !== DER_TAG.integer || first >= 0x80) return false
  return first > 0 || (second ?? 0) >= 0x80
}
