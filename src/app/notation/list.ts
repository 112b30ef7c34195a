import { parseImageManifest } from "../../codec/oci/manifest.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import type { Digest } from "../../core/digest.ts"
import { limits } from "../../core/limits.ts"
import type { ContentStore } from "../../core/ports.ts"

const SIGNATURE = "application/vnd.cncf.notary.signature"

/**
 * Manifests of Notary Project signatures of a subject: by the referrers API, else by the referrers tag.
 *
 * Entries whose type is not told are looked at; a registry that lists by the config's media type tells it.
 *
 * @param max - signatures wanted; nothing is looked at once it is clear that there are more.
 */
export async function listNotation(
  store: ContentStore,
  subject: Digest,
  max: number,
): Promise<{ readonly signatures: readonly Descriptor[]; readonly exceeded: boolean }> {
  const byApi = await store.listReferrers(subject, SIGNATURE)
  const { entries } = byApi.supported ? byApi : await store.listReferrersTag(subject, SIGNATURE)
  const found: Descriptor[] = []
  for (let at = 0; at < entries.length && found.length <= max; at += limits.perHost) {
    const some = entries.slice(at, at + limits.perHost)
    const kept = await Promise.all(some.map(async (entry) => ((await isSignature(store, entry)) ? [entry] : [])))
    found.push(...kept.flat())
  }
  return { signatures: found.slice(0, max), exceeded: found.length > max }
}

async function isSignature(store: ContentStore, entry: Descriptor): Promise<boolean> {
  if (entry.artifactType !== undefined) return entry.artifactType === SIGNATURE
  const { bytes, descriptor } = await store.fetchManifest(entry.digest)
  const manifest = parseImageManifest(bytes, descriptor.mediaType)
  return (manifest.artifactType ?? manifest.config.mediaType) === SIGNATURE
}
