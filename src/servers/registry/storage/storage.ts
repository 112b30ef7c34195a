/** What the registry keeps, as its endpoints see it. Implemented over files and over memory. */
import type { Digest, DigestAlgorithm } from "../../../core/digest.ts"

/** One page of a sorted listing; `more` says whether something follows the last item. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly more: boolean
}

/** Which part of a listing is wanted: items strictly greater than `after` in byte order, at most `limit` (≥ 1). */
export interface PageQuery {
  readonly after: string | undefined
  readonly limit: number
}

/** Which part of a referrers list is wanted. */
export interface ReferrersQuery extends PageQuery {
  readonly artifactType: string | undefined
  /** Bytes of annotations after which the page ends early; one item is always given. */
  readonly maxBytes: number
}

/** Inclusive byte range of a blob. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** Content whose digest has been checked, or is checked while it streams: the last bytes come only if it matched. */
export type BlobBody = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>

/** What is known of a manifest without reading it. Size in bytes. */
export interface ManifestFacts {
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
}

/** A manifest as it was pushed. */
export interface StoredManifest extends ManifestFacts {
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** How a manifest appears in the referrers list of its subject. */
export interface ReferrerFacts {
  readonly subject: Digest
  readonly artifactType: string | undefined
  /** All annotations of the manifest, as the JSON text of one object. */
  readonly annotations: string | undefined
}

/** One entry of a referrers list. */
export interface Referrer extends ManifestFacts {
  readonly artifactType: string | undefined
  /** JSON text of an object; it can have millions of keys and is passed on without being parsed. */
  readonly annotations: string | undefined
}

/** Judges the digest a tag has at the moment of the change (undefined: no such tag); false refuses the change. */
export type Precondition = (current: Digest | undefined) => boolean

/** A manifest to store, and the tags that shall point to it. */
export interface ManifestWrite {
  readonly manifest: StoredManifest
  readonly referrer: ReferrerFacts | undefined
  readonly tags: readonly string[]
  /** Judged for every tag, or for the manifest itself when there are no tags, in the same transaction. */
  readonly precondition: Precondition
}

/** An upload under way. `size` counts the bytes received so far. */
export interface UploadState {
  readonly id: string
  readonly size: number
}

/** `session`: the client gets the id and comes again. `request`: the upload ends with the request that began it. */
export type UploadKind = "session" | "request"

/** Where the bytes of one upload request belong. */
export interface AppendPlan {
  /** Offset the client says it continues at. */
  readonly start: number | undefined
  /** Bytes the client announced by range; more or fewer are refused and nothing is kept. */
  readonly length: number | undefined
  /** Most bytes the whole upload may have. */
  readonly max: number
}

/**
 * Outcome of adding bytes. `out-of-order`: `start` is not where the upload ends. `wrong-length`: the body was not as
 * long as announced. `too-large`: past the bound. `interrupted`: the connection broke, what arrived is kept.
 */
export type AppendOutcome =
  | {
      readonly kind: "appended" | "out-of-order" | "wrong-length" | "too-large" | "interrupted"
      readonly size: number
    }
  | { readonly kind: "unknown" }

/** Outcome of closing an upload. `digest-mismatch` ends the upload. */
export type FinishOutcome = "stored" | "digest-mismatch" | "unknown"

/**
 * Storage of one registry. Every method that changes something resolves only after the change is as durable as the
 * storage promises. Content is visible only through a repository that links it.
 *
 * All methods throw {@link ToolError} `E_IO` when the medium fails (`details.errno` has the system's code, `ENOSPC` for
 * a full one) and `E_STORAGE_CORRUPT` when stored bytes do not match their digest.
 */
export interface RegistryStorage {
  hasRepository(repository: string): Promise<boolean>
  listRepositories(query: PageQuery): Promise<Page<string>>

  /** Size in bytes, undefined when the repository does not link the blob. */
  blobSize(repository: string, digest: Digest): Promise<number | undefined>
  /** @param range - within the blob; absent means all of it. */
  readBlob(repository: string, digest: Digest, range?: ByteRange): Promise<BlobBody | undefined>
  /** Repositories that link the blob, at most `limit`. */
  repositoriesWithBlob(digest: Digest, limit: number): Promise<readonly string[]>
  /** Link a blob that another repository links. False when that one does not. */
  mountBlob(repository: string, digest: Digest, from: string): Promise<boolean>
  /** Remove the link; false when there was none. */
  unlinkBlob(repository: string, digest: Digest): Promise<boolean>

  /** @returns undefined when too many uploads are open. */
  startUpload(repository: string, algorithm: DigestAlgorithm, kind: UploadKind): Promise<UploadState | undefined>
  uploadState(repository: string, id: string): Promise<UploadState | undefined>
  /**
   * Add bytes at the end. What arrived before a broken connection is kept, so that the upload can be resumed. A later
   * call that changes the same upload ends this one as `interrupted`.
   */
  appendUpload(
    repository: string,
    id: string,
    body: ReadableStream<Uint8Array> | null,
    plan: AppendPlan,
  ): Promise<AppendOutcome>
  /** Check the digest over all bytes, keep them as a blob and link it. */
  finishUpload(repository: string, id: string, digest: Digest): Promise<FinishOutcome>
  /** False when there is no such upload. */
  cancelUpload(repository: string, id: string): Promise<boolean>

  resolveTag(repository: string, tag: string): Promise<Digest | undefined>
  manifestFacts(repository: string, digest: Digest): Promise<ManifestFacts | undefined>
  readManifest(repository: string, digest: Digest): Promise<StoredManifest | undefined>
  /** @returns false when the precondition refused; nothing is changed then. */
  writeManifest(repository: string, write: ManifestWrite): Promise<boolean>
  /** Remove the manifest, its place in referrers lists and every tag that points to it. */
  deleteManifest(repository: string, digest: Digest, precondition: Precondition): Promise<DeleteOutcome>
  /** Remove one tag. */
  deleteTag(repository: string, tag: string, precondition: Precondition): Promise<DeleteOutcome>
  listTags(repository: string, query: PageQuery): Promise<Page<string>>
  /** Manifests whose subject is `subject`, in order of digest. */
  listReferrers(repository: string, subject: Digest, query: ReferrersQuery): Promise<Page<Referrer>>

  /** Derive the referrers lists again from the stored manifests. */
  rebuild(): Promise<RebuildResult>
  close(): Promise<void>
}

/** What a rebuild found. */
export interface RebuildResult {
  readonly manifests: number
  readonly referrers: number
  /** Manifests whose stored bytes are missing or wrong. */
  readonly damaged: readonly Digest[]
}

export type DeleteOutcome = "deleted" | "missing" | "refused"
