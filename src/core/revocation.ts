import type { HashAlgorithm } from "./ports.ts"

/** A revocation list as far as it matters for the certificates asked about. Not verified. */
export interface CertificateList {
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number
  readonly nextUpdate?: number
  /** Entries of the serials that were asked for, in order; a serial may have several. */
  readonly entries: readonly RevokedEntry[]
  /** By dotted object identifier. */
  readonly extensions: ReadonlyMap<string, { readonly critical: boolean; readonly value: Uint8Array }>
  /** Object identifier of a critical entry extension that was not understood, in any entry. */
  readonly unknownCriticalEntryExtension?: string
  /** DER of the signature's AlgorithmIdentifier. */
  readonly signatureAlgorithm: Uint8Array
  readonly signature: Uint8Array
  /** Hashes of the signed part, so that the list need not be held: by algorithm. */
  readonly digests: Readonly<Partial<Record<HashAlgorithm, Uint8Array>>>
}

/** One entry of a revocation list. */
export interface RevokedEntry {
  readonly serial: bigint
  /** Milliseconds since the epoch. */
  readonly revokedAt: number
  /** CRLReason; absent = unspecified. */
  readonly reason?: number
  readonly invalidityDate?: number
}
