import { join } from "node:path"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { Clock, Files, Logger, Sleep } from "../../../core/ports.ts"
import type { TrustData, TrustOptions, TrustRepository } from "../../../core/sigstore-ports.ts"
import { buildTrustedRoot } from "../../../envelopes/trusted-root/build-trusted-root.ts"
import { parseSigningConfig } from "../../../envelopes/trusted-root/signing-config.ts"
import { parseTrustedRoot } from "../../../envelopes/trusted-root/trusted-root.ts"
import { TrustedMetadata } from "../../../trust/tuf/trusted-metadata.ts"
import { tufError } from "../../../trust/tuf/tuf-error.ts"
import { tufBounds } from "../../../trust/tuf/bounds.ts"
import type { HttpClient } from "../../net/http-types.ts"
import { TufCache } from "./cache.ts"
import { mirrorFolder } from "./cache-names.ts"
import { type LegacySource, legacyTrustedRoot } from "./legacy-root.ts"
import { openCached, type OpenedMirror, openRefreshed, TUF_DOCUMENTS } from "./mirror.ts"
import type { MirrorContext } from "./mirror-files.ts"
import { mirrorSource } from "./mirror-source.ts"
import { DEFAULT_MIRROR, SHIPPED, shippedFiles } from "./shipped.ts"
import { statusOf } from "./status.ts"

/** What the repository needs. */
export interface TrustRepositoryOptions {
  /** TUF_ROOT, TUF_MIRROR and TUF_ROOT_JSON. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's folder. */
  readonly home: string
  /** Reads TUF_ROOT_JSON. */
  readonly files: Pick<Files, "read">
  readonly http: () => Promise<HttpClient>
  readonly clock: Clock
  readonly sleep: Sleep
  readonly logger: Logger
  /** `always`: ask the repository in every process, as cosign does; `daily`: when the last refresh is older than a day. */
  readonly refresh: "always" | "daily"
}

const DAY_MS = 24 * 60 * 60 * 1000
/** Milliseconds for which a refresh that failed is not tried again. */
const RETRY_MS = 60_000

interface Parts {
  readonly options: TrustRepositoryOptions
  readonly cache: TufCache
  /** What this process works with, by mirror. */
  readonly opened: Map<string, { readonly at: number; readonly mirror: Promise<OpenedMirror> }>
}

/**
 * Trust data of a Sigstore instance out of its TUF repository, with the cache that cosign uses, too.
 *
 * The repository in use is TUF_MIRROR's, else that of the last `initialize`, else the public instance's. It is asked once
 * in a process at most, and not at all while what lies in the cache is of today. Offline, what lies in the cache is used
 * even when it has expired, and what came with the program when nothing does: `refreshedAt` says how old it is.
 */
export function createTrustRepository(options: TrustRepositoryOptions): TrustRepository {
  const { env, home, clock, sleep, logger } = options
  const folder = textOf(env["TUF_ROOT"]) ?? join(home, ".sigstore", "root")
  const parts: Parts = { options, cache: new TufCache({ folder, clock, sleep, logger }), opened: new Map() }
  return {
    trustedRoot: async (asked, signal) => {
      const { bytes, mirror, ...facts } = await document(parts, TUF_DOCUMENTS.trustedRoot, asked, signal)
      if (bytes !== undefined) return { ...facts, mirror: mirror.url, bytes, value: parseTrustedRoot(bytes) }
      const value = await legacyTrustedRoot(mirror, signal)
      return { ...facts, mirror: mirror.url, bytes: buildTrustedRoot(value), value }
    },
    signingConfig: async (asked, signal) => {
      const name = TUF_DOCUMENTS[asked.rekorV2 === true ? "signingConfigRekorV2" : "signingConfig"]
      const { bytes, mirror, ...facts } = await document(parts, name, asked, signal)
      const there = bytes ?? (await mirror.target(name, signal))
      return { ...facts, mirror: mirror.url, bytes: there, value: parseSigningConfig(there) }
    },
    initialize: (input, signal) => initialize(parts, input, signal),
    fetchRoot: async (url, signal) => {
      const [, base = "", file = ""] = /^(.*\/)([^/]*)$/.exec(url) ?? []
      const bytes = await mirrorSource(options.http, base).fetch(file, tufBounds.root, signal)
      if (bytes !== undefined) return bytes
      throw tufError("E_TRUST_MISSING", "the URL of the root has no file", "it answered that there is none")
    },
    status: async (asked, signal) => {
      const context = await contextOf(parts)
      const opened = await open(parts, context, asked, signal)
      if (asked.refresh === "always" && opened !== undefined) await requireKept(context, opened)
      if (opened !== undefined) return statusOf(opened, folder)
      const shipped = shippedFiles()
      const { root } = new TrustedMetadata(shipped.root, clock.now())
      return {
        ...{ mirror: context.url, folder, source: "shipped", refreshedAt: SHIPPED.at },
        roles: [{ name: "root", version: root.version, bytes: shipped.root.length, expires: root.expires }],
        targets: [...shipped.targets.keys()].map((name) => ({ name })),
      }
    },
  }
}

function textOf(text: string | undefined): string | undefined {
  return text === "" ? undefined : text
}

/** A document, and the mirror that it came from; without bytes where the mirror does not list it. */
interface Found extends Pick<TrustData<unknown>, "source" | "refreshedAt"> {
  readonly bytes: Uint8Array | undefined
  readonly mirror: LegacySource
}

async function document(parts: Parts, name: string, asked: TrustOptions, signal?: AbortSignal): Promise<Found> {
  const context = await contextOf(parts)
  const mirror = await open(parts, context, asked, signal)
  if (mirror === undefined) return shippedDocument(context, name)
  const { source, refreshedAt } = mirror
  const listed = await mirror.find(name, signal)
  return { source, refreshedAt, mirror, bytes: listed === undefined ? undefined : await mirror.target(name, signal) }
}

function shippedDocument(context: MirrorContext, name: string): Found {
  const bytes = context.url === DEFAULT_MIRROR ? shippedFiles().targets.get(name) : undefined
  if (bytes === undefined) throw nothingCached(context.url, name)
  const mirror = {
    url: context.url,
    trusted: new TrustedMetadata(context.anchor, SHIPPED.at),
    target: () => Promise.reject(nothingCached(context.url, name)),
  }
  return { source: "shipped", refreshedAt: SHIPPED.at, bytes, mirror }
}

function nothingCached(url: string, name: string): Error {
  return tufError("E_TRUST_MISSING", `${name} cannot be had offline`, `nothing is cached of ${url}`)
}

/** Which mirror, and the root that it is trusted by. */
async function contextOf(parts: Parts): Promise<MirrorContext> {
  const { cache, options } = parts
  const url = textOf(options.env["TUF_MIRROR"]) ?? (await cache.readMirror()) ?? DEFAULT_MIRROR
  return contextFor(parts, url, await anchorOf(parts, url))
}

function contextFor({ cache, options }: Parts, url: string, anchor: Uint8Array): MirrorContext {
  return { url, anchor, cache, source: mirrorSource(options.http, url), logger: options.logger }
}

/**
 * SECURITY: the root that came with the program speaks for the public instance alone. TUF_ROOT_JSON names another; else it
 * is the one that was pinned, or that cosign left.
 */
async function anchorOf({ cache, options }: Parts, url: string): Promise<Uint8Array> {
  const named = textOf(options.env["TUF_ROOT_JSON"])
  if (named !== undefined) return options.files.read(named, tufBounds.root)
  const { state, loose } = await cache.read(url)
  const anchor = state.pinned ?? (url === DEFAULT_MIRROR ? shippedFiles().root : loose.root)
  if (anchor !== undefined) return anchor
  throw noRoot(url)
}

function noRoot(url: string): Error {
  return tufError(
    "E_TRUST_MISSING",
    `no root is trusted for the TUF repository ${url}`,
    "could not find cached root.json; the one that came with the program is for the public instance alone",
    undefined,
    ["name its root, gotten by a way you trust: `countersign trust update --mirror URL --root FILE`"],
  )
}

/** @returns `undefined` when nothing is cached and offline was asked. */
async function open(
  parts: Parts,
  context: MirrorContext,
  asked: TrustOptions,
  signal?: AbortSignal,
): Promise<OpenedMirror | undefined> {
  const now = parts.options.clock.now()
  if (asked.offline) return openCached(context, now, "cached")
  const before = parts.opened.get(context.url)
  if (before !== undefined && now - before.at < DAY_MS) {
    const mirror = await before.mirror
    if (asked.refresh !== "always" || mirror.source === "tuf") return mirror
  }
  const mirror = openOnline(parts, context, asked, signal)
  remember(parts, context.url, mirror, now)
  return mirror
}

async function openOnline(
  parts: Parts,
  context: MirrorContext,
  asked: TrustOptions,
  signal?: AbortSignal,
): Promise<OpenedMirror> {
  const now = parts.options.clock.now()
  if (parts.options.refresh === "always" || asked.refresh === "always") return openRefreshed(context, now, { signal })
  const cached = await openCached(context, now, "new")
  const age = now - (cached?.refreshedAt ?? 0)
  // A time to come is none: the clock was wrong then, or is now.
  if (cached !== undefined && age >= 0 && age < DAY_MS) return cached
  return refreshOr(parts, context, cached, signal)
}

/** An update that is not kept is none: who works offline afterwards would go on with what was there before. */
async function requireKept(context: MirrorContext, opened: OpenedMirror): Promise<void> {
  const kept = await openCached(context, opened.trusted.at, "cached")
  const version = (mirror: OpenedMirror | undefined): number => mirror?.trusted.timestamp?.version ?? 0
  if (version(kept) >= version(opened)) return
  throw new ToolError("E_IO", {
    what: "the trust data was verified, but could not be kept",
    why: `the cache ${context.cache.folder} could not be written; it holds what it held before`,
  })
}

function remember({ opened, options }: Parts, url: string, mirror: Promise<OpenedMirror>, at: number): void {
  opened.set(url, { at, mirror })
  mirror.catch(() => {
    opened.set(url, { at: options.clock.now() - DAY_MS + RETRY_MS, mirror })
  })
}

/** @param cached - has not expired, so it may stand in where the network fails. */
async function refreshOr(
  { options: { clock, logger } }: Parts,
  context: MirrorContext,
  cached: OpenedMirror | undefined,
  signal?: AbortSignal,
): Promise<OpenedMirror> {
  try {
    return await openRefreshed(context, clock.now(), { signal })
  } catch (thrown) {
    const error = asToolError(thrown)
    // SECURITY: what the repository serves is never made up for; that it cannot be reached is, until its data expires.
    if (cached === undefined || !/^E_(?:NET|TLS)_/.test(error.code) || error.code === "E_NET_TOO_LARGE") throw thrown
    const since = new Date(cached.refreshedAt).toISOString()
    logger.warn("tuf.refresh", { message: `using trust data of ${since}: ${error.message}` })
    return cached
  }
}

async function initialize(
  parts: Parts,
  input: Parameters<TrustRepository["initialize"]>[0],
  signal?: AbortSignal,
): ReturnType<TrustRepository["initialize"]> {
  const url = textOf(input.mirror) ?? DEFAULT_MIRROR
  const anchor = input.root ?? (url === DEFAULT_MIRROR ? shippedFiles().root : undefined)
  if (anchor === undefined) throw noRoot(url)
  // Before anybody is asked: its folder is needed in the end.
  mirrorFolder(url)
  const context = contextFor(parts, url, anchor)
  const opened = await openRefreshed(context, parts.options.clock.now(), { fresh: true, signal })
  const { files, roots, refreshedAt, documents } = opened
  const targets = new Map(documents)
  if (!documents.has(TUF_DOCUMENTS.trustedRoot)) {
    const target = async (name: string): Promise<Uint8Array> => {
      const bytes = await opened.target(name, signal)
      targets.set(name, bytes)
      return bytes
    }
    await legacyTrustedRoot({ ...opened, target }, signal)
  }
  const pinned = input.root === undefined ? {} : { pinned: anchor }
  const state = { ...pinned, roots, set: files, documents, refreshedAt }
  await parts.cache.replace(url, { state, loose: { ...files, root: roots.at(-1) ?? anchor } }, targets)
  const kept = await openCached(context, refreshedAt, "new")
  remember(parts, url, Promise.resolve({ ...(kept ?? opened), source: "tuf" }), refreshedAt)
  const status = statusOf({ ...opened, source: "tuf" }, parts.cache.folder)
  return { ...status, status: status.targets }
}
