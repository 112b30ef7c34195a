import { asToolError } from "../../../core/errors.ts"
import type { Logger } from "../../../core/ports.ts"
import { tufBounds } from "../../../trust/tuf/bounds.ts"
import { localMetadata, type LocalState, type MetadataFiles, timestampVersion } from "../../../trust/tuf/local-state.ts"
import { hasFacts, parseRoot, parseTimestamp, requireFacts, type TargetFacts } from "../../../trust/tuf/metadata.ts"
import type { TrustedMetadata } from "../../../trust/tuf/trusted-metadata.ts"
import { tufError } from "../../../trust/tuf/tuf-error.ts"
import type { CachedMirror, CacheChange, TufCache } from "./cache.ts"
import { pathEscape } from "./cache-names.ts"
import { findTarget, type RoleFiles } from "./find-target.ts"
import type { TufSource } from "./mirror-source.ts"
import { type Refreshed, refreshMetadata } from "./refresh.ts"
import type { MirrorState } from "./state-file.ts"

/** One repository and the root that it is trusted by. */
export interface MirrorContext {
  readonly url: string
  readonly anchor: Uint8Array
  readonly cache: TufCache
  readonly source: TufSource
  readonly logger: Logger
}

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
  const refreshedAt = Math.max(at, now.state.refreshedAt ?? 0)
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

interface Getting {
  readonly online: boolean
  readonly keeps: boolean
  readonly signal?: AbortSignal | undefined
}

function roleFiles(context: MirrorContext, trusted: TrustedMetadata, getting: Getting): RoleFiles {
  const { cache, url, source } = context
  return {
    cached: (role) => (getting.keeps ? cache.readRole(url, role) : Promise.resolve(undefined)),
    keep: async (role, bytes) => {
      if (getting.keeps) await quietly(context, () => cache.writeRole(url, role, bytes))
    },
    fetch: async (role, version, max) => {
      const prefix = trusted.root.consistentSnapshot ? `${version}.` : ""
      const path = `${prefix}${pathEscape(role)}.json`
      const bytes = getting.online ? await source.fetch(path, max, getting.signal) : undefined
      if (bytes !== undefined) return bytes
      throw missing(context, `metadata of the role ${JSON.stringify(role)} cannot be had`, whyNot(getting))
    },
  }
}

async function targetBytes(
  context: MirrorContext,
  trusted: TrustedMetadata,
  facts: TargetFacts,
  getting: Getting,
): Promise<Uint8Array> {
  const { cache, url, source } = context
  const { name, length } = facts
  if (length > tufBounds.target) {
    throw tufError("E_TRUST_MALFORMED", `${name} is too large`, `${length} bytes, at most ${tufBounds.target}`)
  }
  const cached = getting.keeps ? await cache.readTarget(url, name, length) : undefined
  if (cached !== undefined && hasFacts(cached, facts)) return cached
  for (const path of getting.online ? targetPaths(trusted, facts) : []) {
    const bytes = await source.fetch(path, length, getting.signal)
    if (bytes === undefined) continue
    requireFacts(bytes, facts, name)
    if (getting.keeps) await quietly(context, () => cache.writeTarget(url, name, bytes))
    return bytes
  }
  throw missing(context, `${name} cannot be had`, whyNot(getting))
}

function whyNot({ online }: Getting): string {
  return online ? "the repository answered that there is no such file" : "it is not in the cache, and offline was asked"
}

/** Where a target lies: below its hash, where the repository has consistent snapshots. */
function targetPaths(trusted: TrustedMetadata, { name, hashes }: TargetFacts): readonly string[] {
  const parts = name.split("/").map(pathEscape)
  const [folders, file] = [parts.slice(0, -1), parts.at(-1) ?? ""]
  const prefixes = trusted.root.consistentSnapshot
    ? (["sha256", "sha512"] as const).flatMap((hash) => {
        const bytes = hashes[hash]
        return bytes === undefined ? [] : [`${Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("")}.`]
      })
    : [""]
  return prefixes.map((prefix) => ["targets", ...folders, prefix + file].join("/"))
}

async function quietly({ logger }: MirrorContext, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (thrown) {
    logger.debug("tuf.cache", { message: asToolError(thrown).message })
  }
}

function missing({ url }: MirrorContext, what: string, why: string): Error {
  return tufError("E_TRUST_MISSING", what, `${why} (${url})`)
}
