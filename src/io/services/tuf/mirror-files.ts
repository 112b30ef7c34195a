import { encodeHex } from "../../../codec/hex.ts"
import { asToolError } from "../../../core/errors.ts"
import type { Logger } from "../../../core/ports.ts"
import { tufBounds } from "../../../trust/tuf/bounds.ts"
import { hasFacts, requireFacts, type TargetFacts } from "../../../trust/tuf/metadata.ts"
import type { TrustedMetadata } from "../../../trust/tuf/trusted-metadata.ts"
import { tufError } from "../../../trust/tuf/tuf-error.ts"
import type { TufCache } from "./cache.ts"
import { pathEscape } from "./cache-names.ts"
import type { RoleFiles } from "./find-target.ts"
import type { TufSource } from "./mirror-source.ts"

/** One repository and the root that it is trusted by. */
export interface MirrorContext {
  readonly url: string
  readonly anchor: Uint8Array
  readonly cache: TufCache
  readonly source: TufSource
  readonly logger: Logger
}

/** How files are gotten. */
export interface Getting {
  readonly online: boolean
  readonly keeps: boolean
  readonly signal?: AbortSignal | undefined
}

/** Metadata of delegated roles, out of the cache and from the repository. */
export function roleFiles(context: MirrorContext, trusted: TrustedMetadata, getting: Getting): RoleFiles {
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

/**
 * A target, out of the cache or from the repository.
 *
 * @throws {ToolError} `E_TRUST_MALFORMED` when it is another file than what was signed; `E_TRUST_MISSING`, `E_NET_*`.
 */
export async function targetBytes(
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
        return bytes === undefined ? [] : [`${encodeHex(bytes)}.`]
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

/** `E_TRUST_MISSING` that names the repository. */
export function missing({ url }: MirrorContext, what: string, why: string): Error {
  return tufError("E_TRUST_MISSING", what, `${why} (${url})`)
}
