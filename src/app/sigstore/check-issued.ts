import { asToolError, ToolError } from "../../core/errors.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import type { TrustedLog, TrustedRoot } from "../../core/sigstore.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { authorityPaths, signerFault } from "../../trust/sigstore/certificate-path.ts"
import { judgeScts } from "../../trust/sigstore/certificate-scts.ts"
import { readCertificateFacts } from "../../trust/sigstore/fulcio-certificate.ts"
import type { Certified } from "./certify.ts"

/**
 * Check a certificate that was just issued, before anything is signed with it: it may sign code, leads to an authority of
 * the trusted root, and its certificate transparency log promised to show it.
 *
 * @throws {ToolError} `E_CERT_USAGE`, `E_CERT_UNTRUSTED`, `E_CERT_CHAIN`, `E_CERT_SCT`, `E_CERT_IDENTITY` and the like.
 */
export function checkIssued({ certificates: [der, ...given], detachedSct }: Certified, root: TrustedRoot): void {
  if (der === undefined) throw new ToolError("E_INTERNAL", { what: "no certificate to check" })
  const leaf = parseCertificate(der)
  const fault = signerFault(leaf)
  if (fault !== undefined) throw unfit(fault.code, fault.detail)
  const others = given.map((other) => parseCertificate(other))
  const paths = authorityPaths(leaf, others, root.certificateAuthorities, leaf.notBefore)
  if ("code" in paths) throw unfit(paths.code, paths.detail)
  const sct = judgeScts({
    leaf,
    issuers: paths.flatMap(({ chain: [, issuer] }) => (issuer === undefined ? [] : [issuer])),
    logs: root.ctlogs,
    form: "bundle",
    ...(detachedSct === undefined ? {} : { detached: detachedSct }),
  })
  if (sct.outcome !== "passed") throw unfit(sct.code ?? "E_CERT_SCT", sct.observed ?? "its SCT does not verify")
  requireIdentity(leaf)
}

/** A name that no verifier takes would be found out when the signature is in the log already. */
function requireIdentity(leaf: Certificate): void {
  try {
    readCertificateFacts(leaf)
  } catch (thrown) {
    const error = asToolError(thrown)
    throw unfit(error.code, error.message)
  }
}

/**
 * Check only that a certificate transparency log promised to show a certificate that was just issued.
 *
 * COMPAT(cosign 2.5): its issuer is the one that the authority sent along.
 *
 * @throws {ToolError} `E_CERT_SCT`.
 */
export function checkIssuedSct({ certificates, detachedSct }: Certified, logs: readonly TrustedLog[]): void {
  const [leaf, issuer] = certificates.map((der) => parseCertificate(der))
  if (leaf === undefined) throw new ToolError("E_INTERNAL", { what: "no certificate to check" })
  const issuers = issuer === undefined ? [] : [issuer]
  const detached = detachedSct === undefined ? {} : { detached: detachedSct }
  const sct = judgeScts({ leaf, issuers, logs, form: "legacy", ...detached })
  if (sct.outcome !== "passed") throw unfit(sct.code ?? "E_CERT_SCT", sct.observed ?? "its SCT does not verify")
}

function unfit(code: ErrorCode, detail: string): ToolError {
  return new ToolError(code, {
    what: `the certificate authority issued a certificate that nobody would trust: ${detail}`,
    why: "it does not fit the trusted root; nothing was signed, logged or stored",
    next: ["check that the trusted root is of the instance that signs", "report it to the authority's operator"],
  })
}
