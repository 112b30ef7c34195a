import type { FetchedManifest } from "../../core/descriptor.ts"
import { digestAlgorithm, isDigest, type Digest } from "../../core/digest.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { MANIFEST_ACCEPT } from "../../core/media-types.ts"
import type { TagState } from "../../core/ports.ts"
import { isTag } from "../../core/reference-grammar.ts"
import { bareMediaType, parseManifest } from "../../codec/oci/manifest.ts"
import type { HttpResponse } from "../net/http-types.ts"
import { failureError, protocolError, readFailure } from "./answers.ts"
import type { RepositoryContext } from "./context.ts"
import { digestOf, hasDigest } from "./digester.ts"

/** Scope of a read. */
export function pullScope(context: RepositoryContext): readonly string[] {
  return [`repository:${context.repository}:pull`]
}

/** Scope of a write. */
export function pushScope(context: RepositoryContext): readonly string[] {
  return [`repository:${context.repository}:pull,push`]
}

/** Key of a manifest in the cache: what one repository serves says nothing about another. */
export function manifestKey(context: RepositoryContext, digest: Digest): string {
  return `manifest ${context.origin.key} ${context.repository} ${digest}`
}

/** Path of a manifest; anything but a tag or digest never gets into a URL. */
export function manifestPath(context: RepositoryContext, reference: string): string {
  if (!isDigest(reference) && !isTag(reference)) {
    throw new ToolError("E_REF_INVALID", {
      what: `not a tag or digest: ${JSON.stringify(reference.slice(0, 200))}`,
      why: "expected a tag of up to 128 characters or algorithm:hex",
    })
  }
  return `/v2/${context.repository}/manifests/${reference}`
}

/**
 * Manifest by tag or digest; by digest at most one download per process.
 *
 * @throws {ToolError} `E_REF_TAG_NOT_FOUND`; `E_REGISTRY_PROTOCOL` when the bytes are others than asked for;
 *   `E_FORMAT_MALFORMED`; `E_LIMIT_EXCEEDED`.
 */
export async function fetchManifest(
  context: RepositoryContext,
  reference: string,
  signal?: AbortSignal,
): Promise<FetchedManifest> {
  if (isDigest(reference)) {
    const load = (): Promise<FetchedManifest> => loadManifest(context, reference, signal)
    return context.cache.load(manifestKey(context, reference), (found) => found.bytes.length, load, signal)
  }
  return loadManifest(context, reference, signal)
}

async function loadManifest(
  context: RepositoryContext,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<FetchedManifest> {
  const found = await getManifest(context, reference, { signal })
  if (found !== undefined) return found.manifest
  throw new ToolError("E_REF_TAG_NOT_FOUND", {
    what: `${isDigest(reference) ? "digest" : "tag"} ${reference} does not exist in ${context.name}`,
    why: "the registry answered 404",
    details: { repository: context.name, reference },
  })
}

/** How {@link getManifest} asks. */
export interface GetOptions {
  readonly signal: AbortSignal | undefined
  /** Transient statuses the caller deals with itself. */
  readonly accept?: readonly number[]
}

/**
 * GET a manifest from the registry, past the cache; `undefined` on 404.
 *
 * @throws {ToolError} as {@link fetchManifest}.
 */
export async function getManifest(
  context: RepositoryContext,
  reference: string,
  options: GetOptions,
): Promise<TagState | undefined> {
  const response = await context.origin.send({
    method: "GET",
    path: manifestPath(context, reference),
    headers: { accept: MANIFEST_ACCEPT.join(", ") },
    scope: pullScope(context),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.accept === undefined ? {} : { accept: options.accept }),
  })
  if (response.status === 404) {
    await response.discard()
    return undefined
  }
  if (response.status !== 200) {
    throw failureError(await readFailure(response), `read manifest ${reference}`, context.name)
  }
  const bytes = await readBounded(response, limits.manifestBytes, `manifest ${reference} of ${context.name}`)
  const manifest = verifiedManifest(context, reference, response, bytes)
  context.cache.put(manifestKey(context, manifest.descriptor.digest), manifest, bytes.length)
  const etag = response.header("etag")
  return { manifest, ...(etag === undefined ? {} : { etag }) }
}

function verifiedManifest(
  context: RepositoryContext,
  reference: string,
  response: HttpResponse,
  bytes: Uint8Array,
): FetchedManifest {
  const asked = isDigest(reference) ? reference : undefined
  const digest = digestOf(bytes, asked === undefined ? "sha256" : digestAlgorithm(asked))
  if (asked !== undefined && digest !== asked) {
    throw protocolError(
      `registry delivered another manifest than ${asked} of ${context.name}`,
      `the bytes have digest ${digest}, expected ${asked}`,
    )
  }
  checkDigestHeader(response, bytes, `manifest ${reference} of ${context.name}`)
  const contentType = response.header("content-type")
  const expected = contentType === undefined || contentType === "" ? undefined : bareMediaType(contentType)
  if (expected === "text/html") {
    throw protocolError(
      `registry did not deliver manifest ${reference} of ${context.name}`,
      "it answered 200 with a web page, expected a manifest",
    )
  }
  const { mediaType } = parseManifest(bytes, expected)
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes }
}

/**
 * SECURITY: the header is never believed; one that does not fit the bytes means that somebody between us and the
 * content is confused, or lies.
 */
function checkDigestHeader(response: HttpResponse, bytes: Uint8Array, what: string): void {
  const header = response.header("docker-content-digest")
  if (header === undefined || header === "") return
  if (isDigest(header) && hasDigest(bytes, header)) return
  throw protocolError(
    `registry contradicts itself about ${what}`,
    `Docker-Content-Digest is ${JSON.stringify(header.slice(0, 200))}, but the bytes have digest ${digestOf(bytes)}`,
  )
}

/**
 * Whole body of at most `max` bytes.
 *
 * @throws {ToolError} `E_LIMIT_EXCEEDED` before reading when the announced length is larger, else while reading.
 */
export async function readBounded(response: HttpResponse, max: number, what: string): Promise<Uint8Array> {
  const tooLarge = (seen: string): ToolError =>
    new ToolError("E_LIMIT_EXCEEDED", {
      kind: "unknown",
      what: `${what} is too large`,
      why: `${seen}, at most ${max} bytes are accepted`,
    })
  const announced = Number(response.header("content-length") ?? "0")
  if (announced > max) {
    await response.discard()
    throw tooLarge(`the registry announced ${announced} bytes`)
  }
  try {
    return await response.bytes(max)
  } catch (thrown) {
    if (asToolError(thrown).code === "E_NET_TOO_LARGE") throw tooLarge("the registry sent more")
    throw thrown
  }
}

/** Check the digest a registry reports for something pushed. */
export function checkPushedDigest(response: HttpResponse, digest: Digest, what: string): void {
  const header = response.header("docker-content-digest")
  if (header === undefined || !isDigest(header) || digestAlgorithm(header) !== digestAlgorithm(digest)) return
  if (header !== digest) throw protocolError(`registry stored another ${what}`, `it says ${header}, expected ${digest}`)
}
