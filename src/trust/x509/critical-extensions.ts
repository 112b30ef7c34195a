import type { Certificate } from "../../crypto/x509/certificate.ts"
import { EXTENSION } from "../../crypto/x509/extensions.ts"
import { type ChainRule, chainError, quotedSubject } from "./chain-rule.ts"

/** Critical extensions that the rules of chains, or the check of revocation, take into account. */
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

/** Object identifiers of critical extensions that nothing takes into account, in order. */
function unknownCritical({ extensions, alternativeNames }: Certificate): readonly string[] {
  return [...extensions].flatMap(([oid, { critical }]) => {
    const names = oid === EXTENSION.alternativeNames && alternativeNames.length > 0
    return !critical || names || UNDERSTOOD.has(oid) ? [] : [oid]
  })
}

const labelOf = (oid: string): string => (oid === EXTENSION.nameConstraints ? "name constraints" : `extension ${oid}`)

/**
 * DEVIATION: upstream does not look at critical extensions it does not know, nor at nameConstraints. What is marked
 * critical restricts what the certificate may be used for, so not to know it is not to know whether this is allowed.
 */
export const criticalExtensions: ChainRule = {
  id: "critical-extensions",
  roles: ["alone", "leaf", "intermediate", "root"],
  expected: () => "no critical extension that is not understood",
  observed: ({ certificate }) => {
    const unknown = unknownCritical(certificate)
    if (unknown.length === 0) return "every critical extension is understood"
    return `${unknown.map(labelOf).join(", ")} marked critical; notation does not look, countersign refuses`
  },
  remedy: () => "reissue it without the extension, or with the extension not critical",
  fault: ({ certificate }) => {
    const [first] = unknownCritical(certificate)
    if (first === undefined) return undefined
    return chainError(
      `certificate with subject ${quotedSubject(certificate)}: ${labelOf(first)} marked critical, which this program does not support`,
    )
  },
}
