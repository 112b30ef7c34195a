import { parseManifest } from "../codec/oci/manifest.ts"
import type { Descriptor } from "../core/descriptor.ts"
import type { Digest } from "../core/digest.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import type { ContentStore } from "../core/ports.ts"
import { isTag } from "../core/reference-grammar.ts"
import type { SignatureKind } from "../core/report.ts"
import type { TagPlacement } from "../formats/format.ts"
import { formats } from "../formats/index.ts"
import { mapBounded } from "./map-bounded.ts"
import type { AppContext } from "./requests.ts"

/** An image of signatures or attestations under a tag made from the subject's digest. */
export interface AttachedImage {
  readonly kind: SignatureKind
  /** Tag without a prefix: `sha256-HEX.sig` or `.att`. */
  readonly tag: string
  readonly descriptor: Descriptor
}

/** Everything attached to one manifest. */
export interface Attachments {
  readonly images: readonly AttachedImage[]
  readonly referrers: readonly Descriptor[]
}

/** The format whose documents lie under tags. */
export async function taggedPlacement(): Promise<TagPlacement> {
  for (const format of formats.filter(({ signer }) => signer === "key")) {
    const { placement } = (await format.load()).writer
    if (placement.place === "tag") return placement
  }
  throw new ToolError("E_INTERNAL", { what: "no format keeps its documents under tags" })
}

/** Tag of what is attached to `subject`; `undefined` where the digest is too long for one. */
export async function attachedTag(subject: Digest, kind: SignatureKind, prefix?: string): Promise<string | undefined> {
  const tag = (await taggedPlacement()).tag(subject, kind, prefix)
  return isTag(tag) ? tag : undefined
}

/**
 * Find what is attached to `subject` in a store: signature tags, and referrers of every type, by the API and by the
 * referrers tag.
 *
 * @throws {ToolError} when a place cannot be read: what could not be read must not look like nothing.
 */
export async function attachmentsOf(
  app: AppContext,
  store: ContentStore,
  subject: Digest,
  tagPrefix?: string,
): Promise<Attachments> {
  const images = await mapBounded(["signature", "attestation"] as const, 2, (kind) =>
    attachedImage(store, subject, kind, tagPrefix),
  )
  const lists = await Promise.all([store.listReferrers(subject), store.listReferrersTag(subject)])
  const listed = new Map(lists.flatMap((list) => list.entries).map((entry) => [entry.digest, entry]))
  if (listed.size > limits.referrers) {
    throw new ToolError("E_LIMIT_EXCEEDED", {
      what: `too many referrers of ${subject}`,
      why: `${store.name} lists ${listed.size}, at most ${limits.referrers} are read`,
    })
  }
  const referrers = await mapBounded([...listed.values()], limits.perHost, (entry) =>
    checkedReferrer(app, store, subject, entry),
  )
  return { images: images.flat(), referrers: referrers.flat() }
}

async function attachedImage(
  store: ContentStore,
  subject: Digest,
  kind: SignatureKind,
  tagPrefix: string | undefined,
): Promise<readonly AttachedImage[]> {
  const tag = await attachedTag(subject, kind)
  const there = await attachedTag(subject, kind, tagPrefix)
  const state = there === undefined ? undefined : await store.readTag(there)
  return tag === undefined || state === undefined ? [] : [{ kind, tag, descriptor: state.manifest.descriptor }]
}

/** SECURITY: the list is only a claim; the manifest itself must name the subject. */
async function checkedReferrer(
  app: AppContext,
  store: ContentStore,
  subject: Digest,
  entry: Descriptor,
): Promise<readonly Descriptor[]> {
  try {
    const { bytes, descriptor } = await store.fetchManifest(entry.digest)
    return parseManifest(bytes, descriptor.mediaType).subject?.digest === subject ? [descriptor] : []
  } catch (thrown) {
    // A referrers tag may still name what was deleted.
    if (asToolError(thrown).code !== "E_REF_TAG_NOT_FOUND") throw thrown
    app.logger.warn("referrers.missing", { subject, referrer: entry.digest })
    return []
  }
}
