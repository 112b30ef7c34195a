import { derBitString, derInteger, derSequence, expectDer, DER_TAG, parseDer } from "../../../codec/der.ts"
import { malformed } from "../../../codec/malformed.ts"
import type { PublicKey } from "../../../core/ports.ts"
import { allowedSchemes, sameScheme } from "../../../crypto/schemes.ts"
import { publicKeyFromSpki } from "../../../crypto/public-key.ts"
import { verifySignature } from "../../../crypto/verify.ts"
import { signatureAlgorithm } from "../../../crypto/x509/signature-algorithm.ts"

const WHAT = "certificate signing request"

/**
 * Read a certificate signing request whose signature holds with the key inside. Its names and attributes are not looked
 * at: whom the certificate is for stands in the token.
 *
 * @param der - untrusted.
 * @returns the key; `undefined` when the signature does not hold.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`.
 *
 * Spec: RFC 2986 section 4.
 */
export function keyOfRequest(der: Uint8Array): PublicKey | undefined {
  const [info, algorithm, signature, ...rest] = derSequence(parseDer(der, WHAT), WHAT)
  if (rest.length > 0) throw malformed(WHAT, "more than three members")
  const signed = expectDer(info, DER_TAG.sequence, WHAT)
  const [version, , spki] = derSequence(signed, WHAT)
  if (derInteger(version, WHAT) !== 0n) throw malformed(WHAT, "not of version 1")
  const key = publicKeyFromSpki(expectDer(spki, DER_TAG.sequence, WHAT).raw)
  const { scheme } = signatureAlgorithm(algorithm, WHAT)
  if (scheme === undefined || !allowedSchemes(key.type).some((allowed) => sameScheme(allowed, scheme))) return undefined
  return verifySignature(key, scheme, signed.raw, derBitString(signature, WHAT)) ? key : undefined
}
