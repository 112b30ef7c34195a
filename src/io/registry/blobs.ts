import type { Descriptor } from "../../core/descriptor.ts"
import { digestAlgorithm, type Digest } from "../../core/digest.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { decodeBase64 } from "../../codec/base64.ts"
import type { HttpResponse } from "../net/http-types.ts"
import { parseOrigin } from "../net/origin.ts"
import { failureError, gather, protocolError, readFailure } from "./answers.ts"
import type { RepositoryContext } from "./context.ts"
import { Digester, hasDigest } from "./digester.ts"
import { pullScope } from "./manifests.ts"

/** Path of a blob. */
export function blobPath(context: RepositoryContext, digest: Digest): string {
  return `/v2/${context.repository}/blobs/${digest}`
}

/**
 * Small blob in memory; at most one download per digest and process. `descriptor.urls` are never followed.
 *
 * @param max - bytes.
 * @throws {ToolError} `E_LIMIT_EXCEEDED` from the descriptor alone, before anything is fetched; `E_REGISTRY_PROTOCOL`
 *   when the blob is missing or its bytes are others than described.
 */
export async function fetchBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  max: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (descriptor.size > max) {
    throw new ToolError("E_LIMIT_EXCEEDED", {
      kind: "unknown",
      what: `blob ${descriptor.digest} is too large`,
      why: `its descriptor says ${descriptor.size} bytes, at most ${max} are accepted`,
    })
  }
  const key = `blob ${context.origin.key} ${context.repository} ${descriptor.size} ${descriptor.digest}`
  const load = async (): Promise<Uint8Array> => {
    const inline = inlineContent(descriptor)
    if (inline !== undefined) return inline
    return gather(readBlob(context, descriptor, signal), descriptor.size)
  }
  return context.cache.load(key, (bytes) => bytes.length, load, signal)
}

/** Content carried in the descriptor, if it really is what the descriptor says. */
function inlineContent(descriptor: Descriptor): Uint8Array | undefined {
  if (descriptor.data === undefined || descriptor.size > limits.manifestBytes) return undefined
  try {
    const bytes = decodeBase64(descriptor.data, { what: "descriptor data", max: limits.manifestBytes })
    return bytes.length === descriptor.size && hasDigest(bytes, descriptor.digest) ? bytes : undefined
  } catch {
    // The content is on the registry as well; an unusable copy is no reason to fail.
    return undefined
  }
}

/**
 * Verified stream of a blob: size and digest are checked as bytes pass, and the last chunk is handed out only when both
 * fit. A connection that breaks is taken up again where it stopped.
 *
 * @throws {ToolError} `E_REGISTRY_PROTOCOL` when missing, too long, too short or of another digest.
 *
 * Spec: OCI distribution-spec "Pulling blobs"; RFC 9110 section 14 for the ranges.
 */
export async function* readBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const check = new StreamCheck(descriptor, `blob ${descriptor.digest} of ${context.name}`)
  for (let attempt = 1; ; attempt++) {
    const before = check.received
    const response = await getBlob(context, descriptor, check.received, signal)
    let skip = response.status === 206 ? 0 : check.received
    try {
      for await (const chunk of response.body) {
        const fresh = chunk.subarray(Math.min(skip, chunk.length))
        skip -= chunk.length - fresh.length
        const ready = check.take(fresh)
        if (ready !== undefined) yield ready
      }
      break
    } catch (thrown) {
      const { code } = asToolError(thrown)
      const broken = code === "E_NET_CONNECT" || code === "E_NET_TIMEOUT"
      if (!broken || signal?.aborted === true || attempt >= limits.tries) throw thrown
      if (check.received === before) await context.sleep(200 * attempt, signal)
      context.logger.debug("registry.blob.resume", { digest: descriptor.digest, at: check.received })
    }
  }
  const last = check.finish()
  if (last !== undefined) yield last
}

async function getBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  from: number,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const response = await context.origin.send({
    method: "GET",
    path: blobPath(context, descriptor.digest),
    headers: { accept: "*/*", ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
    scope: pullScope(context),
    redirect: "content",
    ...(signal === undefined ? {} : { signal }),
  })
  if (response.status === 200) return response
  if (response.status === 206 && from > 0 && startsAt(response, from)) return response
  if (parseOrigin(response.url) !== context.origin.chosen) throw await storageFailure(response, descriptor)
  if (response.status === 404) {
    await response.discard()
    throw protocolError(
      `blob ${descriptor.digest} is missing in ${context.name}`,
      "the registry answered 404 for content that a manifest of the repository names",
    )
  }
  if (response.status === 206) {
    await response.discard()
    throw protocolError(`registry sent another part of blob ${descriptor.digest} than asked for`, "the range differs")
  }
  throw failureError(await readFailure(response), `read blob ${descriptor.digest}`, context.name)
}

/** SECURITY: GHSA-qvqc-4c52-x6qp; a host we were redirected to never gets the registry's credentials. */
async function storageFailure(response: HttpResponse, descriptor: Descriptor): Promise<Error> {
  const { status } = await readFailure(response)
  const storage = parseOrigin(response.url) ?? "unknown"
  const wanted = status === 401 || status === 403 ? "refused us; no credentials are sent there" : `answered ${status}`
  return protocolError(
    `blob ${descriptor.digest} cannot be read from the registry's storage`,
    `the registry redirected to ${storage}, which ${wanted}`,
  )
}

function startsAt(response: HttpResponse, from: number): boolean {
  return (response.header("content-range") ?? "").startsWith(`bytes ${from}-`)
}

/** Counts and hashes a stream; holds the newest chunk back until the whole is known to be right. */
export class StreamCheck {
  readonly #descriptor: Descriptor
  readonly #what: string
  readonly #digester: Digester
  #held: Uint8Array | undefined
  received = 0

  constructor(descriptor: Descriptor, what: string) {
    this.#descriptor = descriptor
    this.#what = what
    this.#digester = new Digester(digestAlgorithm(descriptor.digest))
  }

  /** @returns the chunk before this one. */
  take(chunk: Uint8Array): Uint8Array | undefined {
    if (chunk.length === 0) return undefined
    this.received += chunk.length
    if (this.received > this.#descriptor.size) {
      throw protocolError(`${this.#what} is longer than described`, `expected ${this.#descriptor.size} bytes, got more`)
    }
    this.#digester.update(chunk)
    const ready = this.#held
    this.#held = chunk
    return ready
  }

  /** @returns the last chunk, after all checks. */
  finish(): Uint8Array | undefined {
    const { size, digest } = this.#descriptor
    if (this.received !== size) {
      throw protocolError(`${this.#what} is shorter than described`, `got ${this.received} bytes, expected ${size}`)
    }
    const seen = this.#digester.finish()
    if (seen !== digest)
      throw protocolError(`${this.#what} has other content`, `its digest is ${seen}, expected ${digest}`)
    return this.#held
  }
}
