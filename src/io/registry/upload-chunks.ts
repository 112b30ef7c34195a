import type { Descriptor } from "../../core/descriptor.ts"
import { asToolError, type ToolError } from "../../core/errors.ts"
import { limits, MIB } from "../../core/limits.ts"
import type { UploadSource } from "../../core/ports.ts"
import type { HttpResponse } from "../net/http-types.ts"
import { concat, failureError, protocolError, readFailure } from "./answers.ts"
import type { RepositoryContext } from "./context.ts"
import { pushScope } from "./manifests.ts"
import { resolveUploadLocation } from "./server-links.ts"

/** Bytes of one PATCH; also what is held in memory. */
const CHUNK_BYTES: number = 8 * MIB

interface Place {
  readonly location: string
  readonly offset: number
}

/**
 * Send content in PATCH chunks. After a break the registry is asked how much it has, and sending goes on from there.
 *
 * @param source - already checked against the descriptor as it is read.
 * @param location - upload URL of the POST.
 * @returns upload URL for the closing PUT.
 * @throws {ToolError} `E_REGISTRY_*`, `E_NET_*` when there is no progress after the allowed number of tries.
 *
 * Spec: OCI distribution-spec "Pushing a blob in chunks".
 */
export async function uploadChunks(
  context: RepositoryContext,
  descriptor: Descriptor,
  source: UploadSource,
  location: string,
  signal?: AbortSignal,
): Promise<string> {
  let place: Place = { location, offset: 0 }
  let failures = 0
  let chunks = chunksFrom(source, 0)
  for (;;) {
    const next = await chunks.next()
    if (next.done === true) return place.location
    const sent = await sendChunk(context, place, next.value, signal)
    if ("place" in sent) {
      place = sent.place
      failures = 0
      continue
    }
    failures++
    if (failures >= limits.tries || signal?.aborted === true) throw sent.error
    await context.sleep(100 * 2 ** failures, signal)
    place = await askProgress(context, place, descriptor.size, signal)
    context.logger.debug("registry.upload.resume", { digest: descriptor.digest, at: place.offset })
    await chunks.return()
    chunks = chunksFrom(source, place.offset)
  }
}

async function* chunksFrom(source: UploadSource, offset: number): AsyncGenerator<Uint8Array, void, void> {
  let skip = offset
  let held: Uint8Array[] = []
  let size = 0
  for await (const piece of "bytes" in source ? [source.bytes] : source.open()) {
    for (let rest = piece.subarray(Math.min(skip, piece.length)); rest.length > 0;) {
      const part = rest.subarray(0, CHUNK_BYTES - size)
      held.push(part)
      size += part.length
      rest = rest.subarray(part.length)
      if (size === CHUNK_BYTES) {
        yield concat(held)
        held = []
        size = 0
      }
    }
    skip = Math.max(0, skip - piece.length)
  }
  if (size > 0) yield concat(held)
}

async function sendChunk(
  context: RepositoryContext,
  place: Place,
  chunk: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<{ readonly place: Place } | { readonly error: ToolError }> {
  let response: HttpResponse
  try {
    response = await context.origin.follow({
      method: "PATCH",
      url: place.location,
      headers: {
        "content-type": "application/octet-stream",
        "content-range": `${place.offset}-${place.offset + chunk.length - 1}`,
      },
      body: { bytes: chunk },
      scope: pushScope(context),
      accept: [500, 502, 503, 504],
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code === "E_NET_CONNECT" || error.code === "E_NET_TIMEOUT") return { error }
    throw thrown
  }
  if ([201, 202, 204].includes(response.status)) {
    await response.discard()
    return { place: { location: newest(response, place.location), offset: place.offset + chunk.length } }
  }
  const error = failureError(await readFailure(response), "store a chunk of a blob", context.name)
  if (response.status === 416 || response.status >= 500) return { error }
  throw error
}

async function askProgress(
  context: RepositoryContext,
  place: Place,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Place> {
  const response = await context.origin.follow({
    method: "GET",
    url: place.location,
    scope: pushScope(context),
    ...(signal === undefined ? {} : { signal }),
  })
  if (response.status !== 204 && response.status !== 200 && response.status !== 202) {
    throw failureError(await readFailure(response), "continue an upload", context.name)
  }
  await response.discard()
  const last = Number(/^(?:bytes=)?0-([0-9]{1,15})$/.exec(response.header("range") ?? "0-0")?.[1] ?? "0")
  // "0-0" stands for one byte and for none; chunks are larger than one byte, so it is none.
  const offset = last === 0 ? 0 : last + 1
  if (offset > size) throw protocolError("registry says it has more of an upload than there is", `${offset} of ${size}`)
  return { location: newest(response, place.location), offset }
}

function newest(response: HttpResponse, before: string): string {
  const location = response.header("location")
  return location === undefined ? before : resolveUploadLocation(location, response.url)
}
