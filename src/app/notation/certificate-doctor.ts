import { parseSubjectName } from "../../codec/distinguished-name.ts"
import { goRfc3339 } from "../../codec/go-time.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import { limits } from "../../core/limits.ts"
import type { PublicKey } from "../../core/ports.ts"
import { fingerprint } from "../../crypto/public-key.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import type { ChainPurpose } from "../../trust/x509/chain-fault.ts"
import { type ChainOrder, chainOrder, isSelfIssued } from "../../trust/x509/chain-order.ts"
import type { ChainRole } from "../../trust/x509/chain-rule.ts"
import { chainFault, lengthFault, type RuleOutcome, ruleOutcomes, validityFault } from "../../trust/x509/chain-rules.ts"
import { type CertificateDetails, certificateDetails } from "./trust-certificate.ts"

/** What a chain is looked at for. */
export interface DoctorQuestion {
  readonly purpose: ChainPurpose
  /** Moment of signing, milliseconds since the epoch. */
  readonly at: number
  /** What the specification forbids and notation accepts counts as a fault. */
  readonly strict: boolean
  /** The key that the first certificate must certify. */
  readonly key?: PublicKey
}

/** One rule and what came of it. */
export interface DoctorCheck {
  /** Stable name. */
  readonly rule: string
  /** `warning` keeps nobody from signing; `unchecked`: another check says why. */
  readonly outcome: "passed" | "failed" | "warning" | "unchecked"
  readonly expected: string
  readonly observed: string
  /** What to do; absent when it passed. */
  readonly remedy?: string
  readonly code?: ErrorCode
}

/** One certificate with everything that is to say about it. */
export interface DiagnosedCertificate {
  readonly role: ChainRole
  readonly details: CertificateDetails
  readonly checks: readonly DoctorCheck[]
}

/** What was found out about a chain. */
export interface Diagnosis {
  /** No check failed, and notation has nothing to say. */
  readonly accepted: boolean
  /** What notation says first of the chain as it was given. */
  readonly message?: string
  /** Checks of the chain as a whole. */
  readonly checks: readonly DoctorCheck[]
  /** In the right order, where there is one. */
  readonly certificates: readonly DiagnosedCertificate[]
}

/**
 * Hold certificates against every rule for chains, not only the first that is broken.
 *
 * Certificates in the wrong order are reported so and judged in the right one.
 *
 * @param given - at least one, untrusted.
 */
export function diagnoseChain(given: readonly Certificate[], question: DoctorQuestion): Diagnosis {
  const order = chainOrder(given)
  const chain = order.left.length === 0 ? order.chain : given
  const complete = completeCheck(chain)
  const checks = [
    lengthCheck(given),
    orderCheck(given, order),
    complete,
    ...(question.key === undefined ? [] : [keyCheck(chain, question.key)]),
  ]
  const outcomes = [...ruleOutcomes(chain, question.purpose, question)]
  const certificates = chain.map((certificate, index): DiagnosedCertificate => {
    const own = outcomes.filter(({ place }) => place.index === index)
    const orphan = complete.outcome === "failed" && index === chain.length - 1
    return {
      role: (orphan && index === 0 ? undefined : own[0]?.place.role) ?? "leaf",
      details: certificateDetails(certificate),
      checks: [
        ...own.map((outcome) => ruleCheck(outcome, question.strict, orphan)),
        validityCheck(certificate, question.at),
        ...(index === 0 && question.purpose === "code-signing" ? [subjectCheck(certificate)] : []),
        ...(isSelfIssued(certificate) ? [] : [revocationCheck(certificate)]),
      ],
    }
  })
  const all = [...checks, ...certificates.flatMap((one) => one.checks)]
  const message = (chainFault(given, question.purpose, question) ?? validityFault(given, question.at))?.message
  return {
    // The message comes from what verification uses: where the two differ, the answer is no.
    accepted: message === undefined && all.every(({ outcome }) => outcome !== "failed"),
    ...(message === undefined ? {} : { message }),
    checks,
    certificates,
  }
}

/** Rules that hold a certificate against its issuer's. */
const NEEDS_ISSUER: readonly string[] = ["issuer-authority", "signature", "issuer-name"]

function ruleCheck({ place, rule, fault }: RuleOutcome, strict: boolean, orphan: boolean): DoctorCheck {
  const says = { rule: rule.id, expected: rule.expected(place) }
  const unchecked = orphan && NEEDS_ISSUER.includes(rule.id) ? "the issuer's certificate is missing" : undefined
  const reason = unchecked ?? rule.unchecked?.(place)
  if (reason !== undefined) return { ...says, outcome: "unchecked", observed: `not checked: ${reason}` }
  const observed = rule.observed(place)
  if (fault !== undefined) {
    return { ...says, outcome: "failed", observed, remedy: rule.remedy(place), code: fault.code }
  }
  const doubt = rule.doubt?.(place)
  if (doubt === undefined) return { ...says, outcome: "passed", observed }
  const outcome = strict ? "failed" : "warning"
  return { ...says, outcome, observed: `${observed}; ${doubt}`, remedy: rule.remedy(place) }
}

function lengthCheck(chain: readonly Certificate[]): DoctorCheck {
  const says = {
    rule: "length",
    expected: `1 to ${limits.chainCertificates} certificates`,
    observed: String(chain.length),
  }
  const fault = lengthFault(chain)
  if (fault === undefined) return { ...says, outcome: "passed" }
  return { ...says, outcome: "failed", remedy: "leave out what is not in the chain", code: fault.code }
}

function namesOf(certificates: readonly Certificate[]): string {
  if (certificates.length === 0) return "no certificate"
  return certificates.map(({ subject }) => subject.text).join(", then ")
}

function orderCheck(given: readonly Certificate[], { chain, left, twice }: ChainOrder): DoctorCheck {
  const says = { rule: "order", expected: "leaf first, each certificate issued by the next, root last" }
  const right = namesOf(chain)
  if (left.length > 0) {
    const observed = `not in the chain: ${namesOf(left)}`
    return { ...says, outcome: "failed", code: "E_CERT_CHAIN", observed, remedy: `give, in this order: ${right}` }
  }
  if (given.every((certificate, index) => certificate.thumbprint === chain[index]?.thumbprint)) {
    return { ...says, outcome: "passed", observed: right }
  }
  const observed = twice.length > 0 ? `given more than once: ${namesOf(twice)}` : namesOf(given)
  return { ...says, outcome: "failed", code: "E_CERT_CHAIN", observed, remedy: `give, in this order: ${right}` }
}

function completeCheck(chain: readonly Certificate[]): DoctorCheck {
  const says = { rule: "complete", expected: "the chain ends with its root, which is self-signed" }
  const last = chain.at(-1)
  if (last === undefined || isSelfIssued(last)) {
    return { ...says, outcome: "passed", observed: `ends with ${last?.subject.text ?? "nothing"}` }
  }
  return {
    ...says,
    outcome: "failed",
    code: "E_CERT_CHAIN",
    observed: `ends with ${last.subject.text}, which ${last.issuer.text} issued`,
    remedy: `append the certificate of ${last.issuer.text}, and of whoever issued that, up to the root`,
  }
}

function keyCheck([leaf]: readonly Certificate[], key: PublicKey): DoctorCheck {
  const own = fingerprint(key)
  const certified = leaf?.publicKey === undefined ? undefined : fingerprint(leaf.publicKey)
  const observed = `the first certificate certifies ${certified ?? leaf?.keyDescription ?? "no key"}`
  const says = { rule: "key-match", expected: `the key ${own}`, observed }
  if (certified === own) return { ...says, outcome: "passed" }
  const remedy = "name the key that the certificate was issued for, or have this key certified"
  return { ...says, outcome: "failed", code: "E_KEY_TYPE", remedy }
}

function validityCheck(certificate: Certificate, at: number): DoctorCheck {
  const fault = validityFault([certificate], at)
  const observed = `valid from ${goRfc3339(certificate.notBefore)} to ${goRfc3339(certificate.notAfter)}`
  const says = { rule: "validity", expected: `valid at ${goRfc3339(at)}`, observed }
  if (fault === undefined) return { ...says, outcome: "passed" }
  const remedy =
    fault.code === "E_CERT_EXPIRED"
      ? "renew the certificate"
      : "wait until it is valid, check the clock, or reissue it with an earlier start"
  return { ...says, outcome: "failed", remedy, code: fault.code }
}

/** Signing works without, but nobody can name the signer in a policy of notation. */
function subjectCheck({ subject }: Certificate): DoctorCheck {
  const says = { rule: "subject", expected: "a subject with C, ST and O, each type once, for x509.subject identities" }
  const read = parseSubjectName(subject.text)
  if ("attributes" in read) return { ...says, outcome: "passed", observed: subject.text }
  return {
    ...says,
    outcome: "warning",
    observed: read.fault,
    remedy: 'reissue it with a subject such as "C=US, ST=WA, O=acme, CN=release"',
  }
}

function revocationCheck({ ocspUrls, crlUrls }: Certificate): DoctorCheck {
  const says = { rule: "revocation", expected: "an http:// URL of an OCSP responder or a revocation list" }
  const all = [...ocspUrls.map((url) => `OCSP ${url}`), ...crlUrls.map((url) => `CRL ${url}`)]
  const usable = [...ocspUrls, ...crlUrls].some((url) => url.startsWith("http://"))
  if (usable) return { ...says, outcome: "passed", observed: all.join(", ") }
  const observed =
    all.length === 0
      ? "no URL: revocation cannot be checked, and counts as good"
      : `${all.join(", ")}: only http:// is asked, so the answer is always unknown`
  return {
    ...says,
    outcome: "warning",
    observed,
    remedy: "reissue it with authorityInfoAccess or cRLDistributionPoints",
  }
}
