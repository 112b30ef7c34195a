import { parseManifest } from "../codec/oci/manifest.ts"
import type { Descriptor } from "../core/descriptor.ts"
import type { Digest } from "../core/digest.ts"
import type { ContentStore } from "../core/ports.ts"
import type { SignedDocument } from "../formats/format.ts"

/** Manifest annotation in which writers of bundles repeat the predicate type. */
const PREDICATE_ANNOTATION = "dev.sigstore.bundle.predicateType"

/**
 * Remove earlier referrers that carry the same kind of document with the same predicate type.
 *
 * Called only after the new one is safely attached, so that a failure in between leaves too much, never too little.
 *
 * @param keep - digest of the new referrer.
 */
export async function replaceReferrers(
  store: ContentStore,
  subject: Descriptor,
  document: SignedDocument,
  keep: string | undefined,
): Promise<void> {
  const lists = await Promise.all([store.listReferrers(subject.digest), store.listReferrersTag(subject.digest)])
  const digests = new Set(lists.flatMap((list) => list.entries.map((entry) => entry.digest)))
  const outdated: Digest[] = []
  for (const digest of digests) {
    if (digest !== keep && (await carriesSame(store, subject, digest, document))) outdated.push(digest)
  }
  if (outdated.length === 0) return
  await store.detachFromTag(subject.digest, outdated)
  await Promise.all(outdated.map((digest) => store.deleteManifest(digest)))
}

async function carriesSame(
  store: ContentStore,
  subject: Descriptor,
  digest: Digest,
  document: SignedDocument,
): Promise<boolean> {
  const { bytes, descriptor } = await store.fetchManifest(digest)
  const manifest = parseManifest(bytes, descriptor.mediaType)
  if (manifest.kind !== "image" || manifest.subject === undefined) return false
  if (manifest.subject.digest !== subject.digest) return false
  const [layer, ...more] = manifest.layers
  if (layer === undefined || more.length > 0 || layer.mediaType !== document.mediaType) return false
  return manifest.annotations[PREDICATE_ANNOTATION] === document.predicateType
}
