import { DER_TAG, type DerElement, encodeDer, encodeDerInteger, encodeDerOid } from "../../codec/der.ts"
import { contextTag } from "../../codec/der-values.ts"
import type { SignatureScheme } from "../../core/ports.ts"
import { HASH_LENGTH } from "../hash.ts"
import { algorithmIdentifier, signatureAlgorithm } from "../x509/signature-algorithm.ts"
import { encodeDigestAlgorithm, type MessageHash } from "./digest-algorithm.ts"

/** Signature algorithm of a signer. */
export interface SignerAlgorithm {
  readonly oid: string
  /** Absent when signatures of this algorithm are not accepted. */
  readonly scheme?: SignatureScheme
}

const RSA = "1.2.840.113549.1.1.1"
const RSA_PSS = "1.2.840.113549.1.1.10"
const MGF1 = "1.2.840.113549.1.1.8"
const ED25519 = "1.3.101.112"
const ECDSA: Readonly<Record<MessageHash, string>> = {
  sha256: "1.2.840.10045.4.3.2",
  sha384: "1.2.840.10045.4.3.3",
  sha512: "1.2.840.10045.4.3.4",
}

/**
 * Read the signature algorithm of a SignerInfo. Most RSA signers state only `rsaEncryption`; the hash is then the one
 * of the digest.
 *
 * @param hash - of the signer's digestAlgorithm, if that is accepted. RSA signatures must use the same one.
 * @throws {ToolError} `E_FORMAT_MALFORMED` when it is no AlgorithmIdentifier.
 *
 * Spec: RFC 3370 section 3.2, RFC 5754 section 3, RFC 4056, RFC 8419.
 */
export function signerAlgorithm(
  element: DerElement | undefined,
  hash: MessageHash | undefined,
  what: string,
): SignerAlgorithm {
  const [oid, parameters] = algorithmIdentifier(element, what)
  if (oid === RSA) {
    const usual = parameters === undefined || (parameters.tag === DER_TAG.null && parameters.contents.length === 0)
    return { oid, ...(usual && hash !== undefined ? { scheme: { scheme: "rsa-pkcs1", hash } } : {}) }
  }
  const { scheme } = signatureAlgorithm(element, what)
  if (scheme === undefined) return { oid }
  // SECURITY: two hashes in one RSA signature are never meant; the weaker one would decide.
  const agrees = !("hash" in scheme) || scheme.scheme === "ecdsa" || scheme.hash === hash
  return { oid, ...(agrees ? { scheme } : {}) }
}

/** AlgorithmIdentifier DER for a signer; `undefined` for schemes CMS has no identifier for. */
export function encodeSignerAlgorithm(scheme: SignatureScheme): Uint8Array | undefined {
  const sequence = (...parts: readonly Uint8Array[]): Uint8Array => encodeDer(DER_TAG.sequence, ...parts)
  if (scheme.scheme === "ed25519") return sequence(encodeDerOid(ED25519))
  if (scheme.scheme === "ed25519ph" || scheme.hash === "sha224") return undefined
  if (scheme.scheme === "ecdsa") return sequence(encodeDerOid(ECDSA[scheme.hash]))
  if (scheme.scheme === "rsa-pkcs1") return sequence(encodeDerOid(RSA), encodeDer(DER_TAG.null))
  const digest = encodeDigestAlgorithm(scheme.hash)
  const parameters = sequence(
    encodeDer(contextTag(0, true), digest),
    encodeDer(contextTag(1, true), sequence(encodeDerOid(MGF1), digest)),
    encodeDer(contextTag(2, true), encodeDerInteger(BigInt(HASH_LENGTH[scheme.hash]))),
  )
  return sequence(encodeDerOid(RSA_PSS), parameters)
}
