import type { Clock } from "../../../core/ports.ts"
import type { ContentFiles } from "./content.ts"
import type { Metadata } from "./metadata.ts"
import { rebuildReferrers } from "./rebuild-referrers.ts"
import type { RegistryStorage } from "./storage.ts"
import type { UploadLimits } from "./upload-register.ts"
import { UploadSessions } from "./upload-sessions.ts"
import { createVerifiedReads } from "./verified-read.ts"

/** What storages need to be told; defaults: 10,000 sessions, 1,000 a repository, 24 hours, 10 minutes without bytes. */
export interface StorageOptions {
  readonly clock: Clock
  readonly uploads?: Partial<UploadLimits>
}

const DEFAULT_UPLOADS: UploadLimits = {
  sessions: 10_000,
  perRepository: 1_000,
  ageMs: 24 * 60 * 60 * 1000,
  idleMs: 10 * 60 * 1000,
}

/** Put a storage together from an index and the bytes. */
export function composeStorage(metadata: Metadata, content: ContentFiles, options: StorageOptions): RegistryStorage {
  const uploads = new UploadSessions(metadata, content, options.clock, { ...DEFAULT_UPLOADS, ...options.uploads })
  const reads = createVerifiedReads(content)
  return {
    hasRepository: (repository) => soon(() => metadata.hasRepository(repository)),
    listRepositories: (query) => soon(() => metadata.listRepositories(query)),
    blobSize: (repository, digest) => soon(() => metadata.blobSize(repository, digest)),
    readBlob: async (repository, digest, range) => {
      const size = metadata.blobSize(repository, digest)
      return size === undefined ? undefined : reads.body(digest, size, range)
    },
    repositoriesWithBlob: (digest, limit) => soon(() => metadata.repositoriesWithBlob(digest, limit)),
    mountBlob: (repository, digest, from) =>
      soon(() => {
        const size = metadata.blobSize(from, digest)
        if (size === undefined) return false
        metadata.linkBlob(repository, digest, size)
        return true
      }),
    unlinkBlob: (repository, digest) => soon(() => metadata.unlinkBlob(repository, digest)),
    startUpload: (repository, algorithm, kind) => uploads.start(repository, algorithm, kind),
    uploadState: (repository, id) => uploads.state(repository, id),
    appendUpload: (repository, id, body, plan) => uploads.append(repository, id, body, plan),
    finishUpload: (repository, id, digest) =>
      uploads.finish(repository, id, digest, (size) => {
        metadata.linkBlob(repository, digest, size)
      }),
    cancelUpload: (repository, id) => uploads.cancel(repository, id),
    resolveTag: (repository, tag) => soon(() => metadata.resolveTag(repository, tag)),
    manifestFacts: (repository, digest) => soon(() => metadata.manifestFacts(repository, digest)),
    readManifest: async (repository, digest) => {
      const facts = metadata.manifestFacts(repository, digest)
      return facts === undefined ? undefined : { ...facts, bytes: await reads.whole(digest) }
    },
    writeManifest: async (repository, write) => {
      // The bytes first: a link to bytes that are not there must never be seen, bytes without a link are harmless.
      await content.write(write.manifest.digest, write.manifest.bytes)
      return metadata.writeManifest(repository, write, options.clock.now())
    },
    deleteManifest: (repository, digest, precondition) =>
      soon(() => metadata.deleteManifest(repository, digest, precondition)),
    deleteTag: (repository, tag, precondition) => soon(() => metadata.deleteTag(repository, tag, precondition)),
    listTags: (repository, query) => soon(() => metadata.listTags(repository, query)),
    listReferrers: (repository, subject, query) => soon(() => metadata.listReferrers(repository, subject, query)),
    rebuild: () => rebuildReferrers(metadata, reads),
    close: async () => {
      await uploads.close()
      metadata.close()
    },
  }
}

/** The index answers at once; callers get a promise, and a rejection instead of a throw. */
function soon<Result>(work: () => Result): Promise<Result> {
  return new Promise((resolve) => {
    resolve(work())
  })
}
