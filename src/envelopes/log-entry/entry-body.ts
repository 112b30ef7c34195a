import type { HashAlgorithm } from "../../core/ports.ts"

/** A hash value and how it was computed. */
export interface HashValue {
  readonly algorithm: HashAlgorithm
  /** As long as the algorithm's values are. */
  readonly digest: Uint8Array
}

/** Who is said to have signed. */
export interface BodyVerifier {
  readonly kind: "certificate" | "public-key"
  /** DER of the certificate, or of the SubjectPublicKeyInfo. */
  readonly der: Uint8Array
}

/** One signature in an entry. */
export interface BodySignature {
  /** Raw bytes. */
  readonly signature: Uint8Array
  readonly verifier: BodyVerifier
}

/** A signature in an entry of a version 2 log. */
export interface BodySignatureV2 extends BodySignature {
  /** `PublicKeyDetails` name of protobuf-specs; it fixes the algorithm. */
  readonly keyDetails: string
}

/** A signature over something of which the digest is known. */
export interface HashedRekordV1 {
  readonly kind: "hashedrekord"
  readonly version: "0.0.1"
  readonly data: HashValue
  readonly signature: BodySignature
}

/** Like {@link HashedRekordV1} in a version 2 log; also a DSSE envelope, by the digest of its pre-authentication encoding. */
export interface HashedRekordV2 {
  readonly kind: "hashedrekord"
  readonly version: "0.0.2"
  readonly data: HashValue
  readonly signature: BodySignatureV2
}

export interface DsseV1 {
  readonly kind: "dsse"
  readonly version: "0.0.1"
  /** Of the envelope's JSON text. */
  readonly envelopeHash: HashValue
  /** Of the decoded payload. */
  readonly payloadHash: HashValue
  /** At least one. */
  readonly signatures: readonly BodySignature[]
}

export interface DsseV2 {
  readonly kind: "dsse"
  readonly version: "0.0.2"
  readonly payloadHash: HashValue
  /** At least one. */
  readonly signatures: readonly BodySignatureV2[]
}

/** Holds no signature: only the envelope's hash ties it to one. */
export interface IntotoV1 {
  readonly kind: "intoto"
  readonly version: "0.0.1"
  readonly envelopeHash: HashValue
  /** Absent in old entries. */
  readonly payloadHash?: HashValue
  readonly verifier: BodyVerifier
}

export interface IntotoV2 {
  readonly kind: "intoto"
  readonly version: "0.0.2"
  readonly payloadType: string
  /** Decoded; most logs do not keep it. */
  readonly payload?: Uint8Array
  /** Of what the client said is the envelope's text. */
  readonly envelopeHash: HashValue
  readonly payloadHash: HashValue
  /** At least one. */
  readonly signatures: readonly (BodySignature & { readonly keyid: string })[]
}

/** What a log entry says, by kind and version. Not trusted. */
export type EntryBody = HashedRekordV1 | HashedRekordV2 | DsseV1 | DsseV2 | IntotoV1 | IntotoV2
