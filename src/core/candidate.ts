/**
 * What a format makes of one signature document before anything about it is believed. Formats build candidates, trust
 * evaluators judge them, use cases put both together; none of the three needs to know the others.
 */
import type { SignedAttributes } from "./certified.ts"
import type { Descriptor } from "./descriptor.ts"
import type { Digest } from "./digest.ts"
import type { JsonValue } from "./json-value.ts"
import type { HashAlgorithm, PublicKey, RawSignature, Subject } from "./ports.ts"
import type { Finding, SignatureKind } from "./report.ts"
import type { SigstoreEvidence } from "./sigstore.ts"
import type { VerifiedContent } from "./verified.ts"

/** One signature found, parsed and not trusted. Holds the very bytes the signature must cover. */
export interface Candidate {
  /** Format name of the report, such as `cosign-v2`. */
  readonly format: string
  readonly kind: SignatureKind
  readonly raw: RawSignature
  /** The decoded payload and material as far as there is room, for display only. */
  claims(room: ClaimRoom): JsonValue
  /** Claimed predicate type; absent when the payload is no statement. */
  readonly predicateType?: string
  /** What a Notary Project envelope says of itself beside the payload. */
  readonly attributes?: SignedAttributes
  /** The artifact that a signed descriptor names; claimed as everything here. */
  readonly describes?: Pick<Descriptor, "mediaType" | "digest" | "size"> & {
    readonly annotations: Readonly<Record<string, string>>
  }
  readonly material: Material
  readonly signed: SignedBytes
  /** Never empty. Any one of them that verifies is enough; each is raw bytes. */
  readonly signatures: readonly CandidateSignature[]
  /** Hash the document names for its signature (`messageDigest`); a hint within what the key type allows. */
  readonly hash?: HashAlgorithm
  /** Hashes by which a statement names its subjects, so that a file is hashed with all of them in one pass. */
  readonly digestAlgorithms?: readonly HashAlgorithm[]
  /** Log entries and timestamps that came with the signature. */
  readonly evidence?: SigstoreEvidence
  /** Something of the evidence cannot be read: refuses the signature wherever evidence is evaluated. */
  readonly evidenceFault?: Finding
  /** Parts that are present and that trust in a key alone does not evaluate, such as `transparency log entry`. */
  readonly notEvaluated: readonly string[]
  /** Whether the payload is about `subject` and says what is wanted. At least one finding. */
  bind(subject: BindSubject, wanted: Wanted): readonly Finding[]
  /**
   * The payload as an authenticated value. Called only after the signature was verified over `signed` and every
   * finding of {@link Candidate.bind} passed for the same `subject` and `wanted`.
   * @param artifact - digests of the signed artifact; needed when `signed` is the artifact itself.
   */
  content(subject: BindSubject, wanted: Wanted, artifact?: ArtifactContent): VerifiedContent
}

/** What claims may still be shown; each use takes off what it showed. */
export interface ClaimRoom {
  values: number
  /** UTF-16 units of keys and strings. */
  characters: number
}

/** One raw signature and the key id written beside it: a hint, never evidence. */
export interface CandidateSignature {
  readonly bytes: Uint8Array
  readonly keyid?: string
}

/** What the signature covers: bytes at hand, or the artifact itself (blobs). */
export type SignedBytes = { readonly kind: "message"; readonly message: Uint8Array } | { readonly kind: "artifact" }

/** What came with the signature to find the key by. None of it is trusted. */
export type Material =
  | {
      readonly kind: "key"
      /** Bundle's public-key hint, as written. */
      readonly hint?: string
      /** Public key that lies in the document; must be the user's key and never replaces it. */
      readonly embedded?: PublicKey
    }
  | {
      readonly kind: "certificate"
      /** DER, leaf first, then the others in the order found. */
      readonly certificates: readonly Uint8Array[]
      /** Legacy layers: the certificate is an addition and a given key may still be tried. */
      readonly keyAllowed: boolean
    }

/** What a signature must be about. `others` are further digests of the same content (blobs). */
export interface BindSubject extends Subject {
  readonly others?: readonly Digest[]
}

/** What the payload must say. */
export interface Wanted {
  /** What the caller looks for: a signature in a bundle must have the sign predicate. */
  readonly kind: SignatureKind
  /** Must be signed with exactly these values; empty asks for nothing. */
  readonly annotations: Readonly<Record<string, string>>
  /** Predicate type URI that must be equal. */
  readonly predicateType?: string
  /** COMPAT(cosign 3): any statement over the subject counts as a signature. */
  readonly anyPredicate?: boolean
  /** False leaves out digest and annotations (`--check-claims=false`): findings are `skipped`. Default true. */
  readonly checkClaims?: boolean
}

/** The artifact of a blob verification: its digests and, when small enough to be in memory, its bytes. */
export interface ArtifactContent {
  /** Raw digests by algorithm. */
  readonly digests: Readonly<Partial<Record<HashAlgorithm, Uint8Array>>>
  /** Needed for pure Ed25519 only. */
  readonly bytes?: Uint8Array
}
