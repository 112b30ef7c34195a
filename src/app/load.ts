import { parseImageManifest } from "../codec/oci/manifest.ts"
import { sha256Digest } from "../crypto/hash.ts"
import type { Descriptor, FetchedManifest } from "../core/descriptor.ts"
import { ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import { isDigest, type Digest } from "../core/digest.ts"
import type { ContentStore, TagWrite } from "../core/ports.ts"
import type { SignatureImageContent, SignedDocument, TagPlacement } from "../formats/format.ts"
import { attachedTag, attachmentsOf, taggedPlacement, type AttachedImage } from "./attachments.ts"
import type { LoadedArtifact, LoadRequest } from "./copy-requests.ts"
import type { AppContext } from "./requests.ts"
import { openTarget } from "./subjects.ts"
import { copyArtifact, copyContent } from "./transfer.ts"

const EMPTY = new Uint8Array(0)

/**
 * Push the artifact of an OCI layout folder with everything attached to it, bytes unchanged; its tag comes last.
 *
 * Signatures that lie under the tag already are kept: the saved ones are added to them. Referrers are attached as on
 * signing, with the referrers tag where there is no referrers API.
 *
 * @throws {ToolError} `E_REF_INVALID` when the layout holds no or several artifacts, or another one than the digest
 *   asked for; nothing is pushed then.
 */
export async function loadArtifact(app: AppContext, request: LoadRequest): Promise<LoadedArtifact> {
  const layout = app.stores.layout(request.folder)
  const { content, reference, signatures } = openTarget(app, request.target, request.signatureRepository)
  const subject = await layout.resolve("")
  if (isDigest(reference) && reference !== subject.digest) {
    throw new ToolError("E_REF_INVALID", {
      what: `${request.folder} holds another artifact than ${request.target.text}`,
      why: `it holds ${subject.digest}, expected ${reference}`,
      next: ["name a tag, or the digest that was saved"],
    })
  }
  const manifests = await copyArtifact(layout, content, subject)
  const attached: string[] = []
  for (const { digest } of manifests.toReversed()) {
    const { images, referrers } = await attachmentsOf(app, layout, digest)
    for (const image of images) attached.push(await loadImage(layout, signatures, digest, image, request.tagPrefix))
    for (const referrer of referrers) attached.push(await loadReferrer(layout, signatures, referrer))
  }
  if (!isDigest(reference)) {
    const { bytes, descriptor } = await layout.fetchManifest(subject.digest)
    await content.pushManifest(bytes, descriptor.mediaType, reference)
  }
  return { subject, attached }
}

/** @returns the referrer's digest. */
async function loadReferrer(layout: ContentStore, to: ContentStore, referrer: Descriptor): Promise<string> {
  const manifest = await layout.fetchManifest(referrer.digest)
  await copyContent(layout, to, manifest)
  await to.attach(manifest.bytes, manifest.descriptor.mediaType)
  return referrer.digest
}

/** @returns the tag written or found right. */
async function loadImage(
  layout: ContentStore,
  to: ContentStore,
  subject: Digest,
  image: AttachedImage,
  prefix: string | undefined,
): Promise<string> {
  const tag = await attachedTag(subject, image.kind, prefix)
  if (tag === undefined) throw new ToolError("E_REF_INVALID", { what: `${prefix ?? ""} cannot start a tag` })
  const saved = await layout.fetchManifest(image.descriptor.digest)
  const wanted = layersOf(saved)
  await copyContent(layout, to, saved)
  await to.updateTag(
    tag,
    async (current) => {
      const there = current === undefined ? [] : layersOf(current)
      if (current === undefined || without(there, wanted).length === 0) {
        const same = current !== undefined && without(wanted, there).length === 0
        return same ? undefined : { bytes: saved.bytes, mediaType: saved.descriptor.mediaType }
      }
      return merged(layout, to, current, without(wanted, there), image)
    },
    (manifest) => without(wanted, layersOf(manifest)).length === 0,
  )
  return tag
}

/** What is there with the missing layers after it; `undefined` when none is missing. */
async function merged(
  layout: ContentStore,
  to: ContentStore,
  current: FetchedManifest,
  missing: readonly Descriptor[],
  { kind }: AttachedImage,
): Promise<TagWrite | undefined> {
  const placement = await taggedPlacement()
  const config = await to.fetchBlob(placement.read(current).config, limits.configBytes)
  let content: SignatureImageContent = { manifest: current, config }
  let write: TagWrite | undefined
  for (const layer of missing) {
    const bytes = await layout.fetchBlob(layer, limits.attachmentBytes)
    write = placement.merge(content, documentOf(layer, bytes, kind), {}) ?? write
    if (write !== undefined) content = contentOf(placement, write, content)
  }
  return write
}

/** A stored layer as the document that a merge adds; what was signed is of no interest there. */
function documentOf(layer: Descriptor, bytes: Uint8Array, kind: AttachedImage["kind"]): SignedDocument {
  const { mediaType, digest, size, annotations = {} } = layer
  const descriptor = { mediaType, digest, size }
  return { format: "cosign-v2", kind, bytes, descriptor, mediaType, payload: EMPTY, signature: EMPTY, annotations }
}

function contentOf(
  placement: TagPlacement,
  { bytes, mediaType, blobs = [] }: TagWrite,
  before: SignatureImageContent,
): SignatureImageContent {
  const manifest = { descriptor: { mediaType, digest: sha256Digest(bytes), size: bytes.length }, bytes }
  const { config } = placement.read(manifest)
  const blob = blobs.find(({ descriptor }) => descriptor.digest === config.digest)
  return { manifest, config: blob !== undefined && "bytes" in blob.source ? blob.source.bytes : before.config }
}

function layersOf({ bytes, descriptor }: FetchedManifest): readonly Descriptor[] {
  return parseImageManifest(bytes, descriptor.mediaType).layers
}

/** Layers of `all` that are not among `others`: same content and same annotations, in any order. */
function without(all: readonly Descriptor[], others: readonly Descriptor[]): readonly Descriptor[] {
  const known = new Set(others.map(identity))
  return all.filter((layer) => !known.has(identity(layer)))
}

function identity({ mediaType, digest, annotations = {} }: Descriptor): string {
  const sorted = Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([mediaType, digest, sorted])
}
