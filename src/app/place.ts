import type { Descriptor } from "../core/descriptor.ts"
import { ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import type { Digest } from "../core/digest.ts"
import type { ContentStore, PublicKey, SigningKey, TagChange, TagWrite } from "../core/ports.ts"
import type { SignatureKind, SignatureLocation } from "../core/report.ts"
import { parseManifest } from "../codec/oci/manifest.ts"
import { loadPrehashFor } from "../crypto/prehash.ts"
import { verifySignature } from "../crypto/verify.ts"
import { allowedSchemes } from "../crypto/schemes.ts"
import type {
  Draft,
  MergeOptions,
  SignatureFormat,
  SignatureImageContent,
  SignedDocument,
  TagPlacement,
} from "../formats/format.ts"
import type { AppContext, WriteOptions } from "./requests.ts"

/** Where a document ended. */
export interface Placed {
  readonly location?: SignatureLocation
  /** An equal document was there. */
  readonly existed: boolean
}

/** What placing needs of the request. */
export interface PlaceOptions extends WriteOptions {
  /** Key that signed, and what it signed: tells duplicates under a tag. */
  readonly key?: SigningKey
  readonly draft?: Pick<Draft, "message">
  /** Documents that the new one replaces. */
  readonly replace?: boolean
}

/**
 * Store a signed document where its format keeps documents, losing nothing that others store at the same time.
 */
export async function place(
  app: AppContext,
  store: ContentStore,
  subject: Descriptor,
  format: SignatureFormat,
  document: SignedDocument,
  options: PlaceOptions,
): Promise<Placed> {
  const { placement } = format.writer
  if (placement.place === "referrer") {
    const write = placement.manifest(subject, document, app.clock.now(), options.manifestForm)
    return attach(store, write, options.forceReferrersTag)
  }
  if (options.legacyAsReferrer === true) return attachLegacy(store, subject, placement, document, options)
  const { key, draft } = options
  if (key === undefined || draft === undefined)
    throw new ToolError("E_INTERNAL", { what: "a tag needs the signer's key" })
  return placeUnderTag(store, subject, placement, document, { ...options, key, draft })
}

async function attach(store: ContentStore, write: TagWrite, forceReferrersTag = false): Promise<Placed> {
  await pushBlobs(store, write)
  const attached = await store.attach(write.bytes, write.mediaType, forceReferrersTag ? { tag: "always" } : {})
  return {
    existed: false,
    location: { store: attached.via, where: store.name, reference: attached.descriptor.digest },
  }
}

/** COMPAT(cosign): every such manifest carries the earlier signatures too, because only the last one is read. */
async function attachLegacy(
  store: ContentStore,
  subject: Descriptor,
  placement: TagPlacement,
  document: SignedDocument,
  options: PlaceOptions,
): Promise<Placed> {
  const merging: MergeOptions = { ...mergeOptions(options), asReferrerOf: subject }
  const alone = placement.merge(undefined, document, merging)
  if (alone === undefined) return { existed: true }
  const earlier = await newestLike(store, subject, alone)
  const write = earlier === undefined ? alone : placement.merge(earlier, document, merging)
  return write === undefined ? { existed: true } : attach(store, write)
}

/** The last listed referrer of the same artifact type, with its config. */
async function newestLike(
  store: ContentStore,
  subject: Descriptor,
  write: TagWrite,
): Promise<SignatureImageContent | undefined> {
  const own = parseManifest(write.bytes, write.mediaType)
  const type = own.artifactType ?? (own.kind === "image" ? own.config.mediaType : "")
  const byApi = await store.listReferrers(subject.digest)
  const listed = byApi.supported ? byApi : await store.listReferrersTag(subject.digest)
  const newest = listed.entries.findLast((entry) => entry.artifactType === type)
  if (newest === undefined) return undefined
  const manifest = await store.fetchManifest(newest.digest)
  const parsed = parseManifest(manifest.bytes, manifest.descriptor.mediaType)
  if (parsed.kind !== "image") return undefined
  return { manifest, config: await store.fetchBlob(parsed.config, limits.configBytes) }
}

async function placeUnderTag(
  store: ContentStore,
  subject: Descriptor,
  placement: TagPlacement,
  document: SignedDocument,
  options: PlaceOptions & Required<Pick<PlaceOptions, "key" | "draft">>,
): Promise<Placed> {
  const tag = placement.tag(subject.digest, document.kind, options.tagPrefix)
  await loadPrehashFor([options.key.publicKey])
  let existed = false
  const seen = new Map<string, Descriptor>()
  const change: TagChange = async (current) => {
    if (current === undefined) return placement.merge(undefined, document, mergeOptions(options))
    const { config, layers } = placement.read(current)
    existed = placement
      .duplicates(layers, document)
      .some(
        (layer) =>
          layer.signature === undefined || verifiesFor(options.key.publicKey, options.draft.message, layer.signature),
      )
    if (existed) return undefined
    const content = { manifest: current, config: await store.fetchBlob(config, limits.configBytes) }
    const restore = vanished(seen, layers)
    const drop = options.replace === true ? { drop: sameType([...layers, ...restore], document) } : {}
    return placement.merge(content, document, { ...mergeOptions(options), ...drop, restore })
  }
  await store.updateTag(tag, change, (manifest) => existed || placement.holds(manifest, document))
  return { existed, location: { store: tagStore(document.kind), where: store.name, reference: tag } }
}

/**
 * Layers of earlier rounds that are gone now. A tag that others write at the same time loses layers; every writer puts
 * back what it has seen, so that a signer who has gone is not wiped out by a late one.
 */
function vanished(seen: Map<string, Descriptor>, layers: readonly Descriptor[]): readonly Descriptor[] {
  const key = (layer: Descriptor): string => `${layer.digest} ${JSON.stringify(layer.annotations ?? {})}`
  const present = new Set(layers.map(key))
  const lost = [...seen].flatMap(([known, layer]) => (present.has(known) ? [] : [layer]))
  for (const layer of layers) seen.set(key(layer), layer)
  return lost
}

/** Layers that say they hold the same predicate type; one that says nothing stays. */
function sameType(layers: readonly Descriptor[], document: SignedDocument): readonly Digest[] {
  return layers
    .filter((layer) => layer.annotations?.["predicateType"] === document.predicateType)
    .map((layer) => layer.digest)
}

function verifiesFor(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  return allowedSchemes(key.type).some((scheme) => verifySignature(key, scheme, message, signature))
}

function mergeOptions(options: WriteOptions): MergeOptions {
  return {
    ...(options.dockerMediaTypes === undefined ? {} : { dockerMediaTypes: options.dockerMediaTypes }),
    ...(options.createdAt === undefined ? {} : { createdAt: options.createdAt }),
  }
}

function tagStore(kind: SignatureKind): SignatureLocation["store"] {
  return kind === "signature" ? "signature-tag" : "attestation-tag"
}

async function pushBlobs(store: ContentStore, write: TagWrite): Promise<void> {
  await Promise.all((write.blobs ?? []).map(({ descriptor, source }) => store.pushBlob(descriptor, source)))
}
