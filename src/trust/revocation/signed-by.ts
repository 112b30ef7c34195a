import { allowedSchemes, sameScheme } from "../../crypto/schemes.ts"
import { verifyDigest, verifySignature } from "../../crypto/verify.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import type { SignatureAlgorithm } from "../../crypto/x509/signature-algorithm.ts"
import type { HashAlgorithm, SignatureScheme } from "../../core/ports.ts"

/**
 * Why a signature of a certificate's key does not hold, `undefined` when it does.
 *
 * SECURITY: SHA-1 and MD5 have no scheme and are refused, although notation takes SHA-1 under revocation lists.
 *
 * @param signed - the bytes, or hashes of them.
 */
export function signatureFault(
  signer: Certificate,
  algorithm: Pick<SignatureAlgorithm, "scheme" | "name">,
  signed: Uint8Array | Readonly<Partial<Record<HashAlgorithm, Uint8Array>>>,
  signature: Uint8Array,
): string | undefined {
  const { publicKey } = signer
  const { scheme, name } = algorithm
  if (publicKey === undefined) return `the signer's key (${signer.keyDescription}) is of a kind that is not accepted`
  if (scheme === undefined) return `signatures of algorithm ${name} are not accepted`
  if (!allowedSchemes(publicKey.type).some((allowed) => sameScheme(allowed, scheme))) {
    return `the signature algorithm ${name} does not fit the signer's key (${signer.keyDescription})`
  }
  const holds =
    signed instanceof Uint8Array
      ? verifySignature(publicKey, scheme, signed, signature)
      : digestHolds(signer, scheme, signed, signature)
  if (holds === undefined) return `signatures of algorithm ${name} cannot be checked over a list that is not held`
  return holds ? undefined : "the signature does not verify"
}

function digestHolds(
  { publicKey }: Certificate,
  scheme: SignatureScheme,
  digests: Readonly<Partial<Record<HashAlgorithm, Uint8Array>>>,
  signature: Uint8Array,
): boolean | undefined {
  const digest = "hash" in scheme ? digests[scheme.hash] : undefined
  return digest === undefined || publicKey === undefined
    ? undefined
    : verifyDigest(publicKey, scheme, digest, signature)
}

/** The algorithm a certificate is signed with. */
export function certificateAlgorithm(certificate: Certificate): Pick<SignatureAlgorithm, "scheme" | "name"> {
  const { signatureName: name, signatureScheme: scheme } = certificate
  return { name, ...(scheme === undefined ? {} : { scheme }) }
}
