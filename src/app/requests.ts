/**
 * What the use cases take and give: the contract between `src/app` and everything that calls it (faces, own command
 * line, servers, library). Flags are translated to these by the caller; no argv, no exit codes here.
 */
import type {
  Clock,
  ContentStore,
  Files,
  KeySource,
  LayoutStore,
  Logger,
  Progress,
  Prompter,
  PublicKey,
  Randomness,
  SignatureStore,
  SigningKey,
  Subject,
} from "../core/ports.ts"
import type { TrustStore, TrustStoreName } from "../core/certified.ts"
import type { Descriptor } from "../core/descriptor.ts"
import type { ToolError } from "../core/errors.ts"
import type { FormatName } from "../core/format-names.ts"
import type { JsonValue } from "../core/json-value.ts"
import type { NotationHome } from "../core/notation-home.ts"
import type { Reference } from "../core/reference.ts"
import type { Report, SeenEvidence, SignatureKind, SignatureLocation } from "../core/report.ts"
import type { RevocationService, TimestampService } from "../core/service-ports.ts"
import type { SigstoreServices } from "../core/sigstore-ports.ts"
import type { TrustedRoot, WitnessRule } from "../core/sigstore.ts"
import type { VerifiedSignature } from "../core/verified.ts"
import type { KeylessTrust } from "../policy/from-flags.ts"
import type { NotationAuthority, TrustPolicy } from "../policy/model.ts"
import type { EnvelopeSigner, NotationSigner } from "./notation/signer.ts"
import type { SigstoreOutcome, SigstoreSigning } from "./sigstore/signing.ts"

export type { FormatName, KeylessTrust }

/** An artifact as a command names it. `text` is what the user typed. */
export type Target =
  | {
      readonly kind: "registry"
      readonly reference: Reference
      readonly text: string
      /** What the reference was resolved to before; then it is not resolved again. */
      readonly resolved?: Subject
    }
  | { readonly kind: "layout"; readonly path: string; readonly reference?: string; readonly text: string }

/** Opens stores. One call per repository and process gives the same object, so caches and limits are shared. */
export interface Stores {
  content(target: Target): ContentStore
  /** Layout folder by path; the same object as `content` gives. */
  layout(path: string): LayoutStore
  /** Repository by `registry/repository` text (COSIGN_REPOSITORY, `--signature-repository`). */
  repository(name: string): ContentStore
  /** The signature stores of a subject in `where`, in the order they are asked. */
  signatures(where: ContentStore, options: SignatureStoreOptions): readonly SignatureStore[]
}

export interface SignatureStoreOptions {
  readonly kind: SignatureKind
  readonly formats: readonly FormatName[]
  /** `--attachment-tag-prefix`. */
  readonly tagPrefix?: string
  /** Largest attachment read into memory, bytes. */
  readonly attachmentBytes: number
  /** Signatures that the caller looks at, where they are more than `limits.signaturesEvaluated`. */
  readonly maxSignatures?: number
}

/** The world as the use cases see it; built by `src/bin`, or by a test. */
export interface AppContext {
  readonly clock: Clock
  readonly randomness: Randomness
  readonly logger: Logger
  readonly progress: Progress
  readonly prompter: Prompter
  readonly files: Files
  readonly keys: KeySource
  readonly stores: Stores
  readonly timestamps: TimestampService
  readonly revocation: RevocationService
  /** Configuration shared with the `notation` command. */
  readonly notation: NotationHome
  readonly sigstore: SigstoreServices
}

/* ------------------------------------------------------------------------------------------------ sign, attest --- */

/** Where and how signatures are written; shared by sign and attest. */
export interface WriteOptions {
  /** Repository that replaces the artifact's for signatures, verbatim. */
  readonly signatureRepository?: string
  readonly tagPrefix?: string
  /** Docker media types for legacy signature images (COSIGN_DOCKER_MEDIA_TYPES). */
  readonly dockerMediaTypes?: boolean
  /** Milliseconds put into the legacy image config; absent = the zero time. */
  readonly createdAt?: number
  /** How the manifest of a notation signature tells its type; default `config`, which every release of notation finds. */
  readonly manifestForm?: "artifact" | "config"
  /** Write the referrers tag also where the registry has a referrers API. */
  readonly forceReferrersTag?: boolean
  /** Legacy signatures as OCI 1.1 referrers instead of a tag (cosign's `--registry-referrers-mode oci-1-1`). */
  readonly legacyAsReferrer?: boolean
  /** False: make the signature and return it, store nothing. */
  readonly upload: boolean
}

export interface SignRequest extends WriteOptions {
  readonly targets: readonly Target[]
  readonly formats: readonly FormatName[]
  /** Signs in formats that need a key alone. Absent beside `sigstore.keyless`: a new key. */
  readonly key?: SigningKey
  /** Certificate, log entries and timestamps of Sigstore's services. */
  readonly sigstore?: SigstoreSigning
  /** Signs in formats that need certificates. */
  readonly certified?: NotationSigner | EnvelopeSigner
  /** Milliseconds that signatures are valid for; only formats with an expiry. */
  readonly expiresAfter?: number
  /** Trusted timestamp for formats that hold one. */
  readonly timestamp?: TimestampOptions
  /** Program that signs, as envelopes name it. */
  readonly agent?: string
  /** Signed annotations. */
  readonly annotations: Readonly<Record<string, string>>
  /** Also sign every child of an index. */
  readonly recursive: boolean
  /** `docker-reference` values instead of the repository's name; one signature each (legacy only). */
  readonly identities?: readonly string[]
  /** Printer of the `docker-reference`; the cosign faces print `index.docker.io/...`. */
  readonly dockerReference?: (reference: Reference) => string
  /** Payload to sign instead of a generated one (cosign `--payload`, legacy only). */
  readonly payload?: Uint8Array
  /** Leave artifacts alone that this key has signed already in that format. */
  readonly ifMissing?: boolean
  /** Called before anything is stored, once per artifact and format, and waited for; throws to store nothing. */
  readonly onPush?: (event: {
    readonly repository: string
    readonly subject: Descriptor
    readonly format: FormatName
    readonly signatures: readonly MadeSignature[]
  }) => void | Promise<void>
}

/** Where a timestamp comes from. */
export interface TimestampOptions {
  readonly url: string
  /** DER of the root that the authority's chain must end in. */
  readonly root: Uint8Array
}

export interface AttestRequest extends WriteOptions {
  readonly targets: readonly Target[]
  /** Absent only beside `sigstore.keyless`: a new key. */
  readonly key?: SigningKey
  /** Certificate, log entries and timestamps of Sigstore's services. */
  readonly sigstore?: SigstoreSigning
  readonly formats: readonly FormatName[]
  readonly predicate: PredicateInput
  readonly recursive: boolean
  /** Drop earlier attestations of the same predicate type that lie under the tag (legacy) or as referrers. */
  readonly replace: boolean
  /** `name` of the statement's subject; the cosign faces print `index.docker.io/...`. */
  readonly subjectName?: (reference: Reference) => string
  /** Which cosign generation's member order and envelope shape legacy documents get. */
  readonly generation: "cosign2" | "cosign3"
  readonly onPush?: SignRequest["onPush"]
}

/** A predicate of a known or custom type, or a whole statement to sign as it is. */
export type PredicateInput = { readonly type: string; readonly bytes: Uint8Array } | { readonly statement: Uint8Array }

/** What one artifact got. */
export interface SignedArtifact {
  readonly artifact: string
  /** Absent when the artifact could not be found. */
  readonly subject?: Descriptor
  readonly signatures: readonly SignedSignature[]
  /** Set instead of signatures when this artifact failed; the others went on. */
  readonly error?: ToolError
}

export interface SignedSignature extends MadeSignature {
  readonly format: FormatName
  readonly kind: SignatureKind
  /** Where it lies; absent when `upload` was false. */
  readonly location?: SignatureLocation
  /** True when an equal signature was there and nothing was written. */
  readonly existed: boolean
}

/** A signature that may not be stored yet. */
export interface MadeSignature {
  /** Signed bytes: simple-signing payload or statement. */
  readonly payload: Uint8Array
  /** Raw signature bytes. */
  readonly signature: Uint8Array
  /** Document as stored: bundle JSON, DSSE envelope JSON, or the payload for `.sig`. */
  readonly document: Uint8Array
  /** What Sigstore's services gave; absent when none was asked, or nothing was signed. */
  readonly sigstore?: SigstoreOutcome
}

export interface SignReport {
  readonly artifacts: readonly SignedArtifact[]
}

/* --------------------------------------------------------------------------------------------------------- verify --- */

/** A key to verify with and how the user named it. */
export interface NamedKey {
  readonly name: string
  readonly key: PublicKey
}

/**
 * Loads a trust store.
 * @throws {ToolError} `E_TRUST_MISSING`, `E_TRUST_MALFORMED`; `what` is notation's text.
 */
export type TrustStoreLoader = (store: TrustStoreName) => Promise<TrustStore>

export interface VerifyRequest extends SigstoreTrustRequest {
  readonly targets: readonly Target[]
  readonly kind: SignatureKind
  /** Any of these keys may have signed. Empty without certificates, identities and policy is refused. */
  readonly keys: readonly NamedKey[]
  /** Certificates that count beside the keys. */
  readonly certificates?: NotationAuthority
  /** Decides instead of what keys and certificates stand for: an imported policy. */
  readonly policy?: TrustPolicy
  /** Loads trust stores that an authority names, when a signature needs them. */
  readonly trustStore?: TrustStoreLoader
  /** Passed to verification plugins. */
  readonly pluginConfig?: Readonly<Record<string, string>>
  /** Start no verification plugin; a signature that asks for one does not count. */
  readonly noPlugins?: boolean
  /**
   * `warn`: a critical attribute that nobody understands is reported and refuses nothing. COMPAT(notation): it takes no
   * notice of them unless a plugin is named. Default `refuse`.
   */
  readonly unknownCritical?: "refuse" | "warn"
  /** Signatures evaluated per artifact; default {@link limits.signaturesEvaluated}. */
  readonly maxSignatures?: number
  /** Leave later signatures alone once the policy is satisfied. */
  readonly firstOnly?: boolean
  /** Formats that satisfy. Others found are named in the report. */
  readonly formats: readonly FormatName[]
  /** Annotations that must be signed with exactly these values. */
  readonly annotations: Readonly<Record<string, string>>
  /** False skips subject binding, as cosign's `--check-claims=false`; own commands never set it. */
  readonly checkClaims: boolean
  /**
   * Predicate type that must match (attestations), already resolved to its URI. For signatures in bundles, the sign
   * predicate is required unless `anyPredicate`.
   */
  readonly predicateType?: string
  /** COMPAT(cosign 3): any statement over the image counts as a signature; reported with a warning. */
  readonly anyPredicate?: boolean
  /** Hash of legacy ECDSA/RSA signatures when the user names one; otherwise the key's default, then SHA-256. */
  readonly hash?: "sha224" | "sha256" | "sha384" | "sha512"
  readonly signatureRepository?: string
  readonly tagPrefix?: string
  /** Also every child of an index; each must pass. */
  readonly recursive: boolean
  /** Read every place even after the decision is clear; used by `explain` and `list`. */
  readonly everything: boolean
  readonly attachmentBytes?: number
  /** Artifacts worked on side by side. */
  readonly parallel?: number
  readonly at: number
}

/** Sigstore's part of a request: whose identities count, what must vouch, and what is trusted of its services. */
export interface SigstoreTrustRequest {
  /** Identities that count beside the keys: holders of certificates that stand for identity tokens. */
  readonly keyless?: KeylessTrust
  /** What must vouch for signatures by key; default: nothing, and no trusted root is asked for. */
  readonly witnesses?: WitnessRule
  /** Asked once per command, and only where identities or witnesses are. */
  readonly trustedRoot?: () => Promise<TrustedRoot>
  /** JSON of a CT log's answer, for certificates that hold no SCT. */
  readonly detachedSct?: Uint8Array
  /** DER of the signer's certificate where the evidence holds none; must equal the one that it holds. */
  readonly certificate?: Uint8Array
  /** Version 1 logs that are asked where {@link WitnessRule.online}; default: the logs of the trusted root. */
  readonly logUrls?: readonly string[]
}

/** The report and, in the same order as `targets`, what was authenticated (empty unless verified). */
export interface VerifyResult {
  readonly report: Report
  readonly verified: readonly (readonly VerifiedSignature[])[]
  /** First failure of each artifact as an error, `undefined` when verified. */
  readonly errors: readonly (ToolError | undefined)[]
}

/* ------------------------------------------------------------------------------------- list, tree, inspect, clean --- */

/** Something attached to an artifact, decoded without trust. */
export interface AttachedItem {
  readonly format: string
  readonly kind: SignatureKind | "sbom" | "other"
  readonly mediaType: string
  readonly artifactType?: string
  readonly predicateType?: string
  readonly location: SignatureLocation
  readonly descriptor: Descriptor
  readonly annotations: Readonly<Record<string, string>>
  /** Decoded content: claim, statement, bundle parts. `inspect` fills it, `list` leaves it out. */
  readonly content?: JsonValue
  /** Certificate, log entries and timestamps in words; filled as `content` is. */
  readonly evidence?: SeenEvidence
  readonly error?: ToolError
}

export interface ListRequest {
  readonly target: Target
  readonly signatureRepository?: string
  readonly tagPrefix?: string
  /** Decode contents too. */
  readonly decode: boolean
}

export interface ListResult {
  readonly artifact: string
  readonly subject: Descriptor
  readonly items: readonly AttachedItem[]
  readonly stores: Report["artifacts"][number]["stores"]
}

export interface CleanRequest {
  readonly target: Target
  readonly what: "signature" | "attestation" | "sbom" | "referrer" | "all"
  readonly signatureRepository?: string
  readonly tagPrefix?: string
}

export interface CleanResult {
  /** References removed, in order. */
  readonly removed: readonly string[]
}
