import type { Candidate, ClaimRoom } from "../core/candidate.ts"
import type { Descriptor } from "../core/descriptor.ts"
import { digestAlgorithm, digestHex } from "../core/digest.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import type { ContentStore, OtherReferrer, RawSignature, SignatureStore } from "../core/ports.ts"
import type { SignatureKind } from "../core/report.ts"
import { formats, wantedTypes } from "../formats/index.ts"
import { askAll } from "./collect.ts"
import { claimRoom } from "./evaluate.ts"
import { holdsEvidence } from "./holds-evidence.ts"
import type { AppContext, AttachedItem, FormatName, ListRequest, ListResult } from "./requests.ts"
import { openTarget } from "./subjects.ts"
import { parseManifest } from "../codec/oci/manifest.ts"

const KINDS: readonly SignatureKind[] = ["signature", "attestation"]

/**
 * Everything attached to an artifact, wherever it lies, without judging it.
 *
 * What cannot be read is listed with its error; nothing is left out silently.
 */
export async function listAttached(app: AppContext, request: ListRequest): Promise<ListResult> {
  const open = openTarget(app, request.target, request.signatureRepository)
  const subject = await open.content.resolve(open.reference)
  const stores = allStores(app, open.signatures, request.tagPrefix)
  const found = new Map<SignatureStore, AttachedItem[]>(stores.map((store) => [store, []]))
  const room = request.decode ? claimRoom() : undefined
  const [answers, sboms] = await Promise.all([
    askAll(stores, {
      subject,
      wanted: wantedTypes(KINDS),
      attachmentBytes: limits.attachmentBytes,
      take: async (raw, store) => {
        found.get(store)?.push(...(await signatureItems(raw, room)))
      },
    }),
    sbomItems(open.signatures, subject, request.tagPrefix ?? ""),
  ])
  const items = answers.flatMap((answer, index) => {
    const store = stores[index]
    return [...((store && found.get(store)) ?? []), ...answer.others.map(otherItem)]
  })
  return { artifact: request.target.text, subject, items: [...items, ...sboms], stores: answers.map((a) => a.report) }
}

function allStores(app: AppContext, where: ContentStore, tagPrefix: string | undefined): readonly SignatureStore[] {
  const stores = new Map<string, SignatureStore>()
  for (const kind of KINDS) {
    const options = {
      kind,
      formats: formats.map((format): FormatName => format.id),
      attachmentBytes: limits.attachmentBytes,
      ...(tagPrefix === undefined ? {} : { tagPrefix }),
    }
    for (const store of app.stores.signatures(where, options)) stores.set(store.kind, store)
  }
  return [...stores.values()]
}

async function signatureItems(raw: RawSignature, room: ClaimRoom | undefined): Promise<readonly AttachedItem[]> {
  const format = formats.find((candidate) => candidate.accepts(raw))
  if (format === undefined) return [{ ...rawItem(raw), format: "unrecognised", kind: "other" }]
  try {
    const candidates = (await format.load()).parse(raw)
    return await Promise.all(candidates.map((candidate) => candidateItem(candidate, room)))
  } catch (thrown) {
    return [{ ...rawItem(raw), format: format.id, kind: "other", error: asToolError(thrown) }]
  }
}

/** A document, decoded. @param room - absent = its content and evidence are left out. */
export async function candidateItem(candidate: Candidate, room: ClaimRoom | undefined): Promise<AttachedItem> {
  const seen = room !== undefined && candidate.attributes === undefined && holdsEvidence(candidate)
  const read = seen ? (await import("./seen-evidence.ts")).seenEvidence : undefined
  return {
    ...rawItem(candidate.raw),
    format: candidate.format,
    kind: candidate.kind,
    ...(candidate.predicateType === undefined ? {} : { predicateType: candidate.predicateType }),
    ...(read === undefined ? {} : { evidence: read(candidate) }),
    ...(room === undefined ? {} : { content: candidate.claims(room) }),
  }
}

function rawItem(raw: RawSignature): Omit<AttachedItem, "format" | "kind"> {
  return {
    mediaType: raw.mediaType,
    ...(raw.artifactType === undefined ? {} : { artifactType: raw.artifactType }),
    location: raw.location,
    descriptor: raw.descriptor,
    annotations: raw.annotations,
  }
}

function otherItem(other: OtherReferrer): AttachedItem {
  const { artifactType, annotations, mediaType } = other.descriptor
  return {
    format: other.family ?? "unrecognised",
    kind: "other",
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    location: other.location,
    descriptor: other.descriptor,
    annotations: annotations ?? {},
    ...(other.error === undefined ? {} : { error: new ToolError(other.error.code, { what: other.error.message }) }),
  }
}

/** Tag that holds cosign's attached SBOMs. */
export function sbomTag(subject: Descriptor, prefix: string): string {
  return `${prefix}${digestAlgorithm(subject.digest)}-${digestHex(subject.digest)}.sbom`
}

async function sbomItems(store: ContentStore, subject: Descriptor, prefix: string): Promise<readonly AttachedItem[]> {
  const tag = sbomTag(subject, prefix)
  const state = await store.readTag(tag)
  if (state === undefined) return []
  const { descriptor, bytes } = state.manifest
  const manifest = parseManifest(bytes, descriptor.mediaType)
  if (manifest.kind !== "image") return []
  return manifest.layers.map((layer, position) => ({
    format: "sbom",
    kind: "sbom",
    mediaType: layer.mediaType,
    location: { store: "attestation-tag", where: store.name, reference: tag, position },
    descriptor: layer,
    annotations: layer.annotations ?? {},
  }))
}
