import type { Certificate } from "../../crypto/x509/certificate.ts"
import { signatureHolds } from "../../crypto/x509/check-issued.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import { keyName } from "../../trust/x509/chain-rule.ts"

/** Everything that is shown of a certificate; texts are the certificate's own and untrusted. */
export interface CertificateDetails {
  /** Names as `CN=…,O=…,C=…`. */
  readonly subject: string
  readonly issuer: string
  /** Hexadecimal. */
  readonly serial: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** Lower-case hexadecimal SHA-256 of the DER. */
  readonly thumbprint: string
  readonly ca: boolean
  /** Its signature holds with its own key. */
  readonly selfSigned: boolean
  /** `EC-256`, or a description of a key that does not sign here. */
  readonly key: string
  /** `SHA256-RSA` and the like. */
  readonly signatureAlgorithm: string
  readonly keyUsage: readonly string[]
  /** Names, or object identifiers of those without. */
  readonly extendedKeyUsage: readonly string[]
  readonly alternativeNames: readonly string[]
  readonly ocspUrls: readonly string[]
  readonly crlUrls: readonly string[]
}

const USAGE_NAMES: ReadonlyMap<string, string> = new Map(Object.entries(EKU).map(([name, oid]) => [oid, name]))

/** What is shown of a certificate. */
export function certificateDetails(certificate: Certificate): CertificateDetails {
  const { subject, issuer, serial, notBefore, notAfter, thumbprint } = certificate
  const { alternativeNames, ocspUrls, crlUrls } = certificate
  return {
    subject: subject.text,
    issuer: issuer.text,
    serial: serial.toString(16),
    notBefore,
    notAfter,
    thumbprint,
    ca: certificate.basicConstraints?.ca === true,
    selfSigned: signatureHolds(certificate, certificate),
    key: keyName(certificate),
    signatureAlgorithm: certificate.signatureName,
    keyUsage: [...(certificate.keyUsage ?? [])],
    extendedKeyUsage: (certificate.extendedKeyUsage ?? []).map((oid) => USAGE_NAMES.get(oid) ?? oid),
    alternativeNames,
    ocspUrls,
    crlUrls,
  }
}
