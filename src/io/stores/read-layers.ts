import type { Descriptor } from "../../core/descriptor.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import { asToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { ContentStore, OtherReferrer, RawSignature } from "../../core/ports.ts"
import type { SignatureLocation } from "../../core/report.ts"

/** A layer to be read as a signature document. */
export interface LayerRequest {
  readonly location: SignatureLocation
  readonly layer: Descriptor
  readonly artifactType?: string
  readonly annotations: Readonly<Record<string, string>>
}

/** What was read, in the order asked; `failed` holds the first failure. */
export interface LayersRead {
  readonly signatures: readonly RawSignature[]
  readonly others: readonly OtherReferrer[]
  readonly failed: { readonly code: ErrorCode; readonly message: string } | undefined
}

/**
 * Read layers side by side, at most as many at once as a host takes. One that cannot be read becomes an entry of
 * `others` with its error and does not keep the rest from being read.
 *
 * @param maxBytes - of one layer; larger ones are refused by their descriptor.
 */
export async function readLayers(
  store: ContentStore,
  requests: readonly LayerRequest[],
  maxBytes: (mediaType: string) => number,
  signal?: AbortSignal,
): Promise<LayersRead> {
  const results = await inOrder(requests, async (request): Promise<RawSignature | OtherReferrer> => {
    const { location, layer, artifactType, annotations } = request
    try {
      const bytes = await store.fetchBlob(layer, maxBytes(layer.mediaType), signal)
      const type = artifactType === undefined ? {} : { artifactType }
      return { location, descriptor: layer, bytes, mediaType: layer.mediaType, ...type, annotations }
    } catch (thrown) {
      signal?.throwIfAborted()
      return { location, descriptor: layer, error: shortError(thrown) }
    }
  })
  const others = results.filter((result): result is OtherReferrer => !("bytes" in result))
  return {
    signatures: results.filter((result): result is RawSignature => "bytes" in result),
    others,
    failed: others.find((other) => other.error !== undefined)?.error,
  }
}

/** Error as a report carries it. */
export function shortError(thrown: unknown): { readonly code: ErrorCode; readonly message: string } {
  const error = asToolError(thrown)
  return { code: error.code, message: error.message }
}

/** Run `work` for every item, bounded side by side; results in the order of the items. */
export async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Map<number, R>()
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [position, item] of queue) results.set(position, await work(item))
  }
  await Promise.all(Array.from({ length: Math.min(limits.perHost, items.length) }, worker))
  return [...results.entries()].toSorted(([a], [b]) => a - b).map(([, result]) => result)
}
