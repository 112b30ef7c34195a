/**
 * The interfaces between what decides and what touches the world. Adapters under `src/io` implement them; use cases in
 * `src/app` receive them. Nothing here knows a registry, a file or a process.
 */
import type { Descriptor, FetchedManifest } from "./descriptor.ts"
import type { Digest } from "./digest.ts"
import type { ErrorCode } from "./error-catalogue.ts"
import type { JsonObject } from "./json-value.ts"
import type { SignatureLocation, StoreKind, StoreReport } from "./report.ts"

/** The time. Milliseconds since the epoch. */
export interface Clock {
  now(): number
}

/** Waits; ends early with the signal's reason. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

/** Cryptographically strong random bytes. */
export interface Randomness {
  bytes(count: number): Uint8Array
}

/** Events with stable names (`registry.request`, `verify.decision`); fields are already redacted. */
export interface Logger {
  debug(event: string, fields?: JsonObject): void
  info(event: string, fields?: JsonObject): void
  /** Shown to the user once per run. */
  warn(event: string, fields?: JsonObject): void
}

/** Progress of long work; a no-op off a terminal. */
export interface Progress {
  /** @param total - steps or bytes, when known. */
  start(label: string, total?: number): ProgressTask
}

export interface ProgressTask {
  advance(by: number): void
  /** @param note - closing words; absent removes the line. */
  done(note?: string): void
}

/** Hash of a signature scheme. */
export type HashAlgorithm = "sha224" | "sha256" | "sha384" | "sha512"

/** Key kinds this program signs and verifies with. */
export type KeyType = "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "rsa" | "ed25519"

/**
 * A complete signature scheme. ECDSA signatures are ASN.1 DER; `rsa-pss` uses MGF1 with the same hash and a salt of the
 * hash's length, and with `salt` `any` verifies salts of every length; `ed25519` is pure; `ed25519ph` is RFC 8032 prehash
 * with SHA-512 and an empty context.
 */
export type SignatureScheme =
  | { readonly scheme: "ecdsa"; readonly hash: HashAlgorithm }
  | { readonly scheme: "rsa-pkcs1"; readonly hash: HashAlgorithm }
  | { readonly scheme: "rsa-pss"; readonly hash: HashAlgorithm; readonly salt?: "any" }
  | { readonly scheme: "ed25519" }
  | { readonly scheme: "ed25519ph" }

/** A public key. `spki` is the SubjectPublicKeyInfo DER. */
export interface PublicKey {
  readonly type: KeyType
  /** Modulus length for RSA, field size otherwise. */
  readonly bits: number
  readonly spki: Uint8Array
}

/** The capability to sign. Never exposes key material. */
export interface SigningKey {
  readonly publicKey: PublicKey
  /** Schemes this key can do, preferred first. */
  readonly schemes: readonly SignatureScheme[]
  /**
   * Sign a whole message (hashing is the key's business).
   * @returns raw signature bytes.
   */
  sign(message: Uint8Array, scheme: SignatureScheme): Promise<Uint8Array>
  /**
   * Sign a digest computed elsewhere, so that a large file is read once.
   * Absent for pure Ed25519. For `ed25519ph` the digest is SHA-512 of the message.
   */
  signDigest?(digest: Uint8Array, scheme: SignatureScheme): Promise<Uint8Array>
}

/** One artifact or signature document as it lies in a store: exact bytes, nothing believed. */
export interface RawSignature {
  readonly location: SignatureLocation
  /** Descriptor of `bytes`, digest already verified. */
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
  /** Media type of the document (layer), which chooses the format. */
  readonly mediaType: string
  /** `artifactType` of the manifest that carries it. */
  readonly artifactType?: string
  /** What that manifest names as its subject; its digest is the subject's, the rest a claim. */
  readonly subject?: Descriptor
  /** Annotations of the layer (tags) or of the manifest (referrers); untrusted. */
  readonly annotations: Readonly<Record<string, string>>
}

/** What one signature store answered. A failure is never "none". */
export interface StoreAnswer {
  /** `count` is the number of documents handed out. */
  readonly report: StoreReport
  /** Found, but not readable as a signature document: other artifact types, broken manifests. */
  readonly others: readonly OtherReferrer[]
}

/** Something attached that is no signature document of the family asked. */
export interface OtherReferrer {
  readonly location: SignatureLocation
  readonly descriptor: Descriptor
  /** Family whose signature this is, told by its artifact type, such as `notation`; absent when it is no signature. */
  readonly family?: string
  /** Set when it could not be read. */
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

/** Takes the documents of one subject out of a store. */
export interface DocumentReader {
  /** Settles when this store may read; documents of another store come before. */
  turn(): Promise<void>
  /** Take bytes off what may still be read for the subject; `false` when that much is not left. */
  spend(bytes: number): boolean
  /**
   * Gets each document once, in order. Its bytes may be kept until the promise settles, and are let go before the next
   * ones are read.
   */
  take(raw: RawSignature): void | Promise<void>
}

/** A place where signatures of a subject are kept. */
export interface SignatureStore {
  readonly kind: StoreKind
  /**
   * Everything attached to `subject` here; documents go to `reader` as they come.
   * @param wanted - media types (or prefixes ending in `*`) of the documents to read; others are listed, not read.
   */
  find(subject: Subject, wanted: readonly string[], reader: DocumentReader, signal?: AbortSignal): Promise<StoreAnswer>
}

/** What a signature is about; size and media type are known only when the manifest was looked at. */
export interface Subject {
  readonly digest: Digest
  readonly mediaType?: string
  readonly size?: number
}

/** Bytes to upload: in memory, or a stream that can be opened again for a retry. */
export type UploadSource = { readonly bytes: Uint8Array } | { readonly size: number; open(): AsyncIterable<Uint8Array> }

/** Result of attaching a referrer. */
export interface Attached {
  readonly descriptor: Descriptor
  readonly via: "referrers-api" | "referrers-tag"
  /** Times the referrers tag had to be written again because others wrote at the same time. */
  readonly repairs: number
}

/** What a listing of referrers found. */
export interface ReferrerList {
  readonly entries: readonly Descriptor[]
  readonly via: "referrers-api" | "referrers-tag"
  /** False when the place does not exist here (no API, no tag). */
  readonly supported: boolean
}

/** Current tag content with the means to change it only if nobody else did. */
export interface TagState {
  readonly manifest: FetchedManifest
  /** Opaque entity tag; absent when the store gave none. */
  readonly etag?: string
}

/**
 * One repository of a registry, or one OCI layout folder: content by digest, manifests by digest or tag, referrers.
 * All bytes that come back are verified against the digest asked for; by tag, the digest is computed from the body.
 */
export interface ContentStore {
  readonly kind: "registry" | "oci-layout"
  /** `host/repository` or the folder's path. */
  readonly name: string

  /**
   * Find the descriptor of a tag or digest, once.
   * @throws {ToolError} `E_REF_TAG_NOT_FOUND` when it does not exist.
   */
  resolve(reference: string, signal?: AbortSignal): Promise<Descriptor>
  /**
   * Manifest or index by tag or digest.
   * @throws {ToolError} `E_REF_TAG_NOT_FOUND`, `E_REGISTRY_PROTOCOL`, `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
   */
  fetchManifest(reference: string, signal?: AbortSignal): Promise<FetchedManifest>
  /** Like {@link fetchManifest}, `undefined` when absent (404 only), with the state needed for a conditional write. */
  readTag(tag: string, signal?: AbortSignal): Promise<TagState | undefined>
  /**
   * Small blob in memory; at most one download per digest and process.
   * @param max - bytes; a larger descriptor or body is `E_LIMIT_EXCEEDED`.
   */
  fetchBlob(descriptor: Descriptor, max: number, signal?: AbortSignal): Promise<Uint8Array>
  /** Verified stream: the last chunk is delivered only after the digest matched. */
  readBlob(descriptor: Descriptor, signal?: AbortSignal): AsyncIterable<Uint8Array>
  /** Upload unless present. */
  pushBlob(descriptor: Descriptor, source: UploadSource, signal?: AbortSignal): Promise<void>
  /** Push exact manifest bytes by digest, and under `tag` when given. Blobs and children must be there. */
  pushManifest(bytes: Uint8Array, mediaType: string, tag?: string, signal?: AbortSignal): Promise<Descriptor>
  /**
   * Read-modify-write of a tag without losing anybody's change.
   * @param change - pure: gets the current manifest (or `undefined`) and returns the bytes wanted, or `undefined` when
   *   nothing needs to change. Called again after each lost race; must merge, not overwrite.
   * @param holds - whether a manifest read back contains our change; used to confirm the write.
   */
  updateTag(
    tag: string,
    change: TagChange,
    holds: (manifest: FetchedManifest) => boolean | Promise<boolean>,
    signal?: AbortSignal,
  ): Promise<{ readonly descriptor: Descriptor; readonly repairs: number }>
  /**
   * Push a manifest with `subject` and make it findable (referrers API, else the referrers tag), loss-free.
   * @param options - `tag: "always"` also writes the referrers tag where there is an API.
   */
  attach(
    bytes: Uint8Array,
    mediaType: string,
    options?: { readonly tag?: "fallback" | "always"; readonly signal?: AbortSignal | undefined },
  ): Promise<Attached>
  /** Referrers by the API alone; `supported: false` when the registry has none. */
  listReferrers(subject: Digest, artifactType?: string, signal?: AbortSignal): Promise<ReferrerList>
  /** Referrers by the referrers tag alone; of the type asked for, and those whose type is not told. */
  listReferrersTag(subject: Digest, artifactType?: string, signal?: AbortSignal): Promise<ReferrerList>
  listTags(signal?: AbortSignal): Promise<readonly string[]>
  /** Delete a tag or, by digest, a manifest; `false` when it was not there. */
  deleteManifest(reference: string, signal?: AbortSignal): Promise<boolean>
  /** Remove entries from the referrers tag; `false` when none was there. */
  detachFromTag(subject: Digest, referrers: readonly Digest[], signal?: AbortSignal): Promise<boolean>
}

/** One OCI layout folder, whose list of contents can be replaced as a whole. */
export interface LayoutStore extends ContentStore {
  /**
   * Write `index.json` anew with exactly these entries, in this order; makes the layout where there is none. What they
   * name must be there.
   */
  replaceEntries(entries: readonly Descriptor[], signal?: AbortSignal): Promise<void>
}

/** What `updateTag` asks of its caller. */
export type TagChange = (current: FetchedManifest | undefined) => Promise<TagWrite | undefined>

/** New tag content; `blobs` are uploaded before the manifest. */
export interface TagWrite {
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly blobs?: readonly { readonly descriptor: Descriptor; readonly source: UploadSource }[]
}

/** Files of the user, behind a port so that use cases stay testable. Paths are the user's; `-` is standard input or output. */
export interface Files {
  /** @throws {ToolError} `E_FILE_NOT_FOUND`, `E_IO` when the disk fails, `E_LIMIT_EXCEEDED` past `max` bytes. */
  read(path: string, max: number): Promise<Uint8Array>
  /** Chunks of at most 1 MiB, in order. */
  stream(path: string): AsyncIterable<Uint8Array>
  exists(path: string): Promise<boolean>
  /** All or nothing: temporary file, flush, rename. `mode` is the permission bits. */
  write(
    path: string,
    bytes: Uint8Array,
    options?: { readonly mode?: number; readonly exclusive?: boolean },
  ): Promise<void>
  /**
   * Like {@link Files.write} from a stream; a stream that fails leaves nothing behind. `noFollow` replaces a symbolic
   * link instead of writing to what it names. `makeFolders` makes the folders above it. `within` is a folder that the
   * path begins with: of the folders below it none may be a symbolic link, which is `E_IO`.
   */
  writeStream(
    path: string,
    chunks: AsyncIterable<Uint8Array>,
    options?: {
      readonly mode?: number
      readonly exclusive?: boolean
      readonly noFollow?: boolean
      readonly makeFolders?: boolean
      readonly within?: string
    },
  ): Promise<void>
  /** Size in bytes of a regular file; `undefined` for anything else, such as a pipe or standard input. */
  size(path: string): Promise<number | undefined>
  /** The path from the root of the file system, without `.` and `..`; `-` is a name like any other here. */
  absolute(path: string): string
}

/** Conversation with a person. Every method fails with `E_KEY_NO_TERMINAL` when there is no terminal. */
export interface Prompter {
  readonly interactive: boolean
  /** A line that may be seen, such as a name; without spaces around it. */
  text(message: string): Promise<string>
  password(message: string): Promise<Uint8Array>
  confirm(message: string): Promise<boolean>
}

/** Keys by reference: path, `env://NAME`, URL, and later KMS and tokens. */
export interface KeySource {
  /**
   * @throws {ToolError} `E_KEY_NOT_FOUND`, `E_KEY_PASSWORD`, `E_KEY_TYPE`.
   */
  signingKey(reference: string): Promise<SigningKey>
  /** Public keys may be given as public keys, or as private keys whose public half is meant when `privateToo` is set. */
  publicKey(reference: string, options?: { readonly privateToo?: boolean }): Promise<PublicKey>
}
