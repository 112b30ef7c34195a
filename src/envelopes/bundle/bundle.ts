import type { HashAlgorithm } from "../../core/ports.ts"
import type { LogEntry } from "../../core/sigstore.ts"

/** A Sigstore bundle as parsed. Nothing in it is trusted or evaluated. */
export interface UnverifiedBundle {
  /** The very bytes that were parsed. */
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly version: BundleVersion
  readonly material: BundleMaterial
  readonly logEntries: readonly LogEntry[]
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

/** Bytes of a digest by algorithm. */
export const hashBytes: Readonly<Record<HashAlgorithm, number>> = { sha224: 28, sha256: 32, sha384: 48, sha512: 64 }
