import type { Finding, SignatureReport } from "../core/report.ts"

/**
 * Why a certificate's holder is nobody who was asked for, in words for people. The finding keeps upstream's.
 *
 * Nothing of it needs to be verified: it says what a refused document claims.
 *
 * @returns `undefined` for other findings, and where the holder is not known.
 */
export function identityWords(report: SignatureReport, finding: Finding): string | undefined {
  const { check, code, expected, outcome } = finding
  if (check !== "signer.identity" || code !== "E_CERT_IDENTITY" || outcome !== "failed") return undefined
  const holder = holderOf(report)
  if (holder === undefined || expected === undefined) return undefined
  const issuer = holder.issuer === "" ? "no issuer" : `the issuer ${holder.issuer}`
  const fault = faultWords(finding, expected)
  const meaning = fault === undefined ? "" : ` (${fault})`
  return `signer.identity: the certificate names ${holder.name} and ${issuer}, expected ${expected}${meaning}`
}

function holderOf({
  signer,
  evidence,
}: SignatureReport): { readonly name: string; readonly issuer: string } | undefined {
  if (signer?.kind === "keyless") return signer
  const { alternativeNames = [], issuer = "" } = evidence?.certificate ?? {}
  return alternativeNames.length === 0 ? undefined : { name: alternativeNames.join(", "), issuer }
}

/** Upstream's sentences about one rule, and ours. */
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^expected SAN value to match regex "(.*?)", got ".*$/s, "a subject that matches $1"],
  [/^expected issuer value to match regex "(.*?)", got ".*$/s, "an issuer that matches $1"],
  [/^expected SAN value "(.*?)", got ".*$/s, "the subject $1"],
  [/^expected issuer value "(.*?)", got ".*$/s, "the issuer $1"],
  [/^expected (\w+) to be "(.*?)", got "".*$/s, "$1 $2, saw none"],
  [/^expected (\w+) to be "(.*?)", got "(.*)"$/s, "$1 $2, saw $3"],
]

/** What an identity stands for and does not hold; of several identities nobody knows which was meant. */
function faultWords({ observed = "", detail }: Finding, expected: string): string | undefined {
  if (expected.includes(" or ")) return undefined
  const fault = / last error: (.*)$/s.exec(observed)?.[1] ?? detail ?? ""
  for (const [sentence, words] of FAULTS) {
    if (!sentence.test(fault)) continue
    const text = fault.replace(sentence, words)
    // An identity that stands for itself was said already.
    return text === `the subject ${expected}` ? undefined : text
  }
  return undefined
}
