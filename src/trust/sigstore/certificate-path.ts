import { goRfc3339 } from "../../codec/go-time.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import { limits } from "../../core/limits.ts"
import type { TrustedAuthority } from "../../core/sigstore.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import { sameName } from "../../crypto/x509/name.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { buildPaths, type PathFault, type PathReason } from "../timestamp-path.ts"

/** A way from a certificate to a trusted root at one time. */
export interface AuthorityPath {
  readonly authority: TrustedAuthority
  /** Leaf first, root last; at least two. */
  readonly chain: readonly Certificate[]
}

/** Why a certificate does not count. */
export interface CertificateFault {
  readonly code: ErrorCode
  readonly detail: string
}

const CODES: Readonly<Record<PathReason, ErrorCode>> = {
  expired: "E_CERT_EXPIRED",
  "not-yet-valid": "E_CERT_NOT_YET_VALID",
  invalid: "E_CERT_CHAIN",
  usage: "E_CERT_USAGE",
  untrusted: "E_CERT_UNTRUSTED",
  limit: "E_LIMIT_EXCEEDED",
}

/**
 * The certificates of trusted authorities, read once. While the authority lives, so do they, and with them what was found out
 * about the signatures between them: a second verification checks none of those again.
 */
const parsedAuthorities = new WeakMap<TrustedAuthority, readonly Certificate[]>()

/** Certificates of a trusted authority, in its order. @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`. */
export function authorityCertificates(authority: TrustedAuthority): readonly Certificate[] {
  const known = parsedAuthorities.get(authority) ?? authority.certificates.map((der) => parseCertificate(der))
  parsedAuthorities.set(authority, known)
  return known
}

/** Whether a time lies in a window, both ends included. @param at - milliseconds since the epoch. */
export function windowContains({ start, end }: { readonly start: number; readonly end?: number }, at: number): boolean {
  return at >= start && (end === undefined || at <= end)
}

/**
 * What is wrong with a certificate as a signer's, whoever issued it: it must be meant for signing code, and be no authority's.
 *
 * SECURITY: "any" usage and no usage at all are not "code signing". DEVIATION: Go lets both pass, and authorities as signers.
 */
export function signerFault(leaf: Certificate): CertificateFault | undefined {
  const { extendedKeyUsage, keyUsage, basicConstraints } = leaf
  if (extendedKeyUsage?.includes(EKU.codeSigning) !== true) {
    return { code: "E_CERT_USAGE", detail: "the certificate is not meant for code signing (extended key usage)" }
  }
  if (keyUsage !== undefined && !keyUsage.has("digitalSignature")) {
    return { code: "E_CERT_USAGE", detail: "the certificate's key is not meant for digital signatures (key usage)" }
  }
  if (basicConstraints?.ca === true) {
    return {
      code: "E_CERT_USAGE",
      detail: "the certificate is that of an authority, which signs nothing but certificates",
    }
  }
  if (leaf.publicKey === undefined) {
    return { code: "E_KEY_TYPE", detail: `the certificate's key cannot be used: ${leaf.keyDescription}` }
  }
  return undefined
}

/**
 * Find ways from a signer's certificate to certificate authorities that are trusted at a time: every certificate is valid then,
 * and so is the authority's entry.
 *
 * @param given - certificates that came with the signature; untrusted, tried only with authorities that have no intermediates.
 * @param at - milliseconds since the epoch.
 * @returns at least one, or why there is none.
 *
 * Spec: RFC 5280 section 6; sigstore/sigstore-go `pkg/root/certificate_authority.go`.
 */
export function authorityPaths(
  leaf: Certificate,
  given: readonly Certificate[],
  authorities: readonly TrustedAuthority[],
  at: number,
): readonly AuthorityPath[] | CertificateFault {
  // The trusted root is the user's: however many authorities it lists, each may be tried.
  const budget = { signatures: limits.pathCandidates + 2 * authorities.length }
  const paths: AuthorityPath[] = []
  const faults: PathFault[] = []
  for (const authority of authorities) {
    if (!windowContains(authority.validFor, at)) continue
    const certificates = authorityCertificates(authority)
    const known = certificates.slice(0, -1)
    const built = buildPaths(
      {
        leaf,
        intermediates: known.length > 0 ? known : given.filter(({ subject, issuer }) => !sameName(subject, issuer)),
        roots: certificates.slice(-1),
        at,
        usage: EKU.codeSigning,
      },
      budget,
    )
    if ("fault" in built) faults.push(built.fault)
    else paths.push(...built.paths.filter(({ length }) => length > 1).map((chain) => ({ authority, chain })))
  }
  if (paths.length > 0) return paths
  // What comes nearest to a path says most: an authority that is another one only says that it is.
  const fault = faults.find(({ reason }) => reason !== "untrusted") ?? faults[0]
  if (fault !== undefined) return { code: CODES[fault.reason], detail: fault.detail }
  const none =
    authorities.length === 0
      ? "the trusted root has no certificate authority"
      : `none of ${authorities.length} certificate authorities is trusted at ${goRfc3339(at)}`
  return { code: "E_CERT_UNTRUSTED", detail: none }
}
