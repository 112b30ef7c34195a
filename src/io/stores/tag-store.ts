import { digestAlgorithm, digestHex, type Digest } from "../../core/digest.ts"
import { limits } from "../../core/limits.ts"
import type { ContentStore, OtherReferrer, SignatureStore } from "../../core/ports.ts"
import { isTag } from "../../core/reference-grammar.ts"
import { parseImageManifest } from "../../codec/oci/manifest.ts"
import { isWanted } from "./media-match.ts"
import { readLayers, shortError, type LayerRequest, type StoreBounds } from "./read-layers.ts"
import { storeAnswer, tooManySignatures, type ShortError } from "./store-answer.ts"

/** Which of cosign's tags. */
export type TagStoreKind = "signature-tag" | "attestation-tag"

const SUFFIX: Readonly<Record<TagStoreKind, string>> = { "signature-tag": "sig", "attestation-tag": "att" }

/**
 * Tag under which cosign keeps what belongs to a subject: `[prefix]sha256-<hex>.sig` or `.att`.
 *
 * Spec: cosign `specs/SIGNATURE_SPEC.md`.
 */
export function signatureTag(subject: Digest, kind: TagStoreKind, prefix = ""): string {
  return `${prefix}${digestAlgorithm(subject)}-${digestHex(subject)}.${SUFFIX[kind]}`
}

/**
 * Signatures under one of cosign's tags: each layer is a document, its annotations carry the signature.
 *
 * At most 1000 layers are accepted and the first `maxSignatures` wanted ones are read; the rest makes the answer "failed",
 * as does any layer that cannot be read.
 */
export function tagStore(
  where: ContentStore,
  kind: TagStoreKind,
  options: StoreBounds & { readonly tagPrefix?: string },
): SignatureStore {
  const place = { store: kind, where: where.name } as const
  return {
    kind,
    async find(subject, wanted, reader, signal) {
      const tag = signatureTag(subject.digest, kind, options.tagPrefix)
      // A longer digest than sha256 makes no valid tag, so nothing can lie there.
      if (!isTag(tag)) return storeAnswer(place, 0, [], undefined)
      try {
        const state = await where.readTag(tag, signal)
        if (state === undefined) return storeAnswer(place, 0, [], undefined)
        const { layers } = parseImageManifest(state.manifest.bytes, state.manifest.descriptor.mediaType)
        const located = layers.map((layer, position): LayerRequest => ({
          location: { ...place, reference: tag, position },
          layer,
          annotations: layer.annotations ?? {},
        }))
        const documents = located.filter(({ layer }) => isWanted(layer.mediaType, wanted))
        const foreign = located.filter(({ layer }) => !isWanted(layer.mediaType, wanted)).map(listed)
        const excess = tooMany(layers.length, documents.length, options.maxSignatures)
        if (layers.length > limits.signatureLayers) return storeAnswer(place, 0, [], excess)
        const chosen = documents.slice(0, options.maxSignatures)
        const read = await readLayers(where, chosen, { ...options, reader, signal })
        return storeAnswer(place, read.count, [...read.others, ...foreign], read.failed ?? excess)
      } catch (thrown) {
        signal?.throwIfAborted()
        return storeAnswer(place, 0, [], shortError(thrown))
      }
    },
  }
}

function listed({ location, layer }: LayerRequest): OtherReferrer {
  return { location, descriptor: layer }
}

function tooMany(layers: number, documents: number, maxSignatures: number): ShortError | undefined {
  if (layers > limits.signatureLayers) {
    return { code: "E_LIMIT_EXCEEDED", message: `${layers} layers, at most ${limits.signatureLayers} are accepted` }
  }
  return tooManySignatures(documents, maxSignatures)
}
