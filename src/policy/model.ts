/**
 * The one policy model. Flags, the own policy file and every native policy become this and are decided by
 * `evaluate.ts`; no family decides beside it. It holds what the present families can evaluate and grows with them.
 */
import type {
  TrustedIdentity,
  TrustStoreName,
  Validation,
  ValidationAction,
  VerifyTimestamp,
} from "../core/certified.ts"

/** Whose signature counts. One variant per way of trusting, told apart by `family`. */
export type Authority = KeyAuthority | NotationAuthority

/** What every family's authorities say. */
interface AuthorityBase {
  /** Unique in the policy; shown in reports. */
  readonly name: string
  /** Formats that satisfy; at least one. */
  readonly formats: readonly string[]
  /** What must be found: a signature, or an attestation. */
  readonly kind: "signature" | "attestation"
  /** Annotations that must be signed with exactly these values. */
  readonly annotations: Readonly<Record<string, string>>
  /** Predicate type that must match, as a URI; absent = any. */
  readonly predicateType?: string
}

/** Keys that may have signed (cosign without certificates). */
export interface KeyAuthority extends AuthorityBase {
  readonly family: "cosign"
  /** Names of keys; any of them may have signed. At least one. */
  readonly keys: readonly string[]
  /**
   * Transparency log: `ignore` does not look at entries, `require` needs one that verifies. Entries are not evaluated
   * yet, so `require` never passes.
   */
  readonly tlog: "ignore" | "require"
}

/**
 * Certificates that may have signed, as a Notary Project trust policy says it.
 *
 * Spec: notaryproject/specifications `specs/trust-store-trust-policy.md`.
 */
export interface NotationAuthority extends AuthorityBase {
  readonly family: "notation"
  readonly kind: "signature"
  /** Stores of every type; which ones vouch for signers depends on the signing scheme. At least one. */
  readonly stores: readonly TrustStoreName[]
  /** Any of them suffices. At least one. */
  readonly identities: readonly TrustedIdentity[]
  /** `strict`, `permissive`, `audit`, or `custom` when actions were overridden. */
  readonly levelName: string
  /** `integrity` is always enforced. */
  readonly actions: Readonly<Record<Validation, ValidationAction>>
  readonly verifyTimestamp: VerifyTimestamp
}

/** What counts as separate votes in {@link AtLeast}. */
export type Distinct = "authority" | "key" | "none"

/** At least `atLeast` of the authorities, counted as {@link Distinct} says; `required` ones must be among them. */
export interface AtLeast {
  readonly atLeast: number
  readonly of: readonly string[]
  readonly distinct: Distinct
  readonly required: readonly string[]
}

/** Requirement tree. A string names an authority. */
export type Requirement =
  | string
  | { readonly all: readonly Requirement[] }
  | { readonly any: readonly Requirement[] }
  | AtLeast
  | { readonly static: "pass" | "fail" }

/** One rule. `enforce` denies, `warn` lets pass and says so. */
export interface Rule {
  readonly name: string
  readonly require: Requirement
  readonly mode: "enforce" | "warn"
}

/** A policy for the artifacts at hand; matching of subjects comes with the policy file. */
export interface TrustPolicy {
  readonly name: string
  readonly authorities: readonly Authority[]
  readonly rules: readonly Rule[]
}
