import type { ArtifactContent, Candidate } from "../core/candidate.ts"
import { ToolError } from "../core/errors.ts"
import type { HashAlgorithm } from "../core/ports.ts"
import type { Finding, SignerIdentity, TimeEvidence, Witness } from "../core/report.ts"
import type { IdentityRule, TrustedRoot, WitnessRule } from "../core/sigstore.ts"
import type { NamedKey } from "./requests.ts"

/** What is judged: a candidate, whose signature counts, and what must vouch for it. */
export interface SigstoreQuestion {
  readonly candidate: Pick<Candidate, "material" | "signed" | "signatures" | "hash" | "evidence" | "format">
  readonly root: TrustedRoot
  readonly signer:
    | { readonly kind: "keys"; readonly keys: readonly NamedKey[] }
    | {
        readonly kind: "identities"
        readonly identities: readonly IdentityRule[]
        readonly sct: "require" | "ignore"
        readonly detachedSct?: Uint8Array
      }
  readonly witnesses: WitnessRule
  readonly at: number
  readonly artifact?: ArtifactContent
  readonly hash?: HashAlgorithm
  readonly certificate?: Uint8Array
}

export interface SigstoreJudgement {
  readonly findings: readonly Finding[]
  readonly signer?: SignerIdentity
  readonly time?: TimeEvidence
  readonly witnesses: readonly Witness[]
}

export type EvaluateSigstore = (question: SigstoreQuestion) => SigstoreJudgement

/** The evaluator, loaded when an authority needs it. */
export function loadEvaluator(): Promise<EvaluateSigstore> {
  // The evaluator lands with the trust that it needs.
  return Promise.resolve(() => {
    throw new ToolError("E_INTERNAL", { what: "identities were asked for before they can be judged" })
  })
}
