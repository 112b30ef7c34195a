import type { Finding, SignerIdentity, TimeEvidence, Witness } from "../core/report.ts"

/** What the trust evaluator of an authority's family says of one candidate. */
export interface Judgement {
  readonly findings: readonly Finding[]
  /** Set when the signature verified and its signer is known, whether or not the authority wants this signer. */
  readonly signer?: SignerIdentity
  readonly time?: TimeEvidence
  /** Log entries and timestamps that verified. */
  readonly witnesses?: readonly Witness[]
  /** Parts of the candidate that it left out; absent = those that `Candidate.notEvaluated` names. */
  readonly notEvaluated?: readonly string[]
}
