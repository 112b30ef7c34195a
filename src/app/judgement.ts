import type { Finding, SignerIdentity, TimeEvidence } from "../core/report.ts"

/** What the trust evaluator of an authority's family says of one candidate. */
export interface Judgement {
  readonly findings: readonly Finding[]
  /** Set when the signature verified and its signer is known, whether or not the authority wants this signer. */
  readonly signer?: SignerIdentity
  readonly time?: TimeEvidence
}
