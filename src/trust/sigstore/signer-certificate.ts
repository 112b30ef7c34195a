import type { ErrorCode } from "../../core/error-catalogue.ts"
import { ToolError } from "../../core/errors.ts"
import type { Finding } from "../../core/report.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { sameKey } from "../../crypto/public-key.ts"
import { sameName } from "../../crypto/x509/name.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import type { TrustedRoot } from "../../core/sigstore.ts"
import { authorityCertificates } from "./certificate-path.ts"
import type { EvidenceForm } from "./identity-rules.ts"
import type { SigstoreQuestion } from "./question.ts"

/** The certificate of a signer and those that came with it. None is trusted. */
export interface SignerCertificates {
  readonly leaf: Certificate
  readonly others: readonly Certificate[]
}

/**
 * The certificate that a signature is said to be made with: the evidence's, or the one the user gave.
 *
 * SECURITY: where both are there they must be the same certificate; one never stands in for the other.
 */
export function signerCertificates(
  { candidate: { material }, certificate, root }: Pick<SigstoreQuestion, "candidate" | "certificate" | "root">,
  form: EvidenceForm,
): SignerCertificates | Finding {
  const [der, ...others] = material.kind === "certificate" ? material.certificates : []
  try {
    const given = certificate === undefined ? undefined : parseCertificate(certificate)
    const own = der === undefined ? undefined : parseCertificate(der)
    const leaf = own ?? given
    if (leaf === undefined) return missing(form)
    if (own !== undefined && given !== undefined && own.thumbprint !== given.thumbprint) {
      return refused("E_CERT_IDENTITY", "the certificate given is another one than the signature's", given.subject.text)
    }
    const embedded = material.kind === "key" ? material.embedded : undefined
    if (embedded !== undefined && (leaf.publicKey === undefined || !sameKey(leaf.publicKey, embedded))) {
      return refused("E_SIG_UNTRUSTED", "the document carries another key than the certificate given")
    }
    const rest = others.map((other) => parseCertificate(other))
    const foreign = form === "bundle" ? foreignRoot(rest, root) : undefined
    if (foreign !== undefined) {
      return refused("E_CERT_CHAIN", `the bundle contains a root certificate, ${foreign.subject.text}`)
    }
    return { leaf, others: rest }
  } catch (error) {
    if (error instanceof ToolError) return unreadable(error)
    throw error
  }
}

/**
 * A root that came along and is not one that is trusted anyway. Old clients wrote the whole chain into bundles; what the
 * trusted root has byte for byte can mislead nobody.
 *
 * Spec: sigstore/protobuf-specs `sigstore_common.proto`, X509CertificateChain.
 */
function foreignRoot(others: readonly Certificate[], { certificateAuthorities }: TrustedRoot): Certificate | undefined {
  const trusted = new Set(certificateAuthorities.flatMap(authorityCertificates).map(({ thumbprint }) => thumbprint))
  return others.find(({ subject, issuer, thumbprint }) => sameName(subject, issuer) && !trusted.has(thumbprint))
}

function missing(form: EvidenceForm): Finding {
  return {
    check: "signer.identity",
    outcome: "failed",
    code: "E_SIG_UNTRUSTED",
    expected: "a certificate",
    observed:
      form === "bundle"
        ? "bundle does not contain cert for verification, please provide public key"
        : "no certificate found on signature",
  }
}

function refused(code: ErrorCode, observed: string, expected?: string): Finding {
  return {
    check: code === "E_CERT_IDENTITY" ? "signer.identity" : "certificate.chain",
    outcome: "failed",
    code,
    ...(expected === undefined ? {} : { expected }),
    observed,
  }
}

/** What concerns names and identities is said to do so, wherever it was found. */
function unreadable(error: ToolError): Finding {
  const names = /1\.3\.6\.1\.4\.1\.57264\.1\.|subjectAltName|2\.5\.29\.17\b/.test(error.message)
  const code = error.code === "E_LIMIT_EXCEEDED" ? error.code : names ? "E_CERT_IDENTITY" : "E_CERT_CHAIN"
  return refused(code, error.message)
}
