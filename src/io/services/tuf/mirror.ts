import { asToolError } from "../../../core/errors.ts"
import { localMetadata, type LocalState, type MetadataFiles, timestampVersion } from "../../../trust/tuf/local-state.ts"
import { hasFacts, parseRoot, parseTimestamp, type TargetFacts } from "../../../trust/tuf/metadata.ts"
import type { TrustedMetadata } from "../../../trust/tuf/trusted-metadata.ts"
import type { CachedMirror, CacheChange } from "./cache.ts"
import { findTarget } from "./find-target.ts"
import { missing, type MirrorContext, roleFiles, targetBytes } from "./mirror-files.ts"
import { type Refreshed, refreshMetadata } from "./refresh.ts"
import type { MirrorState } from "./state-file.ts"

/** Verified metadata of a repository, ready to be asked for targets. */
export interface OpenedMirror {
  readonly url: string
  readonly trusted: TrustedMetadata
  readonly files: Required<MetadataFiles>
  readonly source: "tuf" | "cache"
  /** Milliseconds since the epoch. */
  readonly refreshedAt: number
  /** @throws {ToolError} `E_TRUST_MISSING` when nobody vouches for it or it cannot be had offline. */
  target(name: string, signal?: AbortSignal): Promise<Uint8Array>
  /** `undefined` when nobody vouches for it. */
  find(name: string, signal?: AbortSignal): Promise<TargetFacts | undefined>
}

/**
 * What the cache holds of a repository.
 *
 * @param taking - `new`: none of it may have expired; `cached`: it may have.
 * @returns `undefined` when it holds no whole set.
 */
export async function openCached(
  context: MirrorContext,
  at: number,
  taking: "new" | "cached",
): Promise<OpenedMirror | undefined> {
  const cached = await context.cache.read(context.url)
  const local = localMetadata(context.anchor, localState(cached), at, taking)
  if (local === undefined) return undefined
  const times = [cached.state.set === undefined ? cached.looseAt : cached.state.refreshedAt, cached.looseAt]
  const opened = { trusted: local.trusted, files: local.files, refreshedAt: times[local.set] ?? 0 }
  return withTargets(context, { ...opened, source: "cache", taking, documents: cached.state.documents })
}

/** What this program asks repositories for. */
export const TUF_DOCUMENTS = {
  trustedRoot: "trusted_root.json",
  signingConfig: "signing_config.v0.2.json",
  signingConfigRekorV2: "signing_config_rekor_v2.v0.2.json",
} as const

/** A repository after a refresh. */
export interface RefreshedMirror extends OpenedMirror {
  readonly roots: readonly Uint8Array[]
  /** {@link TUF_DOCUMENTS}, as far as they are there. */
  readonly documents: ReadonlyMap<string, Uint8Array>
}

/**
 * Refresh, and keep what was verified, even of a refresh that fails: later roots and timestamps. What is there offline
 * changes only when everything that is needed then was had.
 *
 * @param fresh - as if nothing were cached, and nothing is kept.
 * @param documents - false: metadata alone.
 * @throws {ToolError} as {@link refreshMetadata}.
 */
export async function openRefreshed(
  context: MirrorContext,
  at: number,
  options: { readonly fresh?: boolean; readonly documents?: false; readonly signal?: AbortSignal | undefined } = {},
): Promise<RefreshedMirror> {
  const { cache, url, anchor, source } = context
  const { fresh = false, signal } = options
  const cached = fresh ? undefined : await cache.read(url)
  const state = cached === undefined ? NOTHING : localState(cached)
  const into: Refreshed = { roots: [] }
  try {
    const { trusted, files } = await refreshMetadata({ anchor, state, source, at, into, signal })
    const facts = { trusted, files, refreshedAt: at, source: "tuf", taking: "new", keeps: !fresh } as const
    const opened = withTargets(context, { ...facts, documents: cached?.state.documents })
    const documents = options.documents === false ? new Map() : await documentsOf(context, opened, signal)
    if (!fresh) await keep(context, (now) => wholeChange(context, now, { roots: into.roots, files, documents, at }))
    return { ...opened, documents, roots: into.roots }
  } catch (thrown) {
    if (!fresh) await keep(context, (now) => partChange(now, into))
    throw thrown
  }
}

/** @throws {ToolError} when there is a trusted root and it cannot be had. */
async function documentsOf(
  { logger }: MirrorContext,
  opened: OpenedMirror,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const listed = Object.values(TUF_DOCUMENTS).filter((name) => opened.trusted.targets?.targets.has(name) === true)
  const read = listed.map(async (name) => {
    try {
      return [[name, await opened.target(name, signal)] as const]
    } catch (thrown) {
      // Who verifies needs no signing config.
      if (name === TUF_DOCUMENTS.trustedRoot) throw thrown
      logger.debug("tuf.target", { name, message: asToolError(thrown).message })
      return []
    }
  })
  return new Map((await Promise.all(read)).flat())
}

/** Milliseconds by which processes that refresh at the same time may differ. */
const AT_ONCE_MS = 10 * 60_000

const NOTHING: LocalState = { roots: [], sets: [], timestamps: [] }

/** The cache as untrusted input of the client: our own set, then that of cosign. */
function localState({ state, loose }: CachedMirror): LocalState {
  return {
    roots: [...state.roots, ...(loose.root === undefined ? [] : [loose.root])],
    sets: [...(state.set === undefined ? [] : [state.set]), loose],
    timestamps: state.timestamp === undefined ? [] : [state.timestamp],
  }
}

/** What was verified can be used even where it cannot be kept. */
async function keep(context: MirrorContext, change: (now: CachedMirror) => CacheChange | undefined): Promise<void> {
  try {
    await context.cache.write(context.url, change)
  } catch (thrown) {
    const { message } = asToolError(thrown)
    context.logger.warn("tuf.cache", { message: `trust data was verified, but not kept in the cache: ${message}` })
  }
}

function wholeChange(
  { anchor }: MirrorContext,
  now: CachedMirror,
  { roots, files, documents, at }: Pick<RefreshedMirror, "roots" | "files" | "documents"> & { readonly at: number },
): CacheChange | undefined {
  const theirs = now.state.set?.timestamp
  // Another process was later than this one: what it wrote is the newer.
  if (theirs !== undefined && timestampVersion(anchor, roots, theirs) > versionOf(files.timestamp)) return undefined
  const pinned = now.state.pinned === undefined ? {} : { pinned: now.state.pinned }
  const earlier = now.state.refreshedAt ?? 0
  // A time to come was written by a clock that was wrong; kept, it would make data look new for years.
  const refreshedAt = earlier - at > AT_ONCE_MS ? at : Math.max(at, earlier)
  const state: MirrorState = { ...pinned, roots, set: files, documents, refreshedAt }
  return { state, loose: { ...files, root: roots.at(-1) ?? anchor } }
}

/** Progress of a refresh that failed: later roots, and the timestamp, so that older ones are known as such. */
function partChange(now: CachedMirror, into: Refreshed): CacheChange | undefined {
  const { trusted, roots, timestamp } = into
  if (trusted === undefined) return undefined
  const latest = roots.at(-1)
  const further = latest !== undefined && parseRoot(latest).version > lastVersion(now.state.roots)
  const later = timestamp !== undefined && versionOf(timestamp) > versionOf(now.state.set?.timestamp)
  if (!further && !later) return undefined
  return {
    state: { ...now.state, ...(further ? { roots } : {}), ...(later ? { timestamp } : {}) },
    loose: {
      ...(further ? { root: latest } : {}),
      ...(later ? { timestamp } : {}),
      ...(into.snapshot === undefined ? {} : { snapshot: into.snapshot }),
    },
  }
}

function lastVersion(roots: readonly Uint8Array[]): number {
  const last = roots.at(-1)
  return last === undefined ? 0 : parseRoot(last).version
}

/** Of a timestamp out of the cache; 0 when it is none. */
function versionOf(bytes: Uint8Array | undefined): number {
  if (bytes === undefined) return 0
  try {
    return parseTimestamp(bytes).version
  } catch {
    return 0
  }
}

type Opened = Pick<OpenedMirror, "trusted" | "files" | "refreshedAt" | "source"> & {
  readonly taking: "new" | "cached"
  readonly documents: ReadonlyMap<string, Uint8Array> | undefined
  /** Whether what is downloaded is kept. Default true. */
  readonly keeps?: boolean
}

function withTargets(context: MirrorContext, { taking, documents, keeps = true, ...opened }: Opened): OpenedMirror {
  // What lies in the cache and has not expired may be completed from the repository; what has, is used offline alone.
  const online = taking === "new"
  const find = (name: string, signal?: AbortSignal): Promise<TargetFacts | undefined> =>
    findTarget(opened.trusted, name, roleFiles(context, opened.trusted, { online, keeps, signal }), taking)
  return {
    ...opened,
    url: context.url,
    find,
    target: async (name, signal) => {
      const facts = await find(name, signal)
      if (facts === undefined) throw missing(context, `the TUF repository has no ${name}`, "its targets do not list it")
      const known = documents?.get(name)
      if (known !== undefined && hasFacts(known, facts)) return known
      return targetBytes(context, opened.trusted, facts, { online, keeps, signal })
    },
  }
}
