import type { Descriptor } from "../core/descriptor.ts"
import type { Digest } from "../core/digest.ts"
import { asToolError } from "../core/errors.ts"
import { matchesMediaType } from "../core/media-types.ts"
import type { ContentStore } from "../core/ports.ts"
import { wantedTypes } from "../formats/index.ts"
import { parseManifest } from "../codec/oci/manifest.ts"
import { taggedPlacement } from "./attachments.ts"
import { sbomTag } from "./list.ts"
import type { AppContext, CleanRequest, CleanResult } from "./requests.ts"
import { openTarget } from "./subjects.ts"

/**
 * Delete what is attached to an artifact: signature tags, attestation tags, SBOM tags, referrers that are bundles.
 *
 * The artifact itself stays. A reference that is not there is no error.
 */
export async function cleanSignatures(app: AppContext, request: CleanRequest): Promise<CleanResult> {
  const open = openTarget(app, request.target, request.signatureRepository)
  const subject = await open.content.resolve(open.reference)
  const store = open.signatures
  const removed: string[] = []
  for (const tag of await tagsToDelete(subject, request)) {
    if (await deleteTag(store, tag)) removed.push(`${store.name}:${tag}`)
  }
  if (request.what === "referrer" || request.what === "all") removed.push(...(await cleanReferrers(store, subject)))
  return { removed }
}

async function tagsToDelete(subject: Descriptor, request: CleanRequest): Promise<readonly string[]> {
  const kinds = (["signature", "attestation"] as const).filter(
    (kind) => request.what === kind || request.what === "all",
  )
  const placement = await taggedPlacement()
  const tags = kinds.map((kind) => placement.tag(subject.digest, kind, request.tagPrefix))
  if (request.what === "sbom" || request.what === "all") tags.push(sbomTag(subject, request.tagPrefix ?? ""))
  return [...new Set(tags)]
}

/** Registries of distribution 2.8 delete by digest alone; a signature tag's manifest has no other use. */
async function deleteTag(store: ContentStore, tag: string): Promise<boolean> {
  try {
    return await store.deleteManifest(tag)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code !== "E_REGISTRY_DENIED" && error.code !== "E_REGISTRY_PROTOCOL") throw error
    const state = await store.readTag(tag)
    return state !== undefined && (await store.deleteManifest(state.manifest.descriptor.digest))
  }
}

async function cleanReferrers(store: ContentStore, subject: Descriptor): Promise<readonly string[]> {
  const lists = await Promise.all([store.listReferrers(subject.digest), store.listReferrersTag(subject.digest)])
  const digests = new Set(lists.flatMap((list) => list.entries.map((entry) => entry.digest)))
  const bundles: Digest[] = []
  for (const digest of digests) if (await isOurs(store, subject, digest)) bundles.push(digest)
  if (bundles.length === 0) return []
  // Some registries refuse to delete a manifest that an index still lists.
  await store.detachFromTag(subject.digest, bundles)
  const removed: string[] = []
  for (const digest of bundles) {
    if (await store.deleteManifest(digest)) removed.push(`${store.name}@${digest}`)
  }
  return removed
}

/** Whether a referrer carries a document of cosign's formats, about this very subject; others have their own owners. */
async function isOurs(store: ContentStore, subject: Descriptor, digest: Digest): Promise<boolean> {
  const { bytes, descriptor } = await store.fetchManifest(digest)
  const manifest = parseManifest(bytes, descriptor.mediaType)
  if (manifest.kind !== "image" || manifest.subject?.digest !== subject.digest) return false
  const types = wantedTypes(["signature", "attestation"], "cosign")
  return manifest.layers.some((layer) => types.some((type) => matchesMediaType(layer.mediaType, type)))
}
