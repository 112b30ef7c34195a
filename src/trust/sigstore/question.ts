import type { ArtifactContent, Candidate } from "../../core/candidate.ts"
import type { HashAlgorithm } from "../../core/ports.ts"
import type { Finding, SignerIdentity, TimeEvidence, Witness } from "../../core/report.ts"
import type { IdentityRule, TrustedRoot, WitnessRule } from "../../core/sigstore.ts"
import type { TrustedKey } from "../keyed.ts"

/** What of a candidate is looked at. */
export type SigstoreCandidate = Pick<Candidate, "material" | "signed" | "signatures" | "hash" | "evidence" | "format">

/** What is judged: a candidate, whose signature counts, and what must vouch for it. */
export interface SigstoreQuestion {
  readonly candidate: SigstoreCandidate
  readonly root: TrustedRoot
  readonly signer:
    | { readonly kind: "keys"; readonly keys: readonly TrustedKey[] }
    | {
        readonly kind: "identities"
        readonly identities: readonly IdentityRule[]
        readonly sct: "require" | "ignore"
        /** JSON of a log's answer, for certificates that hold no SCT. */
        readonly detachedSct?: Uint8Array
      }
  readonly witnesses: WitnessRule
  /** Time of the verification, milliseconds since the epoch. */
  readonly at: number
  /** The artifact, when the signature covers the artifact itself. */
  readonly artifact?: ArtifactContent
  /** Hash the user named; wins over what the document and the key say. */
  readonly hash?: HashAlgorithm
  /** DER of a certificate that the user gave: for evidence that holds none; where it holds one, it must be the same. */
  readonly certificate?: Uint8Array
}

/** Outcome of an evaluation. */
export interface SigstoreJudgement {
  /** In upstream's order. The signature counts when none failed (save logged ones) and none is unknown. */
  readonly findings: readonly Finding[]
  /** Who signed, when everything but the identity's rule holds: whether it is the one wanted, the findings say. */
  readonly signer?: SignerIdentity
  /** The earliest time that is vouched for. */
  readonly time?: TimeEvidence
  /** What verified. */
  readonly witnesses: readonly Witness[]
}
