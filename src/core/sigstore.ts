/**
 * What Sigstore's services vouch with, and what is trusted of them: log entries, timestamps, trusted roots, identities.
 * Shapes only; documents are read in `src/envelopes`, judged in `src/trust/sigstore`.
 */
import type { PublicKey } from "./ports.ts"

/* ------------------------------------------------------------------------------------------------------ evidence --- */

/** One transparency log entry as it came with a signature, from a log, or out of a bundle. Not trusted. */
export interface LogEntry {
  /** Position in the whole log, never negative. */
  readonly logIndex: bigint
  /** Raw bytes of the log's id, as stated. */
  readonly logId: Uint8Array
  /** `hashedrekord`, `dsse`, `intoto` … as stated; empty where only the body says it (legacy annotations). */
  readonly kind: string
  /** Version of the kind, such as `0.0.1`; empty as {@link LogEntry.kind}. */
  readonly version: string
  /** Seconds since the epoch; 0 when the log gave none. */
  readonly integratedTime: bigint
  /** The log's promise (SET), raw signature bytes. */
  readonly signedEntryTimestamp?: Uint8Array
  readonly inclusionProof?: InclusionProof
  /** The very bytes of the entry that the log hashed. */
  readonly canonicalizedBody: Uint8Array
}

/** A Merkle inclusion proof as stated. */
export interface InclusionProof {
  /** Position in the tree (shard) that the proof is about. */
  readonly logIndex: bigint
  readonly rootHash: Uint8Array
  readonly treeSize: bigint
  readonly hashes: readonly Uint8Array[]
  /** Signed note; empty when absent. */
  readonly checkpoint: string
}

/** What came with a signature besides the key: log entries and timestamps. */
export interface SigstoreEvidence {
  /** `bundle` = a Sigstore bundle; `legacy` = annotations of a layer, cosign's own bundle file, or flags. */
  readonly form: "bundle" | "legacy"
  readonly entries: readonly LogEntry[]
  /** DER `TimeStampResp`s. */
  readonly timestamps: readonly Uint8Array[]
  /** The bytes that timestamps cover: the signature, or the whole envelope of a legacy attestation. */
  readonly stamped: Uint8Array
  /** The DSSE envelope, when the signature is one's: its payload is what log entries name. */
  readonly envelope?: {
    readonly payloadType: string
    readonly payload: Uint8Array
    /** Bytes of the envelope as received; absent in bundles, where they are not kept. */
    readonly bytes?: Uint8Array
  }
}

/* ---------------------------------------------------------------------------------------------------------- trust --- */

/** When something is to be trusted: milliseconds since the epoch, both ends inclusive. */
export interface ValidityWindow {
  readonly start: number
  /** Absent = open. */
  readonly end?: number
}

/** A log whose key is trusted: a transparency log or a certificate transparency log. */
export interface TrustedLog {
  /** As in the trusted root; may be empty for keys that a user named. */
  readonly baseUrl: string
  readonly key: PublicKey
  /** `PublicKeyDetails` name of protobuf-specs, such as `PKIX_ECDSA_P256_SHA_256`; it fixes the algorithm. */
  readonly keyDetails: string
  /** Raw id that entries and SCTs name. */
  readonly logId: Uint8Array
  readonly validFor: ValidityWindow
  readonly operator?: string
}

/** A certificate or timestamp authority: DER certificates, leaf or intermediates first, root last. Never empty. */
export interface TrustedAuthority {
  readonly uri: string
  readonly certificates: readonly Uint8Array[]
  readonly validFor: ValidityWindow
  readonly operator?: string
}

/** Everything that is trusted of a Sigstore instance. Any list may be empty. */
export interface TrustedRoot {
  readonly tlogs: readonly TrustedLog[]
  readonly ctlogs: readonly TrustedLog[]
  readonly certificateAuthorities: readonly TrustedAuthority[]
  readonly timestampAuthorities: readonly TrustedAuthority[]
}

/** A service in a signing config. */
export interface SigningService {
  readonly url: string
  readonly majorApiVersion: number
  readonly validFor: ValidityWindow
  readonly operator: string
}

/** How many of the listed services are used. */
export interface ServiceSelection {
  readonly selector: "ALL" | "ANY" | "EXACT"
  /** For `EXACT`. */
  readonly count?: number
}

/** Which services sign: the document `signing_config.json`. */
export interface SigningConfig {
  readonly certificateAuthorities: readonly SigningService[]
  readonly oidcProviders: readonly SigningService[]
  readonly logs: readonly SigningService[]
  readonly logSelection?: ServiceSelection
  readonly timestampAuthorities: readonly SigningService[]
  readonly timestampSelection?: ServiceSelection
}

/* ------------------------------------------------------------------------------------------------------- identity --- */

/** How one text of a certificate must look. */
export type TextRule =
  | { readonly kind: "exact"; readonly value: string }
  | {
      readonly kind: "pattern"
      /** RE2. */
      readonly pattern: string
      /** The whole text must match, otherwise any part of it may (as cosign's flags). */
      readonly anchored: boolean
      /** The certificate may lack the text where the pattern matches the empty one (as cosign's flags). Default: no. */
      readonly orNone?: true
    }

/**
 * Certificate extensions of Fulcio that a rule can ask for, by the last arc of 1.3.6.1.4.1.57264.1.
 *
 * Spec: sigstore/fulcio `docs/oid-info.md`.
 */
export type FulcioExtension =
  | "githubWorkflowTrigger"
  | "githubWorkflowSha"
  | "githubWorkflowName"
  | "githubWorkflowRepository"
  | "githubWorkflowRef"
  | "buildSignerUri"
  | "buildSignerDigest"
  | "runnerEnvironment"
  | "sourceRepositoryUri"
  | "sourceRepositoryDigest"
  | "sourceRepositoryRef"
  | "sourceRepositoryIdentifier"
  | "sourceRepositoryOwnerUri"
  | "sourceRepositoryOwnerIdentifier"
  | "buildConfigUri"
  | "buildConfigDigest"
  | "buildTrigger"
  | "runInvocationUri"
  | "sourceRepositoryVisibility"
  | "deploymentEnvironment"
  | "tokenSubject"

/** Who a certificate's holder must be. Everything given must hold. */
export interface IdentityRule {
  /** Subject alternative name; absent where the extensions say who is meant. */
  readonly subject?: TextRule
  /** The kind that the subject must be of; absent = any. */
  readonly subjectKind?: "email" | "URI"
  /** OIDC issuer. */
  readonly issuer?: TextRule
  readonly extensions: Readonly<Partial<Record<FulcioExtension, TextRule>>>
  /** As the user wrote it, for messages. */
  readonly text: string
}

/** What must vouch for a signature besides key or certificate, counted by distinct log and distinct authority. */
export interface WitnessRule {
  /** Distinct logs whose entry must verify; 0 = entries are not looked at. */
  readonly logs: number
  /** Distinct timestamp authorities whose timestamp must verify; 0 = only looked at where a time is needed. */
  readonly timestamps: number
  /**
   * Times that certificates are judged at; default `any`: every verified log time and timestamp. `verification`: the time of the
   * verification alone, whatever vouches for another.
   */
  readonly times?: "any" | "timestamps" | "verification"
  /** Entries found by asking a log count although they lie nowhere in the evidence. */
  readonly online?: boolean
}
