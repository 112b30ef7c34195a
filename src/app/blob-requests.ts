/** What use cases about files take and give. */
import type { SigningKey } from "../core/ports.ts"
import type { SigstoreOutcome, SigstoreSigning } from "./sigstore/signing.ts"
import type { Digest } from "../core/digest.ts"
import type { ToolError } from "../core/errors.ts"
import type { Report } from "../core/report.ts"
import type { VerifiedSignature } from "../core/verified.ts"
import type { NamedKey, PredicateInput, SigstoreTrustRequest, VerifyRequest } from "./requests.ts"

/** A blob: the user's file (`-` = standard input), or only its digest where that is enough. */
export type BlobInput = { readonly path: string } | { readonly digest: Digest }

export interface SignBlobRequest {
  readonly blob: { readonly path: string }
  /** Absent only beside `sigstore.keyless`: a new key. */
  readonly key?: SigningKey
  readonly sigstore?: SigstoreSigning
  /** `sha256` whatever the key, as cosign 2 does; default the key's own choice. */
  readonly hash?: "key" | "sha256"
}

export interface SignedBlob {
  readonly digest: Digest
  /** Raw signature bytes. */
  readonly signature: Uint8Array
  /** Sigstore bundle v0.3 JSON. */
  readonly bundle: Uint8Array
  /**
   * cosign's own bundle, made when it is asked for. Timestamps are not in it.
   * @throws {ToolError} `E_USAGE` for several log entries or one without promise.
   */
  legacyBundle(generation: "cosign2" | "cosign3"): Uint8Array
  /** Bytes read. */
  readonly size: number
  readonly sigstore?: SigstoreOutcome
}

export interface AttestBlobRequest {
  /** The blob, or its digest when the caller knows it (`--hash`). */
  readonly blob: BlobInput
  readonly subjectName: string
  readonly predicate: PredicateInput
  /** Absent only beside `sigstore.keyless`: a new key. */
  readonly key?: SigningKey
  readonly sigstore?: SigstoreSigning
  /** What the caller stores: timestamps of a legacy bundle cover the envelope. Default `bundle`. */
  readonly form?: "bundle" | "legacy"
  readonly generation: "cosign2" | "cosign3"
  readonly hash?: "key" | "sha256"
}

export interface AttestedBlob {
  readonly envelope: Uint8Array
  readonly bundle: Uint8Array
  /**
   * Legacy local bundle around the envelope.
   * @throws {ToolError} `E_USAGE` for several log entries or one without promise.
   */
  readonly legacyBundle: Uint8Array
  readonly statement: Uint8Array
  readonly sigstore?: SigstoreOutcome
}

/** Sigstore's part of a request about a file. */
export interface BlobSigstoreRequest extends SigstoreTrustRequest {
  /** DER `TimeStampResp`s given beside the evidence. */
  readonly timestamps?: readonly Uint8Array[]
}

export interface VerifyBlobRequest
  extends
    BlobSigstoreRequest,
    Pick<VerifyRequest, "certificates" | "policy" | "trustStore" | "pluginConfig" | "unknownCritical"> {
  readonly blob: BlobInput
  readonly keys: readonly NamedKey[]
  readonly hash?: VerifyRequest["hash"]
  /**
   * Exactly one of: a Sigstore bundle, a legacy cosign bundle (both as `bundle` bytes), a detached raw signature, or a
   * Notary Project envelope.
   */
  readonly evidence:
    | { readonly bundle: Uint8Array }
    | { readonly signature: Uint8Array }
    | { readonly envelope: Uint8Array; readonly form: "jws" | "cose" }
  /** Media type that must be signed; absent = any. Notary Project envelopes alone. */
  readonly mediaType?: string
  /** User metadata that must be signed. */
  readonly annotations?: Readonly<Record<string, string>>
  readonly at: number
}

/** Answer about one blob; the report names one artifact, the blob. */
export interface VerifyBlobResult {
  readonly report: Report
  readonly verified: readonly VerifiedSignature[]
  /** First failure, `undefined` when verified. */
  readonly error: ToolError | undefined
}

export interface VerifyBlobAttestationRequest extends BlobSigstoreRequest, Pick<VerifyRequest, "policy"> {
  /** Absent only with `checkClaims: false`. */
  readonly blob?: BlobInput
  readonly keys: readonly NamedKey[]
  /** Sigstore bundle, legacy bundle, or DSSE envelope JSON. */
  readonly evidence: { readonly bundle: Uint8Array } | { readonly envelope: Uint8Array }
  readonly hash?: VerifyRequest["hash"]
  readonly predicateType?: string
  readonly checkClaims: boolean
  readonly at: number
}
