import { createHash } from "node:crypto"
import { concatBytes } from "../../codec/concat-bytes.ts"
import { CONDITION_APPLIED } from "../../core/condition-applied.ts"
import { digestAlgorithm, type Digest, type DigestAlgorithm } from "../../core/digest.ts"
import { changePrecondition, isConditional, preconditionFailed } from "./conditions.ts"
import { RegistryFault } from "./fault.ts"
import { expectTag, parseManifestReference, type ManifestReference } from "./names.ts"
import type { RegistryContext } from "./options.ts"
import { referrerEntry } from "./referrers.ts"
import type { ManifestFacts } from "./storage/storage.ts"
import { validateManifest, type ManifestLinks } from "./validate-manifest.ts"

/** PUT of a manifest by tag or digest. Spec: end-7a, end-7b. */
export async function putManifest(
  context: RegistryContext,
  request: Request,
  repository: string,
  text: string,
): Promise<Response> {
  const reference = parseManifestReference(text)
  const parameters = tagParameters(context, request, reference)
  const precondition = changePrecondition(request.headers)
  const bytes = await boundedBody(request, context.limits.manifestBytes)
  const digest = digestOf(bytes, reference)
  const links = validateManifest(bytes, request.headers.get("content-type"))
  await requireLinked(context, repository, links)
  const manifest = { digest, mediaType: links.mediaType, size: bytes.length, bytes }
  requireListable(manifest, links, context.limits.referrersBytes)
  const tags = reference.kind === "tag" ? [reference.tag] : parameters
  if (!(await context.storage.writeManifest(repository, { manifest, referrer: links.referrer, tags, precondition }))) {
    throw preconditionFailed()
  }
  const headers = new Headers({
    Location: `/v2/${repository}/manifests/${digest}`,
    "Docker-Content-Digest": digest,
    "Content-Length": "0",
  })
  if (links.referrer !== undefined) headers.set("OCI-Subject", links.referrer.subject)
  if (isConditional(request.headers)) headers.set(CONDITION_APPLIED, "true")
  if (parameters.length > 0) headers.set("OCI-Tag", parameters.join(", "))
  return new Response(null, { status: 201, headers })
}

function tagParameters(context: RegistryContext, request: Request, reference: ManifestReference): readonly string[] {
  const tags = [...new Set(new URL(request.url).searchParams.getAll("tag"))]
  if (tags.length > 0 && reference.kind === "tag") {
    throw new RegistryFault(400, "UNSUPPORTED", "tag parameters need a push by digest")
  }
  if (tags.length > context.limits.tagParameters) {
    throw new RegistryFault(414, "UNSUPPORTED", "too many tag parameters", {
      detail: { maximum: context.limits.tagParameters },
    })
  }
  return tags.map(expectTag)
}

function digestOf(bytes: Uint8Array, reference: ManifestReference): Digest {
  const wanted = reference.kind === "digest" ? reference.digest : undefined
  const algorithm: DigestAlgorithm = wanted === undefined ? "sha256" : digestAlgorithm(wanted)
  const found: Digest = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`
  if (wanted === undefined || wanted === found) return found
  throw new RegistryFault(400, "DIGEST_INVALID", "the manifest does not have this digest", {
    detail: { expected: wanted, observed: found },
  })
}

async function requireLinked(context: RegistryContext, repository: string, links: ManifestLinks): Promise<void> {
  if (context.sparse) return
  for (const digest of new Set(links.blobs)) {
    if ((await context.storage.blobSize(repository, digest)) === undefined) throw missing(digest)
  }
  for (const digest of new Set(links.children)) {
    if ((await context.storage.manifestFacts(repository, digest)) === undefined) throw missing(digest)
  }
}

/** SECURITY: one referrer that no page can hold would hide all that come after it from clients that bound a page. */
function requireListable(manifest: ManifestFacts, links: ManifestLinks, maxBytes: number): void {
  if (links.referrer === undefined) return
  const { artifactType, annotations } = links.referrer
  const { digest, mediaType, size } = manifest
  if (Buffer.byteLength(referrerEntry({ digest, mediaType, size, artifactType, annotations })) < maxBytes) return
  throw new RegistryFault(
    413,
    "MANIFEST_INVALID",
    "the annotations are too large for the referrers list of the subject",
    { detail: { maximumBytes: maxBytes } },
  )
}

function missing(digest: Digest): RegistryFault {
  return new RegistryFault(
    400,
    "MANIFEST_BLOB_UNKNOWN",
    "the manifest refers to content the repository does not have",
    {
      detail: { digest },
    },
  )
}

/** SECURITY: a body past the bound is refused as a whole; a cut manifest is never parsed. */
async function boundedBody(request: Request, max: number): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(request.headers.get("content-length") ?? "0")
  if (announced > max) throw tooLarge(max)
  const chunks: Uint8Array[] = []
  let size = 0
  if (request.body !== null) {
    for await (const chunk of request.body as ReadableStream<Uint8Array>) {
      size += chunk.length
      if (size > max) throw tooLarge(max)
      chunks.push(chunk)
    }
  }
  return concatBytes(chunks)
}

function tooLarge(max: number): RegistryFault {
  return new RegistryFault(413, "MANIFEST_INVALID", "the manifest is too large", { detail: { maximumBytes: max } })
}
