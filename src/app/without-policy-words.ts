import type { Finding } from "../core/report.ts"
import type { CertifiedTrust } from "./evaluate-certified.ts"
import type { Judgement } from "./judgement.ts"

/** Upstream's sentences about a trust policy's identities. */
const OF_POLICIES = /^(?:signing certificate from the digital signature does not match|no x509 trusted identities are)/

/**
 * Judge, and tell whose certificate it is in words for those who have written no trust policy, but named identities.
 *
 * @param judge - speaks as upstream does of policy documents, and prints the identities as Go prints its maps.
 */
export function withoutPolicyWords(judge: CertifiedTrust["judge"]): CertifiedTrust["judge"] {
  return async (...asked) => {
    const judged = await judge(...asked)
    return { ...judged, findings: judged.findings.map((finding) => reworded(finding, judged)) }
  }
}

function reworded(finding: Finding, { signer }: Judgement): Finding {
  const { check, outcome, observed = "" } = finding
  if (check !== "signer.identity" || outcome !== "failed" || !OF_POLICIES.test(observed)) return finding
  if (signer?.kind !== "certificate") return finding
  return {
    ...finding,
    observed: `a certificate made out to ${signer.name}`,
    detail: `its thumbprint is ${signer.thumbprint}; upper and lower case count`,
  }
}
