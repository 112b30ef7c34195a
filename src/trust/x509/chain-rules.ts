import { goQuote } from "../../codec/go-quote.ts"
import { goTimeString } from "../../codec/go-time.ts"
import { limits } from "../../core/limits.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { isIssuedBy, issueFault, signatureFault } from "../../crypto/x509/check-issued.ts"
import { EXTENSION } from "../../crypto/x509/extensions.ts"
import { sameName } from "../../crypto/x509/name.ts"
import type { ChainFault, ChainPurpose } from "./chain-fault.ts"
import { keyUsagePresence, leafFault } from "./leaf-rules.ts"

/** Critical extensions that these rules, or the check of revocation, take into account. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.basicConstraints,
  EXTENSION.extendedKeyUsage,
  EXTENSION.crlDistributionPoints,
  EXTENSION.authorityKeyIdentifier,
  // No policy is required of anybody here, and without that these three restrict nothing (RFC 5280 6.1).
  EXTENSION.certificatePolicies,
  EXTENSION.policyMappings,
  EXTENSION.inhibitAnyPolicy,
])

function chainError(message: string): ChainFault {
  return { code: "E_CERT_CHAIN", message }
}

function quoted({ subject }: Certificate): string {
  return goQuote(subject.text)
}

/**
 * DEVIATION: upstream does not look at critical extensions it does not know, nor at nameConstraints. What is marked
 * critical restricts what the certificate may be used for, so not to know it is not to know whether this is allowed.
 */
function criticalFault(certificate: Certificate): ChainFault | undefined {
  for (const [oid, { critical }] of certificate.extensions) {
    const names = oid === EXTENSION.alternativeNames && certificate.alternativeNames.length > 0
    if (!critical || names || UNDERSTOOD.has(oid)) continue
    const label = oid === EXTENSION.nameConstraints ? "name constraints" : `extension ${oid}`
    return chainError(
      `certificate with subject ${quoted(certificate)}: ${label} marked critical, which this program does not support`,
    )
  }
  return undefined
}

function aloneFault(certificate: Certificate, purpose: ChainPurpose, strict: boolean): ChainFault | undefined {
  const start = `invalid self-signed certificate. subject: ${quoted(certificate)}. Error:`
  const { issuer, subject, publicKey, signatureScheme } = certificate
  const leaf = leafFault(certificate, purpose, strict)
  const wrapped = leaf && { code: leaf.code, message: `invalid self-signed certificate. Error: ${leaf.message}` }
  // The algorithm is one that is accepted, so what stands in the way is the key.
  if (publicKey === undefined && signatureScheme !== undefined && wrapped?.code === "E_KEY_TYPE") return wrapped
  const signature = signatureFault(certificate, certificate)
  if (signature !== undefined) return chainError(`${start} ${signature}`)
  if (!sameName(issuer, subject)) {
    const [a, b] =
      purpose === "code-signing"
        ? [`issuer(${issuer.text})`, `subject(${subject.text})`]
        : [`issuer (${issuer.text})`, `subject (${subject.text})`]
    return chainError(`${start} ${a} and ${b} are not the same`)
  }
  return wrapped ?? criticalFault(certificate)
}

function rootFault(root: Certificate): ChainFault | undefined {
  const must = "Certificate chain must end with a valid self-signed root certificate"
  const fault = issueFault(root, root)
  if (fault !== undefined) {
    return chainError(
      `root certificate with subject ${quoted(root)} is invalid or not self-signed. ${must}. Error: ${fault}`,
    )
  }
  if (sameName(root.issuer, root.subject)) return undefined
  return chainError(`root certificate with subject ${quoted(root)} is not self-signed. ${must}`)
}

function linkFault(child: Certificate, issuer: Certificate, index: number): ChainFault | undefined {
  if (isIssuedBy(child, child)) {
    const kind = index === 0 ? "leaf" : "intermediate"
    return chainError(
      `${kind} certificate with subject ${quoted(child)} is self-signed. Certificate chain must not contain self-signed ${kind} certificate`,
    )
  }
  const fault = issueFault(child, issuer)
  if (fault !== undefined) {
    return chainError(
      `invalid certificates or certificate with subject ${quoted(child)} is not issued by ${quoted(issuer)}. Error: ${fault}`,
    )
  }
  if (sameName(child.issuer, issuer.subject)) return undefined
  return chainError(`certificate with subject ${quoted(child)} is not issued by ${quoted(issuer)}`)
}

/** @param below - certificates between this one and the leaf. */
function authorityFault(authority: Certificate, below: number, purpose: ChainPurpose): ChainFault | undefined {
  const start = `certificate with subject ${quoted(authority)}:`
  const { basicConstraints, keyUsage } = authority
  if (basicConstraints?.ca !== true) {
    return chainError(`${start} ca field in basic constraints must be present, critical, and set to true`)
  }
  const { pathLength } = basicConstraints
  if (pathLength !== undefined && pathLength < below) {
    return chainError(`${start} expected path length of ${below} but certificate has path length ${pathLength} instead`)
  }
  const presence = keyUsagePresence(authority, purpose)
  if (presence !== undefined) return presence
  if (keyUsage?.has("keyCertSign") === true) return undefined
  return { code: "E_CERT_USAGE", message: `${start} key usage must have the bit positions for key cert sign set` }
}

/**
 * Check that certificates are a complete chain whose leaf may sign for the purpose, by the rules of the Notary Project.
 * Whether anybody trusts the chain, the times of validity and revocation are other questions.
 *
 * Faults come in upstream's order and with its texts. DEVIATION: SHA-1 is refused for a certificate alone in its chain
 * too, and critical extensions that are not understood, and chains of more than ten certificates.
 *
 * @param chain - leaf first, root last.
 * @param options - `strict` also refuses anyExtendedKeyUsage for code signing.
 * @returns the first fault; `undefined` when there is none.
 *
 * Spec: notaryproject/specifications `specs/signature-specification.md`, "Certificate Requirements".
 */
export function chainFault(
  chain: readonly Certificate[],
  purpose: ChainPurpose,
  options: { readonly strict?: boolean } = {},
): ChainFault | undefined {
  const strict = options.strict === true
  const [leaf] = chain
  if (leaf === undefined) return chainError("certificate chain must contain at least one certificate")
  if (chain.length > limits.chainCertificates) {
    const message = `certificate chain of ${chain.length} certificates, at most ${limits.chainCertificates} are accepted`
    return { code: "E_LIMIT_EXCEEDED", message }
  }
  if (chain.length === 1) return aloneFault(leaf, purpose, strict)
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1]
    const fault =
      (issuer === undefined ? rootFault(certificate) : linkFault(certificate, issuer, index)) ??
      (index === 0 ? leafFault(certificate, purpose, strict) : authorityFault(certificate, index - 1, purpose)) ??
      criticalFault(certificate)
    if (fault !== undefined) return fault
  }
  return undefined
}

/**
 * Check that every certificate was valid when something was signed.
 *
 * @param at - milliseconds since the epoch.
 * @returns the first fault, with upstream's text when signing; `undefined` when there is none.
 */
export function validityFault(chain: readonly Certificate[], at: number): ChainFault | undefined {
  const outside = chain.find(({ notBefore, notAfter }) => at < notBefore || at > notAfter)
  if (outside === undefined) return undefined
  const { notBefore, notAfter } = outside
  return {
    code: at < notBefore ? "E_CERT_NOT_YET_VALID" : "E_CERT_EXPIRED",
    message: `certificate with subject ${quoted(outside)} was invalid at signing time of ${goTimeString(at)}. Certificate is valid from [${goTimeString(notBefore)}] to [${goTimeString(notAfter)}]`,
  }
}
