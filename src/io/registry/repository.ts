import type { Descriptor } from "../../core/descriptor.ts"
import { isDigest } from "../../core/digest.ts"
import type { Clock, ContentStore, Logger, Randomness, Sleep } from "../../core/ports.ts"
import { attach } from "./attach.ts"
import { BlobUploads } from "./blob-push.ts"
import { fetchBlob, readBlob } from "./blobs.ts"
import { ContentCache } from "./content-cache.ts"
import type { RegistryShared, RepositoryContext } from "./context.ts"
import { Learned } from "./learned.ts"
import { deleteManifest } from "./manifest-delete.ts"
import { pushManifest } from "./manifest-push.ts"
import { fetchManifest, getManifest } from "./manifests.ts"
import { OriginChoice, type Connect } from "./origin-choice.ts"
import { detachFromTag, listReferrersTag, tagKey } from "./referrers-tag.ts"
import { listReferrers } from "./referrers.ts"
import { TagQueues } from "./tag-queues.ts"
import { updateTag } from "./tag-update.ts"
import { listTags } from "./tags.ts"
import { withWarnings } from "./warnings.ts"

/** What a repository's client needs. */
export interface RepositoryOptions {
  /** Registry as the user means it, `host[:port]`. */
  readonly registry: string
  /** Path of the repository; already checked by the reference grammar. */
  readonly repository: string
  /** Called once per origin that is tried. */
  readonly http: Connect
  /** Origins to reach the registry at, most likely first: see `originCandidates`. */
  readonly origins: readonly string[]
  readonly shared: RegistryShared
  readonly logger: Logger
  readonly clock: Clock
  readonly randomness: Randomness
  readonly sleep: Sleep
}

/** A repository of a registry. */
export interface RegistryRepository extends ContentStore {
  readonly kind: "registry"
  /**
   * Link a blob from another repository of the same registry.
   *
   * @param from - path of that repository.
   * @returns false when the registry wants the bytes: push the blob then.
   */
  mountBlob(descriptor: Descriptor, from: string, signal?: AbortSignal): Promise<boolean>
}

/** State for all repositories of one process. */
export function sharedState(clock: Clock, cacheBytes?: number): RegistryShared {
  return {
    cache: new ContentCache(cacheBytes),
    learned: new Learned(clock),
    queues: new TagQueues(),
    origins: new Map(),
    warnings: new Set(),
  }
}

/** Repositories of a registry share what is found out about its scheme. */
function originOf(options: RepositoryOptions): OriginChoice {
  const { registry, origins, shared } = options
  const key = [registry, ...origins].join(" ")
  const connect: Connect = (origin) => withWarnings(options.http(origin), registry, options.logger, shared.warnings)
  const choice = shared.origins.get(key) ?? new OriginChoice(connect, origins, options.logger)
  shared.origins.set(key, choice)
  return choice
}

/**
 * Client of one repository. Nothing is sent until a method is called.
 *
 * Resolving and reading verify every byte; headers such as `Docker-Content-Digest` are compared and never believed.
 *
 * Spec: OCI distribution-spec 1.1.
 */
export function openRepository(options: RepositoryOptions): RegistryRepository {
  const context: RepositoryContext = {
    ...options.shared,
    name: `${options.registry}/${options.repository}`,
    repository: options.repository,
    origin: originOf(options),
    logger: options.logger,
    clock: options.clock,
    randomness: options.randomness,
    sleep: options.sleep,
  }
  const uploads = new BlobUploads(context)
  return {
    kind: "registry",
    name: context.name,
    resolve: async (reference, signal) => (await fetchManifest(context, reference, signal)).descriptor,
    fetchManifest: (reference, signal) => fetchManifest(context, reference, signal),
    readTag: (tag, signal) => getManifest(context, tag, { signal }),
    fetchBlob: (descriptor, max, signal) => fetchBlob(context, descriptor, max, signal),
    readBlob: (descriptor, signal) => readBlob(context, descriptor, signal),
    pushBlob: (descriptor, source, signal) => uploads.push(descriptor, source, signal),
    mountBlob: (descriptor, from, signal) => uploads.mount(descriptor, from, signal),
    pushManifest: async (bytes, mediaType, tag, signal) => {
      const how = { signal, ...(tag === undefined || isDigest(tag) ? {} : { tag }) }
      return (await pushManifest(context, uploads, bytes, mediaType, how)).descriptor
    },
    updateTag: (tag, change, holds, signal) =>
      context.queues.run(tagKey(context, tag), () => updateTag(context, uploads, tag, change, holds, signal)),
    attach: (bytes, mediaType, options) => attach(context, uploads, bytes, mediaType, options),
    listReferrers: (subject, artifactType, signal) => listReferrers(context, subject, artifactType, signal),
    listReferrersTag: (subject, artifactType, signal) => listReferrersTag(context, subject, artifactType, signal),
    listTags: (signal) => listTags(context, signal),
    deleteManifest: (reference, signal) => deleteManifest(context, reference, signal),
    detachFromTag: (subject, referrers, signal) => detachFromTag(context, uploads, subject, referrers, signal),
  }
}
