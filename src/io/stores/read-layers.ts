import type { Descriptor } from "../../core/descriptor.ts"
import { asToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { ContentStore, DocumentReader, OtherReferrer } from "../../core/ports.ts"
import type { SignatureLocation } from "../../core/report.ts"
import type { ByteGate } from "./byte-gate.ts"
import type { ShortError } from "./store-answer.ts"

/** A layer to be read as a signature document. */
export interface LayerRequest {
  readonly location: SignatureLocation
  readonly layer: Descriptor
  readonly artifactType?: string
  readonly subject?: Descriptor
  readonly annotations: Readonly<Record<string, string>>
}

/** What became of the layers; `failed` holds the first failure. */
export interface LayersRead {
  /** Documents handed out. */
  readonly count: number
  readonly others: readonly OtherReferrer[]
  readonly failed: ShortError | undefined
}

/** How layers are read. */
export interface LayerReading {
  /** Most bytes of one layer; larger ones are refused by their descriptor. */
  readonly maxBytes: (mediaType: string) => number
  readonly reader: DocumentReader
  /** Shared by everything that reads documents in this process. */
  readonly gate: ByteGate
  readonly signal: AbortSignal | undefined
}

/** What a store keeps to. */
export interface StoreBounds extends Pick<LayerReading, "maxBytes" | "gate"> {
  /** Documents read for one subject; more make the answer "failed". */
  readonly maxSignatures: number
}

/**
 * Read layers and hand them out in order, some at a time: as many side by side as a host takes and as
 * `limits.documentBytesInFlight` allows, then the next ones. Content that several layers name is fetched once. A layer
 * that cannot be read becomes an entry of `others` with its error and does not keep the rest from being read.
 *
 * SECURITY: nothing is held beyond what is being read, and the subject's bytes are bounded; whoever may push could
 * otherwise exhaust the memory of everybody who verifies.
 */
export async function readLayers(
  store: ContentStore,
  requests: readonly LayerRequest[],
  reading: LayerReading,
): Promise<LayersRead> {
  const others: OtherReferrer[] = []
  let count = 0
  if (requests.length > 0) await reading.reader.turn()
  for (const window of windowsOf(requests, reading.maxBytes)) {
    await reading.gate.hold(bytesOf(window, reading.maxBytes), async () => {
      const contents = await fetchContents(store, window, reading)
      for (const { location, layer, artifactType, subject, annotations } of window) {
        const content = contents.get(contentKey(layer))
        const descriptor = withoutContent(layer)
        if (content instanceof Uint8Array) {
          const type = artifactType === undefined ? {} : { artifactType }
          await reading.reader.take({
            location,
            descriptor,
            bytes: content,
            mediaType: layer.mediaType,
            ...type,
            ...(subject === undefined ? {} : { subject }),
            annotations,
          })
          count += 1
        } else others.push({ location, descriptor, ...(content === undefined ? {} : { error: content }) })
      }
    })
  }
  return { count, others, failed: others.find((other) => other.error !== undefined)?.error }
}

/** Consecutive layers whose different contents fit into memory together; at least one each. */
function windowsOf(
  requests: readonly LayerRequest[],
  maxBytes: LayerReading["maxBytes"],
): readonly (readonly LayerRequest[])[] {
  const windows: LayerRequest[][] = []
  let keys = new Set<string>()
  let bytes = 0
  for (const request of requests) {
    const key = contentKey(request.layer)
    const more = keys.has(key) ? 0 : heldBytes(request.layer, maxBytes)
    const current = windows.at(-1)
    if (current === undefined || (bytes > 0 && more > 0 && bytes + more > limits.documentBytesInFlight)) {
      windows.push([request])
      keys = new Set([key])
      bytes = heldBytes(request.layer, maxBytes)
    } else {
      current.push(request)
      keys.add(key)
      bytes += more
    }
  }
  return windows
}

function bytesOf(window: readonly LayerRequest[], maxBytes: LayerReading["maxBytes"]): number {
  const sizes = new Map(window.map(({ layer }) => [contentKey(layer), heldBytes(layer, maxBytes)]))
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

/** What is refused by its descriptor takes no memory. */
function heldBytes(layer: Descriptor, maxBytes: LayerReading["maxBytes"]): number {
  return layer.size > maxBytes(layer.mediaType) ? 0 : layer.size
}

/** Content is what digest and size say; the bound of its media type may differ. */
function contentKey({ digest, size, mediaType }: Descriptor): string {
  return `${digest} ${size} ${mediaType}`
}

async function fetchContents(
  store: ContentStore,
  window: readonly LayerRequest[],
  { maxBytes, reader, signal }: LayerReading,
): Promise<ReadonlyMap<string, Uint8Array | ShortError>> {
  const layers = [...new Map(window.map(({ layer }) => [contentKey(layer), layer])).entries()]
  const contents = await inOrder(layers, async ([key, layer]): Promise<[string, Uint8Array | ShortError]> => {
    if (!reader.spend(heldBytes(layer, maxBytes))) return [key, tooMuch(layer)]
    try {
      return [key, await store.fetchBlob(layer, maxBytes(layer.mediaType), signal)]
    } catch (thrown) {
      signal?.throwIfAborted()
      return [key, shortError(thrown)]
    }
  })
  return new Map(contents)
}

/** Error of what is not read because the subject's bytes are used up. */
export function tooMuch({ digest, size }: Descriptor): ShortError {
  return {
    code: "E_LIMIT_EXCEEDED",
    message: `${digest} of ${size} bytes is not read, at most ${limits.subjectBytes} bytes are read for one artifact`,
  }
}

/** Content that lies in the descriptor itself is of no use once it was read. */
function withoutContent(layer: Descriptor): Descriptor {
  const rest: { -readonly [K in keyof Descriptor]: Descriptor[K] } = { ...layer }
  delete rest.data
  return rest
}

/** Error as a report carries it. */
export function shortError(thrown: unknown): ShortError {
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
