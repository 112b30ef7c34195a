/** How Sigstore's services take part in a signing: what use cases take and tell. */
import type { FormatName } from "../../core/format-names.ts"
import type { LogEntry, TrustedRoot } from "../../core/sigstore.ts"
import type { IdentityToken, LogService, TokenOrder } from "../../core/sigstore-ports.ts"

/** Which services sign along; part of every signing request. */
export interface SigstoreSigning {
  /**
   * A short-lived certificate is got for an identity, for the request's key or, when it has none, a new one that is
   * forgotten afterwards.
   */
  readonly keyless?: KeylessSigning
  /** Certificates that the user has for the request's key, DER, leaf first. Not beside `keyless`. */
  readonly certificates?: readonly Uint8Array[]
  /** An entry in each of these logs. */
  readonly logs: readonly LogService[]
  /** Kind of entries about attestations in version 1 logs; default `dsse`. */
  readonly entryKind?: "dsse" | "intoto"
  /** A timestamp of each of these authorities; full URLs. */
  readonly timestamps: readonly string[]
  /** Given: what the services answered is verified before it is stored, each of them counts. */
  readonly trustedRoot?: TrustedRoot
  /** Asked before a token is got; throws to stop. */
  readonly beforeToken?: () => Promise<void>
  /** Asked once before anything becomes public; throws to stop. */
  readonly confirm?: (plan: SigstorePlan) => Promise<void>
  /** Told what happened. */
  readonly notify?: (event: SigstoreEvent) => void
}

/** Whose certificate, and who issues it. */
export interface KeylessSigning {
  readonly authority: { readonly url: string; readonly api: 1 | 2 }
  readonly token: TokenOrder
  /** Name of `--signing-algorithm` for the new key; default `ecdsa-sha2-256-nistp256`. */
  readonly algorithm?: string
}

/** Exactly what becomes public, before it does. */
export interface SigstorePlan {
  /** Who will be named in a certificate, which is public itself. */
  readonly identity?: PlannedIdentity
  /** A bare key that logs will name: `SHA256:…`. */
  readonly key?: string
  /** The user's own certificate that logs will hold: whom it names. */
  readonly certificate?: { readonly subject: string; readonly names: readonly string[] }
  readonly logs: readonly LogService[]
  /** Authorities that see a hash of each signature, and keep nothing by their protocol. */
  readonly timestamps: readonly string[]
  readonly items: readonly PlannedItem[]
}

export interface PlannedIdentity {
  readonly issuer: string
  /** What the certificate will name: the e-mail address, else the token's subject. */
  readonly name: string
  /** Where the token came from. */
  readonly source: string
  /** Certificate authority. */
  readonly authority: string
  /** What the token says of a build and the certificate may repeat, by the names of the claims; empty for people. */
  readonly claims: Readonly<Record<string, string>>
}

/** One signature that is to be made. */
export interface PlannedItem {
  /** As the user wrote it. */
  readonly artifact: string
  /** Absent where it is known only after reading (files). */
  readonly digest?: string
  readonly format?: FormatName
  readonly annotations: Readonly<Record<string, string>>
  /**
   * What log entries hold: hashes alone, or the whole signed statement.
   */
  readonly published: "hashes" | "statement"
}

/** Something that happened while signing, for people. */
export type SigstoreEvent =
  | { readonly kind: "ephemeral-key" }
  | { readonly kind: "token"; readonly source: string; readonly claims: IdentityToken["claims"] }
  | { readonly kind: "certificate"; readonly leaf: Uint8Array }
  | { readonly kind: "sct-verified" }
  | { readonly kind: "log-entry"; readonly log: LogService; readonly entry: LogEntry }
  | { readonly kind: "timestamp"; readonly url: string }

/** What the services gave for one signature. */
export interface SigstoreOutcome {
  /** DER, leaf first; empty for a bare key. */
  readonly certificates: readonly Uint8Array[]
  /** Whom the certificate names; absent where there is none that says so clearly. */
  readonly identity?: { readonly name: string; readonly issuer: string }
  readonly logEntries: readonly { readonly log: LogService; readonly entry: LogEntry }[]
  /** DER `TimeStampResp`s. */
  readonly timestamps: readonly { readonly url: string; readonly response: Uint8Array; readonly at: number }[]
  /** Whether the outcome was verified against a trusted root. */
  readonly verified: boolean
}
