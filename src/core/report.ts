import type { Descriptor } from "./descriptor.ts"
import type { ErrorCode } from "./error-catalogue.ts"
import type { JsonValue } from "./json-value.ts"
import type { StatementSubject } from "./statement-subject.ts"

/** Outcome of one check. `skipped` = not asked for; `unknown` = could not be evaluated. */
export type Outcome = "passed" | "failed" | "skipped" | "unknown"

/** One test and its outcome, with what was seen and what was expected. */
export interface Finding {
  /** Stable identifier such as `signature.cryptographic`, `subject.digest`, `annotation`. */
  readonly check: CheckId
  readonly outcome: Outcome
  readonly expected?: string
  readonly observed?: string
  /** Why, where `observed` is a fixed text of another tool. */
  readonly detail?: string
  /** Code of the error this finding would be; present when `failed` or `unknown`. */
  readonly code?: ErrorCode
  /** The policy only wants to be told: a failure does not refuse the signature and is shown as a warning. */
  readonly logged?: true
}

/** Every check of the program. A new one is added here and described in `docs/concepts/checks.md`. */
export type CheckId =
  | "format.parse"
  | "format.accepted"
  | "signature.cryptographic"
  | "signature.algorithm"
  | "signer.key"
  | "subject.digest"
  | "subject.annotations"
  | "payload.type"
  | "predicate.type"
  | "log.entry"
  | "certificate.sct"
  | "envelope.attributes"
  | "certificate.chain"
  | "certificate.trusted"
  | "signer.identity"
  | "signature.expiry"
  | "timestamp"
  | "revocation"
  | "plugin"

/** Who the evidence shows. Each family adds its variant; all have a `fingerprint` to count them by and a `name` to show. */
export type SignerIdentity = KeyIdentity | CertificateIdentity | KeylessIdentity

export interface KeyIdentity {
  readonly kind: "key"
  /** `SHA256:` + base64 (unpadded) of the hash of the SubjectPublicKeyInfo DER. */
  readonly fingerprint: string
  /** How the user named the key: a path, URL or policy name. */
  readonly name: string
}

/** A certificate's holder. */
export interface CertificateIdentity {
  readonly kind: "certificate"
  /** As of {@link KeyIdentity}: a key counts once, with or without certificate, and after renewal. */
  readonly fingerprint: string
  /** The subject's name. */
  readonly name: string
  readonly issuer: string
  /** Lower-case hexadecimal without leading zeros. */
  readonly serial: string
  /** Lower-case hexadecimal SHA-256 of the certificate. */
  readonly thumbprint: string
  /** `DNS:…`, `email:…`, `URI:…`, `IP:…`. */
  readonly alternativeNames: readonly string[]
  /** Trust store `type:name` that holds a certificate of the chain. */
  readonly trustStore: string
}

/** The holder of a short-lived certificate that stands for an identity token (Sigstore). */
export interface KeylessIdentity {
  readonly kind: "keyless"
  /** `OIDC:` + issuer + ` ` + name: an identity counts once, whatever keys it used. */
  readonly fingerprint: string
  /** Subject alternative name that stands for the identity. */
  readonly name: string
  /** OIDC issuer; empty where the certificate names none. */
  readonly issuer: string
  /** Every subject alternative name, without the kind. */
  readonly alternativeNames: readonly string[]
  /** Further Fulcio extensions by name, such as `sourceRepositoryRef`. */
  readonly extensions: Readonly<Record<string, string>>
  /** Certificate authority: its `uri`, else the name of the root. */
  readonly authority: string
  /** Lower-case hexadecimal without leading zeros. */
  readonly serial: string
  /** Lower-case hexadecimal SHA-256 of the certificate. */
  readonly thumbprint: string
}

/** A log entry or timestamp that was verified. */
export type Witness =
  | {
      readonly kind: "log"
      /** Base URL of the log, or its id in hexadecimal. */
      readonly log: string
      readonly logIndex: string
      /** Milliseconds since the epoch; present when the log promised it. */
      readonly at?: number
      /** What of it verified. */
      readonly proof: "promise" | "inclusion" | "promise and inclusion"
    }
  | {
      readonly kind: "timestamp"
      /** The authority's `uri`, else the name of its root. */
      readonly authority: string
      /** Milliseconds since the epoch. */
      readonly at: number
    }

/** What lies beside a signature, decoded. Nobody vouches for any of it. */
export interface SeenEvidence {
  readonly certificate?: SeenCertificate
  readonly logEntries: readonly SeenLogEntry[]
  readonly timestamps: readonly SeenTimestamp[]
}

/** What a certificate says of itself. */
export interface SeenCertificate {
  /** Without the kind. */
  readonly alternativeNames: readonly string[]
  /** OIDC issuer; empty where it names none, or not clearly. */
  readonly issuer: string
  /** Further Fulcio extensions by name. */
  readonly extensions: Readonly<Record<string, string>>
  /** Name of the authority that issued it. */
  readonly authority: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** Lower-case hexadecimal without leading zeros. */
  readonly serial: string
  /** Lower-case hexadecimal SHA-256 of the certificate. */
  readonly thumbprint: string
}

export interface SeenLogEntry {
  /** Id of the log, hexadecimal. */
  readonly log: string
  readonly logIndex: string
  /** Kind and version; empty where only the body says it. */
  readonly kind: string
  /** Milliseconds since the epoch; absent when the log gave none. */
  readonly at?: number
  readonly proof: "promise" | "inclusion" | "promise and inclusion" | "none"
}

export interface SeenTimestamp {
  /** Milliseconds since the epoch; absent when it cannot be read. */
  readonly at?: number
  /** Issuer of the authority's certificate; empty where it is not named. */
  readonly authority: string
}

/** A point in time and who vouches for it; `verified` is false for a mere claim. */
export interface TimeEvidence {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly source: "claimed" | "timestamp" | "log" | "caller"
  readonly verified: boolean
}

/** Where a signature was found. */
export interface SignatureLocation {
  /** `referrers-api`, `referrers-tag`, `signature-tag`, `attestation-tag`, `layout`, `file`. */
  readonly store: StoreKind
  /** Repository or folder. */
  readonly where: string
  /** Tag or manifest digest, and the layer's position. */
  readonly reference: string
  readonly position?: number
}

export type StoreKind = "referrers-api" | "referrers-tag" | "signature-tag" | "attestation-tag" | "file"

/** What a signature is for. */
export type SignatureKind = "signature" | "attestation"

/** All findings about one signature that was found. Nothing in it is trusted unless `state` is `verified`. */
export interface SignatureReport {
  /** Format name such as `cosign-v2`, `cosign-v3`, or `unrecognised`. */
  readonly format: string
  readonly kind: SignatureKind | "unrecognised"
  readonly mediaType: string
  readonly location: SignatureLocation
  /** Size and digest of the document that was evaluated. */
  readonly descriptor: Descriptor
  /** What the payload claims: predicate type, identity, annotations. Shown, never decided upon, unless verified. */
  readonly claims: JsonValue
  /** Verified statements: the entry that is about this artifact. What `claims` says of others is not signed for it. */
  readonly subject?: StatementSubject
  readonly signer?: SignerIdentity
  readonly time?: TimeEvidence
  /** Log entries and timestamps that verified. */
  readonly witnesses?: readonly Witness[]
  /** What lies beside a signature that is not verified; a verified one has signer and witnesses. */
  readonly evidence?: SeenEvidence
  /** Parts that are present and were not evaluated, such as `transparency log entry`. */
  readonly notEvaluated: readonly string[]
  readonly state: "verified" | "untrusted" | "malformed" | "unrecognised" | "unknown"
  readonly findings: readonly Finding[]
  /** Names of the authorities of the policy that this signature satisfies. */
  readonly satisfies: readonly string[]
}

/** A place that was asked for signatures and what came of it. */
export interface StoreReport {
  readonly store: StoreKind
  readonly where: string
  readonly outcome: "found" | "none" | "unsupported" | "failed"
  readonly count: number
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

/** The decision and the rule that made it. */
export interface Decision {
  readonly verdict: "allow" | "deny" | "warn"
  /** The three-valued result of the requirement tree. */
  readonly result: "pass" | "fail" | "error"
  readonly rule: string
  /** Code when not allowed. */
  readonly code?: ErrorCode
  /** One line per reason, most decisive first. */
  readonly reasons: readonly string[]
}

/** The answer about one artifact. `state` keeps unsigned, untrusted and unknown apart. */
export interface ArtifactReport {
  /** As the user wrote it. */
  readonly artifact: string
  /** The resolved subject; absent when it could not be resolved. */
  readonly subject?: Descriptor
  /** `exempt`: the policy asks for no signature, and none was looked for. */
  readonly state: "verified" | "unsigned" | "untrusted" | "unknown" | "exempt"
  readonly decision: Decision
  readonly signatures: readonly SignatureReport[]
  readonly stores: readonly StoreReport[]
  /** Reports of an index's children, when asked for. */
  readonly children: readonly ArtifactReport[]
}

/** Answer of a verification: one entry per artifact, in input order. */
export interface Report {
  readonly apiVersion: "countersign.dev/v1"
  readonly kind: "VerificationReport"
  readonly artifacts: readonly ArtifactReport[]
}
