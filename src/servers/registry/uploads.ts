import { isDigest, type Digest } from "../../core/digest.ts"
import { chunkRange } from "./byte-range.ts"
import { RegistryFault } from "./fault.ts"
import { expectAlgorithm, expectDigest, isRepository } from "./names.ts"
import type { RegistryContext } from "./options.ts"
import type { AppendPlan, UploadKind, UploadState } from "./storage/storage.ts"

/** POST: begin an upload, mount a blob, or push a blob in one request. Spec: end-4a, end-4b, end-4c, end-11. */
export async function postUpload(context: RegistryContext, request: Request, repository: string): Promise<Response> {
  const query = new URL(request.url).searchParams
  const mount = query.get("mount")
  if (mount !== null) return mountBlob(context, request, repository, mount, query.get("from"))
  const digest = query.get("digest")
  if (digest !== null) return pushAtOnce(context, request, repository, expectDigest(digest))
  const algorithm = expectAlgorithm(query.get("digest-algorithm") ?? "sha256")
  return accepted(repository, await begin(context, repository, algorithm))
}

async function mountBlob(
  context: RegistryContext,
  request: Request,
  repository: string,
  mount: string,
  from: string | null,
): Promise<Response> {
  const digest = expectDigest(mount)
  for (const source of await mountSources(context, digest, from)) {
    // SECURITY: a source that must not be pulled is answered like one that has no such blob, which hides both.
    const refused = await context.authorize?.({ action: "pull", repository: source }, request)
    if (refused === undefined && (await context.storage.mountBlob(repository, digest, source))) {
      return created(repository, digest)
    }
  }
  return accepted(repository, await begin(context, repository, "sha256"))
}

async function mountSources(context: RegistryContext, digest: Digest, from: string | null): Promise<readonly string[]> {
  if (from !== null) return isRepository(from) ? [from] : []
  return context.storage.repositoriesWithBlob(digest, context.authorize === undefined ? 1 : context.limits.mountSources)
}

async function pushAtOnce(
  context: RegistryContext,
  request: Request,
  repository: string,
  digest: Digest,
): Promise<Response> {
  const upload = await begin(context, repository, expectAlgorithm(digest.slice(0, digest.indexOf(":"))), "request")
  try {
    await append(context, request, repository, upload.id)
    return await finish(context, repository, upload.id, digest)
  } catch (thrown) {
    // The client was never told the session, so nobody could resume it.
    await context.storage.cancelUpload(repository, upload.id)
    throw thrown
  }
}

/** PATCH: add bytes. Spec: end-5. */
export async function patchUpload(
  context: RegistryContext,
  request: Request,
  repository: string,
  id: string,
): Promise<Response> {
  const size = await append(context, request, repository, id)
  return accepted(repository, { id, size })
}

/** PUT: add the last bytes, if any, and close the upload. Spec: end-6. */
export async function putUpload(
  context: RegistryContext,
  request: Request,
  repository: string,
  id: string,
): Promise<Response> {
  const text = new URL(request.url).searchParams.get("digest")
  if (text === null) throw new RegistryFault(400, "DIGEST_INVALID", "the digest parameter is missing")
  const digest = expectDigest(text)
  await append(context, request, repository, id)
  return finish(context, repository, id, digest)
}

/** GET: how much has arrived. Spec: end-13. */
export async function getUpload(context: RegistryContext, repository: string, id: string): Promise<Response> {
  const upload = await context.storage.uploadState(repository, id)
  if (upload === undefined) throw uploadUnknown(id)
  return new Response(null, { status: 204, headers: uploadHeaders(repository, upload) })
}

/** DELETE: give the upload up. Spec: end-14. */
export async function deleteUpload(context: RegistryContext, repository: string, id: string): Promise<Response> {
  if (!(await context.storage.cancelUpload(repository, id))) throw uploadUnknown(id)
  return new Response(null, { status: 204 })
}

async function begin(
  context: RegistryContext,
  repository: string,
  algorithm: "sha256" | "sha384" | "sha512",
  kind: UploadKind = "session",
): Promise<UploadState> {
  const upload = await context.storage.startUpload(repository, algorithm, kind)
  if (upload !== undefined) return upload
  throw new RegistryFault(429, "TOOMANYREQUESTS", "too many uploads are open", { headers: { "Retry-After": "60" } })
}

async function append(context: RegistryContext, request: Request, repository: string, id: string): Promise<number> {
  const plan = appendPlan(request, context.limits.blobBytes)
  const outcome = await context.storage.appendUpload(repository, id, request.body, plan)
  switch (outcome.kind) {
    case "appended":
      return outcome.size
    case "unknown":
      throw uploadUnknown(id)
    case "out-of-order":
      throw new RegistryFault(416, "RANGE_INVALID", "the chunk does not start where the upload ends", {
        detail: { received: outcome.size },
        headers: uploadHeaders(repository, { id, size: outcome.size }),
      })
    case "wrong-length":
      throw new RegistryFault(400, "SIZE_INVALID", "the chunk is not as long as its range", {
        headers: uploadHeaders(repository, { id, size: outcome.size }),
      })
    case "interrupted":
      throw new RegistryFault(400, "BLOB_UPLOAD_INVALID", "the connection broke before the body was complete")
    case "too-large":
      throw new RegistryFault(413, "SIZE_INVALID", "the blob is too large", {
        detail: { maximum: context.limits.blobBytes },
      })
  }
}

function appendPlan(request: Request, max: number): AppendPlan {
  const header = request.headers.get("content-range")
  if (header === null) return { start: undefined, length: undefined, max }
  const range = chunkRange(header)
  if (range === undefined) throw new RegistryFault(416, "RANGE_INVALID", "Content-Range must be `<start>-<end>`")
  const length = range.last - range.first + 1
  const announced = request.headers.get("content-length")
  if (announced !== null && Number(announced) !== length) {
    throw new RegistryFault(400, "SIZE_INVALID", "Content-Length and Content-Range differ", {
      detail: { contentLength: Number(announced), rangeLength: length },
    })
  }
  return { start: range.first, length, max }
}

async function finish(context: RegistryContext, repository: string, id: string, digest: Digest): Promise<Response> {
  switch (await context.storage.finishUpload(repository, id, digest)) {
    case "stored":
      return created(repository, digest)
    case "unknown":
      throw uploadUnknown(id)
    case "digest-mismatch":
      throw new RegistryFault(400, "DIGEST_INVALID", "the uploaded bytes do not have this digest", {
        detail: { digest },
      })
  }
}

function created(repository: string, digest: Digest): Response {
  const headers = { Location: `/v2/${repository}/blobs/${digest}`, "Docker-Content-Digest": digest }
  return new Response(null, { status: 201, headers: { ...headers, "Content-Length": "0" } })
}

function accepted(repository: string, upload: UploadState): Response {
  const headers = { ...uploadHeaders(repository, upload), "Content-Length": "0" }
  return new Response(null, { status: 202, headers })
}

function uploadHeaders(repository: string, upload: UploadState): Record<string, string> {
  return {
    // Relative, so that it is right behind any proxy.
    Location: `/v2/${repository}/blobs/uploads/${upload.id}`,
    "Docker-Upload-UUID": upload.id,
    // COMPAT(distribution 2.8): `0-0` both before any byte and after one byte; the conformance suite expects a number.
    Range: `0-${String(Math.max(0, upload.size - 1))}`,
  }
}

function uploadUnknown(id: string): RegistryFault {
  return new RegistryFault(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload in this repository", {
    detail: { upload: isDigest(id) ? "" : id.slice(0, 64) },
  })
}
