import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { Clock, Logger } from "../../core/ports.ts"
import type { RevocationService } from "../../core/service-ports.ts"
import { parseDistributionPoints } from "../../crypto/x509/crl-distribution-points.ts"
import { EXTENSION } from "../../crypto/x509/extensions.ts"
import type { TargetReach } from "../net/forbidden-target.ts"
import type { HttpClient, NamedByCertificate } from "../net/http-types.ts"
import { type ListCache, type ListPair, openListCache, staleSince } from "./crl-cache.ts"
import type { CacheWriter } from "./crl-cache-writer.ts"
import { type KeptLists, keepLists } from "./crl-memory.ts"
import { downloadList, type DownloadTimes } from "./crl-download.ts"
import { exchangeOcsp } from "./ocsp-exchange.ts"

/** Lists remembered, and milliseconds for which a failure is. */
const REMEMBERED = 64
const FAILURE_MS = 60_000

/** What {@link createRevocationService} needs. */
export interface RevocationServiceOptions {
  /** Asked for when the network is needed first. */
  readonly http: () => Promise<HttpClient>
  /** `crl` in notation's cache folder, shared with that command; absent: nothing is kept beyond the process. */
  readonly cacheFolder?: string | undefined
  readonly clock: Clock
  readonly logger: Logger
  /** No request is sent: lists come out of the cache, OCSP cannot be had. */
  readonly onlyCache?: boolean
  /** Which addresses URLs in certificates may lead to; local ones where the command's own artifact lies there. */
  readonly reach: TargetReach
  /** Hosts that may be local all the same: `host`, or `host:port`. */
  readonly allowHosts: readonly string[]
  /** Milliseconds; what is left out comes from `limits`. */
  readonly times?: Partial<DownloadTimes & { readonly ocspMs: number }>
}

interface Fresh {
  readonly lists: ListPair
  /** They were not fetched by this process. */
  readonly cached?: true
  /** Where the cache does not have them. */
  readonly kept?: KeptLists
}

/** A list being fetched or fetched already. */
interface Known {
  readonly fresh: Promise<Fresh>
  /** Serial numbers whose entries were kept. */
  readonly serials: ReadonlySet<bigint>
  /** Milliseconds since the epoch until which it is good. */
  until: number
  /** It came out of the cache. */
  cached: boolean
}

interface Parts {
  readonly options: RevocationServiceOptions
  readonly cache: ListCache | undefined
  readonly named: NamedByCertificate
  readonly times: DownloadTimes & { readonly ocspMs: number }
  readonly known: Map<string, Known>
  /** URLs whose cached lists turned out to be of no use. */
  readonly distrusted: Set<string>
}

/**
 * OCSP responders and revocation lists, over HTTP and out of the cache of the `notation` command. A list is fetched once
 * per process while it is fresh, whoever asks; what could not be fetched is not tried again for a minute.
 *
 * Without a cache, lists of more than 256 KiB are fetched again when another serial number is asked for.
 *
 * Spec: notation-core-go `revocation`; limits: 2 s and 20480 bytes for OCSP, 5 s to the first byte, 30 s and 32 MiB for a
 * list.
 * Security: addresses out of certificates lead to public addresses only, unless the caller says otherwise.
 */
export function createRevocationService(options: RevocationServiceOptions): RevocationService {
  const { cacheFolder, clock, logger, times } = options
  const parts: Parts = {
    options,
    cache: cacheFolder === undefined ? undefined : openListCache(cacheFolder, clock, logger),
    named: { by: "certificate", reach: options.reach, allow: options.allowHosts },
    times: {
      startMs: times?.startMs ?? limits.crlStartMs,
      totalMs: times?.totalMs ?? limits.crlMs,
      ocspMs: times?.ocspMs ?? limits.ocspMs,
    },
    known: new Map(),
    distrusted: new Set(),
  }
  return {
    async ocsp(url, request, signal) {
      if (options.onlyCache === true) throw offline(url, "OCSP responders are not asked")
      return exchangeOcsp(
        { client: await options.http(), url, named: parts.named },
        request,
        parts.times.ocspMs,
        signal,
      )
    },
    list: (url, serials, signal) => untilAborted(knownList(parts, url, serials), signal),
    distrust(url) {
      if (parts.known.get(url)?.cached !== true) return false
      parts.known.delete(url)
      // SECURITY: lists are kept before anybody judged them, so whoever can put one on the way must not keep it there.
      parts.distrusted.add(url)
      return true
    },
  }
}

function offline(url: string, why: string): ToolError {
  const host = URL.parse(url)?.host ?? ""
  return new ToolError("E_NET_OFFLINE", {
    what: `${host} is needed, but the network is off`,
    why: `${why} (offline)`,
    details: { host },
  })
}

/** The result, unless the caller stops waiting. Others may wait for the same. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  signal.throwIfAborted()
  let stop = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    const listener = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"))
    }
    signal.addEventListener("abort", listener, { once: true })
    stop = () => {
      signal.removeEventListener("abort", listener)
    }
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    stop()
    work.catch(() => undefined)
  }
}

async function knownList(parts: Parts, url: string, serials: readonly bigint[]): Promise<ListPair> {
  const now = parts.options.clock.now()
  const before = parts.known.get(url)
  if (before !== undefined && before.until >= now) {
    const { lists, kept } = await before.fresh
    if (serials.every((serial) => before.serials.has(serial))) return lists
    const again = kept === undefined ? await parts.cache?.read(url, serials) : kept.read(serials)
    if (again !== undefined) return again
  }
  // What was asked for before is kept too, so that the next one finds it.
  const all = new Set([...(before?.serials ?? []), ...serials].slice(-1000))
  const known: Known = { fresh: freshList(parts, url, [...all]), serials: all, until: Infinity, cached: false }
  parts.known.delete(url)
  parts.known.set(url, known)
  if (parts.known.size > REMEMBERED) parts.known.delete(parts.known.keys().next().value ?? "")
  known.fresh.then(
    ({ lists: { base, delta }, cached }) => {
      known.cached = cached === true
      const until = Math.min(base.nextUpdate ?? 0, delta?.nextUpdate ?? Infinity)
      known.until = Math.max(until, now + FAILURE_MS)
    },
    () => {
      known.until = now + FAILURE_MS
    },
  )
  return (await known.fresh).lists
}

async function freshList(parts: Parts, url: string, serials: readonly bigint[]): Promise<Fresh> {
  const cached = parts.distrusted.has(url) ? undefined : await parts.cache?.read(url, serials)
  if (cached !== undefined) return { lists: cached, cached: true }
  if (parts.options.onlyCache === true) throw offline(url, "the revocation list is not in the cache, or stale")
  const writer = await parts.cache?.write(url)
  const kept = keepLists()
  try {
    const lists = await fetchLists(parts, url, serials, { writer, kept })
    // A list that is stale already would be fetched again anyway.
    const fresh = staleSince(lists, parts.options.clock.now()) === undefined
    return fresh && (await writer?.commit()) === true ? { lists } : { lists, kept }
  } catch (thrown) {
    throw asUnknown(thrown, url)
  } finally {
    await writer?.discard()
    if (writer?.failure !== undefined) parts.cache?.complain(writer.failure)
  }
}

/** A document that cannot be read is a question left open, whatever is wrong with it. */
function asUnknown(thrown: unknown, url: string): unknown {
  if (!(thrown instanceof ToolError)) return thrown
  if (thrown.code !== "E_FORMAT_MALFORMED" && thrown.code !== "E_LIMIT_EXCEEDED") return thrown
  return new ToolError("E_CERT_REVOCATION_UNKNOWN", {
    what: thrown.what,
    ...(thrown.why === undefined ? {} : { why: thrown.why }),
    details: { url },
    cause: thrown,
  })
}

async function fetchLists(
  parts: Parts,
  url: string,
  serials: readonly bigint[],
  { writer, kept }: { readonly writer: CacheWriter | undefined; readonly kept: KeptLists },
): Promise<ListPair> {
  const fetchOne = async (name: "baseCRL" | "deltaCRL", from: string): Promise<ListPair["base"]> => {
    const asked = { client: await parts.options.http(), url: from, named: parts.named }
    await writer?.begin(name)
    const list = await downloadList(asked, serials, parts.times, async (bytes) => {
      kept.add(name, bytes)
      await writer?.add(bytes)
    })
    await writer?.end()
    return list
  }
  const base = await fetchOne("baseCRL", url)
  const freshest = base.extensions.get(EXTENSION.freshestCrl)?.value
  if (freshest === undefined) return { base }
  const urls = parseDistributionPoints(freshest, "freshestCRL").flatMap((point) => point.urls)
  if (urls.length === 0) return { base }
  if (urls.length > limits.revocationUrls) throw tooMany(urls.length)
  for (const [index, from] of urls.entries()) {
    try {
      return { base, delta: await fetchOne("deltaCRL", from) }
    } catch (thrown) {
      writer?.drop()
      kept.dropDelta()
      if (index === urls.length - 1) throw thrown
    }
  }
  return { base }
}

function tooMany(count: number): ToolError {
  return new ToolError("E_LIMIT_EXCEEDED", {
    kind: "unknown",
    what: "a revocation list names too many delta lists",
    why: `${count} URLs, at most ${limits.revocationUrls} are accepted`,
  })
}
