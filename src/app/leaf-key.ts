import type { Candidate } from "../core/candidate.ts"
import { ToolError } from "../core/errors.ts"
import type { PublicKey } from "../core/ports.ts"
import { parseCertificate } from "../crypto/x509/parse-certificate.ts"

/** A certificate that may have signed, and its key. Nothing of it is trusted. */
export interface LeafKey {
  /** DER. */
  readonly certificate: Uint8Array
  readonly key: PublicKey
}

/**
 * The key in the certificate beside a signature; `undefined` where there is none that can be read.
 *
 * @param given - DER of a certificate that a user named; it goes before the candidate's.
 */
export function leafKeyOf({ material }: Pick<Candidate, "material">, given?: Uint8Array): LeafKey | undefined {
  const certificate = given ?? (material.kind === "certificate" ? material.certificates[0] : undefined)
  if (certificate === undefined) return undefined
  try {
    const { publicKey } = parseCertificate(certificate)
    return publicKey === undefined ? undefined : { certificate, key: publicKey }
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
}
