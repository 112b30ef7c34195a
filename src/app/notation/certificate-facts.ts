import { parseCertificateFile } from "../../crypto/x509/certificate-file.ts"

/** What is shown of a certificate; nothing is verified. */
export interface CertificateFacts {
  /** Names as `CN=…,O=…,C=…`. */
  readonly issuer: string
  readonly subject: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  readonly ca: boolean
  /** Lower-case hexadecimal SHA-256. */
  readonly thumbprint: string
}

/**
 * The certificates of a file, PEM or DER.
 *
 * @returns in the file's order; none for a file without content.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function certificateFacts(bytes: Uint8Array): readonly CertificateFacts[] {
  return parseCertificateFile(bytes).map((certificate) => ({
    issuer: certificate.issuer.text,
    subject: certificate.subject.text,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    ca: certificate.basicConstraints?.ca ?? false,
    thumbprint: certificate.thumbprint,
  }))
}
