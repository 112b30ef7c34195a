import { goQuote } from "../../codec/go-quote.ts"
import type { TrustStoreType } from "../../core/certified.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { issueFault, signatureHolds } from "../../crypto/x509/check-issued.ts"
import { sameName } from "../../crypto/x509/name.ts"

/** Why a certificate may not be in a trust store. */
export interface StoreFault {
  /** `validate`: no store may have it. `root`: stores of type tsa hold root certificates alone. */
  readonly rule: "validate" | "root"
  /** Upstream's text, without the file's name. */
  readonly message: string
}

/**
 * Check that a certificate may be in a trust store: it is a CA's or self-signed, and in stores of type tsa a root CA's.
 *
 * SECURITY: a signing certificate that somebody else issued would be trusted although its issuer is not.
 *
 * @returns the rule that is broken, whose text goes into upstream's message about the file: after `failed to validate
 *   the trusted certificate …. ` for `validate`, after `trusted certificate … is invalid: ` for `root`.
 *
 * Spec: notaryproject/specifications `specs/trust-store-trust-policy.md`, "Trust Store".
 */
export function storeFault(certificate: Certificate, type: TrustStoreType): StoreFault | undefined {
  const subject = `certificate with subject ${goQuote(certificate.subject.text)} is not a`
  if (certificate.basicConstraints?.ca !== true && !signatureHolds(certificate, certificate)) {
    return { rule: "validate", message: `${subject} CA certificate or self-signed signing certificate` }
  }
  if (type !== "tsa") return undefined
  const fault = issueFault(certificate, certificate)
  if (fault !== undefined) return { rule: "root", message: `${subject} root CA certificate: ${fault}` }
  if (sameName(certificate.issuer, certificate.subject)) return undefined
  const { issuer } = certificate
  return {
    rule: "root",
    message: `${subject} root CA certificate: issuer (${issuer.text}) and subject (${certificate.subject.text}) are not the same`,
  }
}
