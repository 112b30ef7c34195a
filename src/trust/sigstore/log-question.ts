import type { HashAlgorithm, PublicKey } from "../../core/ports.ts"
import type { LogEntry, TrustedLog } from "../../core/sigstore.ts"
import type { LogForm } from "./log-fault.ts"

/** Log entries and what they must be about. */
export interface LogQuestion {
  /** Untrusted. */
  readonly entries: readonly LogEntry[]
  /** `legacy`: entries must hold a promise, and name kind and version in their bodies alone. */
  readonly form: LogForm
  readonly logs: readonly TrustedLog[]
  /** What the entries must be about. */
  readonly signed: {
    /** Raw bytes. */
    readonly signature: Uint8Array
    /** With a certificate, entries must hold it; with a key alone, the key or any certificate of it. */
    readonly verifier: { readonly key: PublicKey } | { readonly certificate: Uint8Array; readonly key: PublicKey }
    readonly content:
      | {
          readonly kind: "message"
          /** Of what was signed, as far as known. */
          readonly digests: Readonly<Partial<Record<HashAlgorithm, Uint8Array>>>
        }
      | {
          readonly kind: "envelope"
          readonly payload: Uint8Array
          readonly payloadType: string
          /** JSON text as received; absent in bundles. */
          readonly envelope?: Uint8Array
        }
  }
  /** Distinct logs; 0 = entries are not looked at. */
  readonly required: number
}

/** An entry that a trusted log vouches for and that is about the signature. */
export interface VerifiedEntry {
  readonly log: TrustedLog
  readonly entry: LogEntry
  /** The log's promise (SET) verified. */
  readonly promise: boolean
  /** The inclusion proof verified. */
  readonly inclusion: boolean
  /** Milliseconds since the epoch; only with a verified promise. */
  readonly at?: number
}
