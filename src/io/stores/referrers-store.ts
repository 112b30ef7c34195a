import type { Descriptor, ImageManifest } from "../../core/descriptor.ts"
import { isIndexType } from "../../core/media-types.ts"
import type { ContentStore, OtherReferrer, SignatureStore, Subject } from "../../core/ports.ts"
import type { SignatureLocation } from "../../core/report.ts"
import { parseImageManifest } from "../../codec/oci/manifest.ts"
import { isUntold, isWanted } from "./media-match.ts"
import {
  inOrder,
  readLayers,
  shortError,
  tooMuch,
  type LayerReading,
  type LayerRequest,
  type StoreBounds,
} from "./read-layers.ts"
import { storeAnswer, tooManySignatures, unsupportedAnswer, type ShortError } from "./store-answer.ts"

/** By API or by referrers tag. */
export type ReferrersStoreKind = "referrers-api" | "referrers-tag"

/** Config type of cosign's older referrers, which hold one layer per signature. */
const COSIGN_LEGACY_CONFIG = "application/vnd.dev.cosign.artifact.sig.v1+json"

/** What became of one listed referrer. */
interface Candidate {
  readonly layers: readonly LayerRequest[]
  readonly other?: OtherReferrer
  /** Set when it could not be read at all. */
  readonly failed?: ShortError
}

/**
 * Signatures among the referrers of a subject.
 *
 * The listing's artifact types only save requests: a wanted type or one that tells nothing makes a candidate, and then
 * the manifest itself must name the subject and hold one wanted document (any number in cosign's older form).
 *
 * Spec: OCI distribution-spec "Listing Referrers"; cosign `specs/BUNDLE_SPEC.md`.
 * Security: a candidate that cannot be read makes the answer "failed", never "none".
 */
export function referrersStore(where: ContentStore, kind: ReferrersStoreKind, options: StoreBounds): SignatureStore {
  const place = { store: kind, where: where.name } as const
  return {
    kind,
    async find(subject, wanted, reader, signal) {
      try {
        const list =
          kind === "referrers-api"
            ? await where.listReferrers(subject.digest, undefined, signal)
            : await where.listReferrersTag(subject.digest, undefined, signal)
        // A missing tag is an empty list; a missing API says nothing about signatures.
        if (!list.supported && kind === "referrers-api") return unsupportedAnswer(place)
        return await read(where, place, { subject, wanted, entries: list.entries }, { ...options, reader, signal })
      } catch (thrown) {
        signal?.throwIfAborted()
        return storeAnswer(place, 0, [], shortError(thrown))
      }
    },
  }
}

async function read(
  where: ContentStore,
  place: { readonly store: ReferrersStoreKind; readonly where: string },
  asked: { readonly subject: Subject; readonly wanted: readonly string[]; readonly entries: readonly Descriptor[] },
  reading: LayerReading & StoreBounds,
): Promise<ReturnType<typeof storeAnswer>> {
  const { subject, wanted, entries } = asked
  const at = (entry: Descriptor): SignatureLocation => ({ ...place, reference: entry.digest })
  const isCandidate = (entry: Descriptor): boolean =>
    !isIndexType(entry.mediaType) && (isUntold(entry.artifactType) || mayHold(entry.artifactType ?? "", wanted))
  const candidates = entries.filter(isCandidate)
  const uninteresting = entries.filter((entry) => !isCandidate(entry))
  const chosen = candidates.slice(0, reading.maxSignatures)
  const looked = await inOrder(chosen, (entry) => look(where, entry, at(entry), { subject, wanted }, reading))
  const layers = withoutRepeats(looked.flatMap((candidate) => candidate.layers))
  const documents = await readLayers(where, layers.slice(0, reading.maxSignatures), reading)
  const others: readonly OtherReferrer[] = [
    ...looked.flatMap((candidate) => candidate.other ?? []),
    ...documents.others,
    ...[...uninteresting, ...candidates.slice(chosen.length)].map((entry) => ({
      location: at(entry),
      descriptor: entry,
    })),
  ]
  const failed =
    looked.find((candidate) => candidate.failed !== undefined)?.failed ??
    documents.failed ??
    tooManySignatures(Math.max(candidates.length, layers.length), reading.maxSignatures)
  return storeAnswer(place, documents.count, others, failed)
}

/** Whether a referrer of this type can hold a wanted document. */
function mayHold(artifactType: string, wanted: readonly string[]): boolean {
  return isWanted(artifactType, wanted) || artifactType === COSIGN_LEGACY_CONFIG
}

async function look(
  where: ContentStore,
  entry: Descriptor,
  location: SignatureLocation,
  { subject, wanted }: { readonly subject: Subject; readonly wanted: readonly string[] },
  { reader, signal }: LayerReading,
): Promise<Candidate> {
  if (!reader.spend(entry.size)) {
    const error = tooMuch(entry)
    return { layers: [], other: { location, descriptor: entry, error }, failed: error }
  }
  let manifest: ImageManifest
  try {
    const fetched = await where.fetchManifest(entry.digest, signal)
    manifest = parseImageManifest(fetched.bytes, fetched.descriptor.mediaType)
  } catch (thrown) {
    signal?.throwIfAborted()
    const error = shortError(thrown)
    return { layers: [], other: { location, descriptor: entry, error }, failed: error }
  }
  // SECURITY: the list is only a claim; a referrers tag may even name the subject's own children.
  if (manifest.subject?.digest !== subject.digest) {
    const message = `its subject is ${manifest.subject?.digest ?? "missing"}, expected ${subject.digest}`
    return { layers: [], other: { location, descriptor: entry, error: { code: "E_SIG_SUBJECT_MISMATCH", message } } }
  }
  return documentsOf(manifest, entry, location, wanted)
}

function documentsOf(
  manifest: ImageManifest,
  entry: Descriptor,
  location: SignatureLocation,
  wanted: readonly string[],
): Candidate {
  const artifactType = manifest.artifactType ?? manifest.config.artifactType
  // Of a manifest without a type, the config's media type tells.
  const told = artifactType ?? manifest.config.mediaType
  const type = artifactType === undefined ? {} : { artifactType }
  if (manifest.config.mediaType === COSIGN_LEGACY_CONFIG) {
    const layers = manifest.layers.flatMap((layer, position) =>
      isWanted(layer.mediaType, wanted)
        ? [{ location: { ...location, position }, layer, ...type, annotations: layer.annotations ?? {} }]
        : [],
    )
    return layers.length > 0 ? { layers } : { layers, other: { location, descriptor: entry } }
  }
  const [layer] = manifest.layers
  const relevant = manifest.layers.some(({ mediaType }) => isWanted(mediaType, wanted)) || mayHold(told, wanted)
  if (!relevant) return { layers: [], other: { location, descriptor: entry } }
  if (layer === undefined || manifest.layers.length !== 1 || !isWanted(layer.mediaType, wanted)) {
    const types = manifest.layers.map(({ mediaType }) => mediaType).slice(0, 5)
    const message = `it has ${manifest.layers.length} layers (${types.join(", ")}), expected exactly one signature document`
    return { layers: [], other: { location, descriptor: entry, error: { code: "E_FORMAT_MALFORMED", message } } }
  }
  const { subject, annotations } = manifest
  const about = subject === undefined ? {} : { subject }
  return { layers: [{ location: { ...location, position: 0 }, layer, ...type, ...about, annotations }] }
}

/** COMPAT(cosign 2.5): each push in the older form repeats all earlier signatures. */
function withoutRepeats(layers: readonly LayerRequest[]): readonly LayerRequest[] {
  const key = ({ layer, annotations }: LayerRequest): string =>
    JSON.stringify([layer.digest, Object.entries(annotations)])
  return [...new Map(layers.toReversed().map((one) => [key(one), one])).values()].toReversed()
}
