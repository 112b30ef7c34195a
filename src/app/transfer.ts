import { parseManifest } from "../codec/oci/manifest.ts"
import type { Descriptor, FetchedManifest, ImageIndex, ImageManifest } from "../core/descriptor.ts"
import { ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import { DOCKER_CONFIG, MANIFEST_ACCEPT, OCI_ARTIFACT_MANIFEST, OCI_CONFIG } from "../core/media-types.ts"
import type { ContentStore } from "../core/ports.ts"
import { fetchListed } from "./listed-manifest.ts"
import { mapBounded } from "./map-bounded.ts"

/**
 * Copy a manifest and everything it needs, bytes unchanged: blobs before their manifest, children before their index.
 *
 * Nothing is tagged. Layers that their publisher does not allow to be distributed stay where they are.
 *
 * @returns descriptors of the manifests copied, children first, `subject` last; `artifactType` is the manifest's own
 *   type, absent for images.
 * @throws {ToolError} `E_LIMIT_EXCEEDED` when indexes are nested too deep or list too much; `E_FORMAT_MALFORMED` when one
 *   lists something as what it is not; what the stores throw.
 */
export async function copyArtifact(
  from: ContentStore,
  to: ContentStore,
  subject: Descriptor,
): Promise<readonly Descriptor[]> {
  const copied = new Map<string, Descriptor>()
  const manifest = await from.fetchManifest(subject.digest)
  await copyBelow(from, to, manifest, copied)
  copied.set(subject.digest, await copyManifest(from, to, manifest))
  return [...copied.values()]
}

/** Copy what a manifest needs, not the manifest itself. @returns the children copied. */
export async function copyContent(
  from: ContentStore,
  to: ContentStore,
  manifest: FetchedManifest,
): Promise<readonly Descriptor[]> {
  const copied = new Map<string, Descriptor>()
  await copyBelow(from, to, manifest, copied)
  await copyBlobs(from, to, parseManifest(manifest.bytes, manifest.descriptor.mediaType))
  return [...copied.values()]
}

/** Children of an index, depth first; each digest once, so that a small document cannot ask for exponential work. */
async function copyBelow(
  from: ContentStore,
  to: ContentStore,
  { bytes, descriptor: index }: FetchedManifest,
  copied: Map<string, Descriptor>,
  depth = 0,
): Promise<void> {
  const parsed = parseManifest(bytes, index.mediaType)
  if (parsed.kind !== "index") return
  if (depth >= limits.indexDepth) throw tooMuch(`more than ${limits.indexDepth} nested indexes`, index)
  for (const child of parsed.manifests) {
    if (copied.has(child.digest)) continue
    if (copied.size >= limits.indexChildren) throw tooMuch(`more than ${limits.indexChildren} entries`, index)
    if (!MANIFEST_ACCEPT.includes(child.mediaType)) {
      await copyBlob(from, to, child)
      continue
    }
    const { fetched } = await fetchListed(from, child)
    await copyBelow(from, to, fetched, copied, depth + 1)
    copied.set(child.digest, await copyManifest(from, to, fetched))
  }
}

async function copyManifest(from: ContentStore, to: ContentStore, manifest: FetchedManifest): Promise<Descriptor> {
  const { descriptor, bytes } = manifest
  const parsed = parseManifest(bytes, descriptor.mediaType)
  await copyBlobs(from, to, parsed)
  // A layout lists nothing by itself; what it lists is written when everything is there.
  if (to.kind === "oci-layout") await to.pushBlob(descriptor, { bytes })
  else await to.pushManifest(bytes, descriptor.mediaType)
  const artifactType = typeOf(parsed)
  const { mediaType, digest, size } = descriptor
  return { mediaType, digest, size, ...(artifactType === undefined ? {} : { artifactType }) }
}

async function copyBlobs(from: ContentStore, to: ContentStore, manifest: ImageManifest | ImageIndex): Promise<void> {
  if (manifest.kind === "index") return
  // The withdrawn artifact manifest has no config.
  const config = manifest.mediaType === OCI_ARTIFACT_MANIFEST ? [] : [manifest.config]
  const blobs = [...config, ...manifest.layers].filter((blob) => !isForeign(blob))
  const once = new Map(blobs.map((blob) => [blob.digest, blob]))
  await mapBounded([...once.values()], limits.parallelTransfers, (blob) => copyBlob(from, to, blob))
}

async function copyBlob(from: ContentStore, to: ContentStore, blob: Descriptor): Promise<void> {
  const { mediaType, digest, size } = blob
  await to.pushBlob({ mediaType, digest, size }, { size, open: () => from.readBlob(blob) })
}

/** Spec: OCI image-spec layer.md "Non-Distributable Layers", Docker's foreign layers: fetched from their URLs. */
function isForeign({ mediaType, urls }: Descriptor): boolean {
  return (urls ?? []).length > 0 && /\.(?:foreign|nondistributable)\./.test(mediaType)
}

function typeOf(manifest: ImageManifest | ImageIndex): string | undefined {
  if ((manifest.artifactType ?? "") !== "") return manifest.artifactType
  if (manifest.kind === "index") return undefined
  const { mediaType } = manifest.config
  return mediaType === OCI_CONFIG || mediaType === DOCKER_CONFIG ? undefined : mediaType
}

function tooMuch(seen: string, index: Descriptor): ToolError {
  return new ToolError("E_LIMIT_EXCEEDED", {
    what: "an index is too large to copy",
    why: `${index.digest} has ${seen}`,
  })
}
