import { parseImageManifest } from "../../codec/oci/manifest.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import type { Digest } from "../../core/digest.ts"
import type { ContentStore } from "../../core/ports.ts"

const SIGNATURE = "application/vnd.cncf.notary.signature"

/**
 * Manifests of Notary Project signatures of a subject: by the referrers API, else by the referrers tag.
 *
 * Entries whose type is not told are looked at; a registry that lists by the config's media type tells it.
 */
export async function listNotation(store: ContentStore, subject: Digest): Promise<readonly Descriptor[]> {
  const byApi = await store.listReferrers(subject, SIGNATURE)
  const { entries } = byApi.supported ? byApi : await store.listReferrersTag(subject)
  const kept = await Promise.all(entries.map(async (entry) => ((await isSignature(store, entry)) ? [entry] : [])))
  return kept.flat()
}

async function isSignature(store: ContentStore, entry: Descriptor): Promise<boolean> {
  if (entry.artifactType !== undefined) return entry.artifactType === SIGNATURE
  const { bytes, descriptor } = await store.fetchManifest(entry.digest)
  const manifest = parseImageManifest(bytes, descriptor.mediaType)
  return (manifest.artifactType ?? manifest.config.mediaType) === SIGNATURE
}
