import type { Digest } from "../../core/digest.ts"
import { byteRange } from "./byte-range.ts"
import { entityTag, isNotModified } from "./conditions.ts"
import { RegistryFault } from "./fault.ts"
import { expectDigest } from "./names.ts"
import type { RegistryContext } from "./options.ts"

/** GET and HEAD of a blob. Spec: distribution-spec end-2. */
export async function getBlob(
  context: RegistryContext,
  request: Request,
  repository: string,
  reference: string,
): Promise<Response> {
  const digest = expectDigest(reference)
  // SECURITY: only what this repository links exists here, whatever other repositories store.
  const size = await context.storage.blobSize(repository, digest)
  if (size === undefined) throw blobUnknown(digest)
  if (isNotModified(request.headers, digest)) return new Response(null, { status: 304, headers: blobHeaders(digest) })
  const headers = { ...blobHeaders(digest), "Content-Type": "application/octet-stream", "Accept-Ranges": "bytes" }
  const range = byteRange(rangeHeader(request, digest), size)
  if (range.kind === "unsatisfiable") {
    throw new RegistryFault(416, "RANGE_INVALID", "the range is not within the blob", {
      headers: { ...blobHeaders(digest), "Content-Range": `bytes */${String(size)}` },
    })
  }
  const part = range.kind === "part" ? range : undefined
  const status = part === undefined ? 200 : 206
  const length = part === undefined ? size : part.last - part.first + 1
  const all = {
    ...headers,
    "Content-Length": String(length),
    ...(part === undefined
      ? {}
      : { "Content-Range": `bytes ${String(part.first)}-${String(part.last)}/${String(size)}` }),
  }
  if (request.method === "HEAD") return new Response(null, { status, headers: all })
  const body = await context.storage.readBlob(repository, digest, part)
  if (body === undefined) throw blobUnknown(digest)
  return new Response(body, { status, headers: all })
}

/** DELETE of a blob: the link of this repository goes, other repositories keep theirs. Spec: end-10. */
export async function deleteBlob(context: RegistryContext, repository: string, reference: string): Promise<Response> {
  const digest = expectDigest(reference)
  if (!(await context.storage.unlinkBlob(repository, digest))) throw blobUnknown(digest)
  return new Response(null, { status: 202, headers: { "Docker-Content-Digest": digest } })
}

function blobHeaders(digest: Digest): Record<string, string> {
  return {
    "Docker-Content-Digest": digest,
    ETag: entityTag(digest),
    "Cache-Control": "max-age=31536000",
    // SECURITY: what somebody uploaded must not be run by a browser that opens it.
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
  }
}

/** `If-Range` with another entity tag means the client's parts are of something else: send everything. */
function rangeHeader(request: Request, digest: Digest): string | null {
  const condition = request.headers.get("if-range")
  return condition === null || condition.trim() === entityTag(digest) ? request.headers.get("range") : null
}

function blobUnknown(digest: Digest): RegistryFault {
  return new RegistryFault(404, "BLOB_UNKNOWN", "the repository has no such blob", { detail: { digest } })
}
