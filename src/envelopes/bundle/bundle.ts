import type { HashAlgorithm } from "../../core/ports.ts"

/** A Sigstore bundle as parsed. Nothing in it is trusted or evaluated. */
export interface UnverifiedBundle {
  /** The very bytes that were parsed. */
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly version: BundleVersion
  readonly material: BundleMaterial
  readonly logEntries: readonly BundleLogEntry[]
  /** DER `TimeStampResp`, as they stand. */
  readonly timestamps: readonly Uint8Array[]
  readonly content: BundleContent
}

export type BundleVersion = "0.1" | "0.2" | "0.3"

export type BundleMaterial =
  | { readonly kind: "public-key"; readonly hint: string }
  /** DER, leaf first; more than one only where a chain is allowed (before v0.3). */
  | { readonly kind: "certificate"; readonly certificates: readonly Uint8Array[] }

export type BundleContent = BundleMessage | BundleEnvelope

/** A signature over an artifact's bytes. */
export interface BundleMessage {
  readonly kind: "message"
  readonly digest?: { readonly algorithm: HashAlgorithm; readonly value: Uint8Array }
  readonly signature: Uint8Array
}

/** A DSSE envelope with its only signature. */
export interface BundleEnvelope {
  readonly kind: "dsse"
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signature: { readonly sig: Uint8Array; readonly keyid: string }
}

/** One transparency log entry. Integers are 64 bit, never negative. */
export interface BundleLogEntry {
  readonly logIndex: bigint
  readonly logId: Uint8Array
  readonly kind: string
  readonly version: string
  /** Seconds since the epoch; 0 when the log gave none. */
  readonly integratedTime: bigint
  readonly signedEntryTimestamp?: Uint8Array
  readonly inclusionProof?: {
    readonly logIndex: bigint
    readonly rootHash: Uint8Array
    readonly treeSize: bigint
    readonly hashes: readonly Uint8Array[]
    /** Signed note text; empty when absent. */
    readonly checkpoint: string
  }
  readonly canonicalizedBody: Uint8Array
}

/** Media type cosign 3 writes. */
export const BUNDLE_V03 = "application/vnd.dev.sigstore.bundle.v0.3+json"

const versions: ReadonlyMap<string, BundleVersion> = new Map([
  ["application/vnd.dev.sigstore.bundle+json;version=0.1", "0.1"],
  ["application/vnd.dev.sigstore.bundle+json;version=0.2", "0.2"],
  ["application/vnd.dev.sigstore.bundle+json;version=0.3", "0.3"],
  [BUNDLE_V03, "0.3"],
])

/** Version a bundle's media type names; `undefined` for one that is not read here. */
export function bundleVersion(mediaType: string): BundleVersion | undefined {
  return versions.get(mediaType)
}

/** Names of hash algorithms in protobuf JSON and their enum numbers. */
export const protoHashes: readonly { readonly name: string; readonly number: number; readonly hash: HashAlgorithm }[] =
  [
    { name: "SHA2_256", number: 1, hash: "sha256" },
    { name: "SHA2_384", number: 2, hash: "sha384" },
    { name: "SHA2_512", number: 3, hash: "sha512" },
  ]

/** Bytes of a digest by algorithm. */
export const hashBytes: Readonly<Record<HashAlgorithm, number>> = { sha224: 28, sha256: 32, sha384: 48, sha512: 64 }
