/**
 * What every signature family implements. Use cases reach families through the table in `index.ts` alone. A format
 * knows payloads, envelopes, media types and where documents go; it knows no keys to trust and no policy.
 */
import type { Candidate } from "../core/candidate.ts"
import type { Descriptor, FetchedManifest } from "../core/descriptor.ts"
import type { Digest } from "../core/digest.ts"
import type { FormatName } from "../core/format-names.ts"
import type { PublicKey, RawSignature, SignatureScheme, TagWrite } from "../core/ports.ts"
import type { SignatureKind } from "../core/report.ts"
import type { LogEntry } from "../core/sigstore.ts"

/** One family member: reads always, writes when it has a writer. */
export interface SignatureFormat {
  readonly id: FormatName
  readonly family: string
  readonly kinds: readonly SignatureKind[]
  /** Media types (or prefixes ending in `*`) of the documents that can hold a signature of each kind. */
  readonly wanted: Readonly<Record<SignatureKind, readonly string[]>>
  /** Whether `parse` is for this document; decided by media types alone. */
  accepts(raw: RawSignature): boolean
  /**
   * Decode without trust. Never empty.
   * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_FORMAT_UNSUPPORTED_VERSION`, `E_LIMIT_EXCEEDED`.
   */
  parse(raw: RawSignature): readonly Candidate[]
  readonly writer: FormatWriter
}

/** Row of the table: what chooses a format. The rest is loaded when a document or a command asks for it. */
export interface FormatEntry extends Pick<SignatureFormat, "id" | "family" | "kinds" | "wanted" | "accepts"> {
  readonly signer: FormatWriter["signer"]
  readonly load: () => Promise<SignatureFormat>
}

/** How documents of a format are made and where they go. */
export interface FormatWriter {
  /** What must be signed for a signature of `subject`; one draft per identity. */
  draftSignature(input: SignatureInput): readonly Draft[]
  /** What must be signed for an attestation. @throws {ToolError} `E_USAGE` for unknown types and bad predicates. */
  draftAttestation(input: AttestationInput): Draft
  /**
   * How its signatures are made: with the hash of the key's own choice, with SHA-256 whatever the key, or as the Notary
   * Project fixes it for each kind and size of key.
   */
  readonly hash: "key" | "sha256" | "key-spec"
  /** What signs: a key alone, or a key with the certificates that vouch for it. */
  readonly signer: "key" | "certificate"
  /** What its documents can hold of Sigstore's services; absent = nothing. */
  readonly witnesses?: WitnessPlaces
  readonly placement: TagPlacement | ReferrerPlacement
  /** A document that somebody else made (a plugin), taken as it is. @throws {ToolError} `E_FORMAT_MALFORMED`. */
  adopt?(envelope: Uint8Array): SignedDocument
}

/** Room for log entries and timestamps of Sigstore in one document. */
export interface WitnessPlaces {
  /** Log entries and timestamps, at most. */
  readonly most: number
  /** Versions of the logs whose entries fit. */
  readonly logVersions: readonly (1 | 2)[]
  /** What logs are told of signatures; attestations are envelopes always. */
  readonly signatures: LoggedContent["kind"]
}

export interface SignatureInput {
  /** Formats that sign a descriptor sign its media type, digest and size; others the digest alone. */
  readonly subject: Descriptor
  /** Signing time, milliseconds. */
  readonly at: number
  /** When the signature ends, milliseconds; refused by formats without. */
  readonly expiry?: number
  /** Name of the key's kind and size as in `crypto/key-spec.ts`; there when the writer's `signer` is `certificate`. */
  readonly keySpec?: string
  /** Program that signs, as envelopes name it. */
  readonly agent?: string
  /** `docker-reference` values (formats that sign one), at least one. */
  readonly dockerReferences: readonly string[]
  readonly annotations: Readonly<Record<string, string>>
  /** Payload to sign instead of a generated one (simple signing only). */
  readonly payload?: Uint8Array
}

export interface AttestationInput {
  readonly subject: Digest
  readonly subjectName: string
  /** Same shape as `PredicateInput` of the use cases. */
  readonly predicate: { readonly type: string; readonly bytes: Uint8Array } | { readonly statement: Uint8Array }
  readonly generation: "cosign2" | "cosign3"
  /** Milliseconds; written into `custom` predicates. */
  readonly at: number
}

/** Something to sign. `finish` turns the signature into the document that is stored. */
export interface Draft {
  /** Simple-signing payload or statement. */
  readonly payload: Uint8Array
  /** Exact bytes to hand to the key: the payload, or its pre-authentication encoding. */
  readonly message: Uint8Array
  readonly predicateType?: string
  /** Bytes that a timestamp of this signature covers; absent = the format holds no timestamps. */
  timestamped?(signature: Uint8Array): Uint8Array
  /** What a transparency log is told of this signature; absent = the format holds no log entries. */
  logged?(signature: Uint8Array): LoggedContent
  /** @param signature - raw bytes over `message` by `key`. */
  finish(signature: Uint8Array, key: PublicKey, evidence?: DraftEvidence): SignedDocument
}

/** What a log entry is about: the signed message, by its digest, or a DSSE envelope. */
export type LoggedContent =
  | { readonly kind: "message" }
  | {
      readonly kind: "envelope"
      /** JSON text of the envelope. */
      readonly envelope: Uint8Array
      readonly payloadType: string
      readonly payload: Uint8Array
    }

/** What vouches for the key and the time of a signature; known only after signing (plugins, timestamp authorities). */
export interface DraftEvidence {
  /** Certificates of the key, DER, leaf first; needed when the writer's `signer` is `certificate`. Empty = a bare key. */
  readonly certificates: readonly Uint8Array[]
  /** TimeStampToken over {@link Draft.timestamped} (Notary Project formats). */
  readonly timestampToken?: Uint8Array
  /** Entries about {@link Draft.logged} (Sigstore formats). */
  readonly logEntries?: readonly LogEntry[]
  /** DER `TimeStampResp`s over {@link Draft.timestamped} (Sigstore formats). */
  readonly timestamps?: readonly Uint8Array[]
}

/** A finished signature document. */
export interface SignedDocument {
  readonly format: FormatName
  readonly kind: SignatureKind
  /** As stored: bundle JSON, DSSE envelope JSON, or the payload (simple signing). */
  readonly bytes: Uint8Array
  readonly descriptor: Descriptor
  readonly mediaType: string
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  readonly predicateType?: string
  /** Annotations of the layer that holds `bytes`. */
  readonly annotations: Readonly<Record<string, string>>
}

/** Documents as layers of one image under a tag made from the subject's digest. */
export interface TagPlacement {
  readonly place: "tag"
  /** `[prefix]sha256-HEX.sig` or `.att`. */
  tag(subject: Digest, kind: SignatureKind, prefix?: string): string
  /** Config and layers of the image that lies under the tag. @throws {ToolError} `E_FORMAT_MALFORMED`. */
  read(manifest: FetchedManifest): SignatureImageView
  /**
   * Signatures of layers that hold the same content as `document` (same layer, same annotations but the signature).
   * The document is a duplicate when one of them verifies with the signer's key over its `message`; an entry without
   * bytes is equal as it stands.
   */
  duplicates(layers: readonly Descriptor[], document: SignedDocument): readonly { readonly signature?: Uint8Array }[]
  /**
   * Pure merge: everything that is there stays, `document` is added (first when `drop` is given, else last).
   * `document` that is there already gives `undefined`.
   * @param current - manifest and config bytes under the tag, absent when there is none.
   */
  merge(
    current: SignatureImageContent | undefined,
    document: SignedDocument,
    options: MergeOptions,
  ): TagWrite | undefined
  /** Whether the manifest contains `document`'s layer with its signature. */
  holds(manifest: FetchedManifest, document: SignedDocument): boolean
}

export interface SignatureImageView {
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

export interface SignatureImageContent {
  readonly manifest: FetchedManifest
  readonly config: Uint8Array
}

export interface MergeOptions {
  readonly dockerMediaTypes?: boolean
  /** Milliseconds put into the config; absent = the zero time. */
  readonly createdAt?: number
  /** Layers that were there a moment ago and were lost in a race; put back unless they are there. */
  readonly restore?: readonly Descriptor[]
  /** Layers (by digest) that the document replaces. */
  readonly drop?: readonly Digest[]
  /** Set: a manifest with this subject for the referrers API instead of a tag (OCI 1.1 mode of legacy signatures). */
  readonly asReferrerOf?: Descriptor
}

/** Every document in a manifest of its own that names the subject. */
export interface ReferrerPlacement {
  readonly place: "referrer"
  /**
   * Manifest bytes and the blobs it needs.
   *
   * @param at - milliseconds, written to the second.
   * @param form - `config` names the artifact's type by the config's media type, as before image-spec 1.1; formats with
   *   one form alone ignore it.
   */
  manifest(subject: Descriptor, document: SignedDocument, at: number, form?: "artifact" | "config"): TagWrite
}

/** Documents about blobs; kept beside the table because they lie in files, not stores. */
export interface BlobFormats {
  /** Compact Sigstore bundle v0.3 with a message signature. `digest` is raw, under the scheme's hash. */
  buildBundle(input: {
    readonly key: PublicKey
    readonly scheme: SignatureScheme
    readonly digest: Uint8Array
    readonly signature: Uint8Array
    readonly evidence?: DraftEvidence
  }): Uint8Array
  /** Legacy local bundle: `{"base64Signature":…}`, with `cert` when there is one or the generation writes the key. */
  buildLegacyBundle(input: {
    readonly signature: Uint8Array
    readonly key: PublicKey
    readonly generation: "cosign2" | "cosign3"
    readonly evidence?: DraftEvidence
  }): Uint8Array
  /** DSSE draft over a statement about a blob; documents come from {@link BlobAttestation}. */
  draftAttestation(input: AttestationInput): BlobAttestation
  /** Sigstore bundle or legacy bundle over a blob or, when it holds an envelope, an attestation. */
  parseBundle(bytes: Uint8Array): Candidate
  /** Detached signature: raw bytes or base64 text with an optional line end. */
  parseSignature(bytes: Uint8Array): Candidate
  /** Detached DSSE envelope JSON. */
  parseEnvelope(bytes: Uint8Array): Candidate
}

export interface BlobAttestation {
  readonly statement: Uint8Array
  readonly message: Uint8Array
  readonly predicateType: string
  /** What logs are told of the signature. */
  logged(signature: Uint8Array): LoggedContent
  /** Bytes that timestamps cover: the signature in bundles, the envelope beside legacy documents. */
  timestamped(signature: Uint8Array, form: "bundle" | "legacy"): Uint8Array
  finish(signature: Uint8Array, key: PublicKey, evidence?: DraftEvidence): BlobAttestationDocuments
}

/** The documents that one attestation of a blob can be stored as. */
export interface BlobAttestationDocuments {
  readonly envelope: Uint8Array
  readonly bundle: Uint8Array
  /** Made when it is read. @throws {ToolError} `E_USAGE` for evidence that the legacy form cannot hold. */
  readonly legacyBundle: Uint8Array
}
