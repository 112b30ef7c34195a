import type { Descriptor } from "../core/descriptor.ts"
import type { ContentStore } from "../core/ports.ts"
import { isIndexType } from "../core/media-types.ts"
import { attachmentsOf, type AttachedImage } from "./attachments.ts"
import type { SavedArtifact, SaveRequest } from "./copy-requests.ts"
import type { AppContext } from "./requests.ts"
import { openTarget } from "./subjects.ts"
import { copyArtifact } from "./transfer.ts"

const KIND = "kind"
const REF_NAME = "org.opencontainers.image.ref.name"

/** COMPAT(cosign 2.5, 3.1): how `load` and `--local-image` tell what an entry is. Spec: cosign `pkg/oci/layout`. */
const KINDS = {
  image: "dev.cosignproject.cosign/image",
  index: "dev.cosignproject.cosign/imageIndex",
  signature: "dev.cosignproject.cosign/sigs",
  attestation: "dev.cosignproject.cosign/atts",
} as const

/**
 * Write an artifact and everything attached to it into an OCI layout folder: blobs and manifests first, `index.json`
 * last, so that a failure leaves no layout that looks whole.
 *
 * `index.json` lists the artifact, its signatures and attestations as cosign does, then every referrer, and what is
 * attached to the children of an index. An earlier `index.json` is replaced.
 *
 * @throws {ToolError} `E_REF_TAG_NOT_FOUND` when the artifact does not exist; what the stores throw.
 */
export async function saveArtifact(app: AppContext, request: SaveRequest): Promise<SavedArtifact> {
  const { content, reference, signatures } = openTarget(app, request.target, request.signatureRepository)
  const layout = app.stores.layout(request.folder)
  const subject = await content.resolve(reference)
  const copied = await copyArtifact(content, layout, subject)
  const entries: Descriptor[] = copied.slice(-1).map(subjectEntry)
  // The artifact's own signatures come first: cosign takes the first of each kind.
  for (const manifest of copied.toReversed()) {
    const { images, referrers } = await attachmentsOf(app, signatures, manifest.digest, request.tagPrefix)
    for (const image of images) {
      await copyArtifact(signatures, layout, image.descriptor)
      entries.push(imageEntry(image, manifest.digest === subject.digest))
    }
    for (const referrer of referrers) entries.push(...(await copyReferrer(signatures, layout, referrer)))
  }
  await layout.replaceEntries(entries)
  return { subject, entries }
}

function subjectEntry(descriptor: Descriptor): Descriptor {
  const kind = isIndexType(descriptor.mediaType) ? KINDS.index : KINDS.image
  return { ...descriptor, annotations: { [KIND]: kind } }
}

/** What belongs to a child must not be taken for the artifact's own: it has its tag as name, and no kind. */
function imageEntry({ kind, tag, descriptor }: AttachedImage, own: boolean): Descriptor {
  const { mediaType, digest, size } = descriptor
  return { mediaType, digest, size, annotations: own ? { [KIND]: KINDS[kind] } : { [REF_NAME]: tag } }
}

/**
 * DEVIATION: cosign leaves referrers as blobs that nothing lists. One without a type of its own stays so: a bare entry
 * would look like another artifact.
 *
 * SECURITY: entries carry no annotation of the referrer, which anybody may have pushed; `kind` there would make it the
 * artifact.
 */
async function copyReferrer(
  from: ContentStore,
  to: ContentStore,
  referrer: Descriptor,
): Promise<readonly Descriptor[]> {
  const copied = await copyArtifact(from, to, referrer)
  return copied.slice(-1).filter(({ artifactType }) => artifactType !== undefined)
}
