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
import type { IdentityRule, WitnessRule } from "../core/sigstore.ts"

/** Whose signature counts. One variant per way of trusting, told apart by `family`. */
export type Authority = KeyAuthority | SigstoreAuthority | NotationAuthority

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
  /** Log entries and timestamps that must vouch too; none asked for = none are looked at and no trusted root is needed. */
  readonly witnesses: WitnessRule
}

/** Holders of short-lived certificates that stand for identity tokens (Sigstore). */
export interface SigstoreAuthority extends AuthorityBase {
  readonly family: "sigstore"
  /** Any of them suffices. At least one; each names an issuer, and a subject or an extension. */
  readonly identities: readonly IdentityRule[]
  /** Whether the certificate must be in a certificate transparency log. */
  readonly sct: "require" | "ignore"
  readonly witnesses: WitnessRule
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
