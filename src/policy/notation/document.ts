/** Trust policy documents of the Notary Project, read and checked. */
import type { TrustedIdentity, TrustStoreName, VerifyTimestamp } from "../../core/certified.ts"
import type { VerificationLevel } from "./levels.ts"

/** Whose words messages have: notation 1.x speaks of a `trust policy`, 2.x of an `oci` or a `blob trust policy`. */
export type PolicyWording = "v1" | "v2"

/** What both kinds of statements have. */
export interface PolicyStatement extends VerificationLevel {
  readonly name: string
  /** When a timestamp is looked at; absent = always. */
  readonly verifyTimestamp?: VerifyTimestamp
  /** Empty at level skip. */
  readonly stores: readonly TrustStoreName[]
  readonly identities: readonly TrustedIdentity[]
}

/** A statement for artifacts in registries and layouts. */
export interface OciStatement extends PolicyStatement {
  /** `host/repository`, or `*` alone. */
  readonly scopes: readonly string[]
}

/** A statement for files. */
export interface BlobStatement extends PolicyStatement {
  /** Applies when no statement is named. */
  readonly global: boolean
}

/** A document: its statements. */
export interface PolicyDocument<Statement extends PolicyStatement> {
  readonly statements: readonly Statement[]
}

/** `trustpolicy.oci.json`, and `trustpolicy.json` before it. */
export type OciPolicy = PolicyDocument<OciStatement>

/** `trustpolicy.blob.json`. */
export type BlobPolicy = PolicyDocument<BlobStatement>
