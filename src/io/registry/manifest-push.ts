import { CONDITION_APPLIED } from "../../core/condition-applied.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { isDigest, type Digest } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { parseManifest } from "../../codec/oci/manifest.ts"
import type { HttpResponse } from "../net/http-types.ts"
import { failureError, readFailure, type RegistryFailure } from "./answers.ts"
import type { BlobUploads } from "./blob-push.ts"
import type { RepositoryContext } from "./context.ts"
import { digestOf } from "./digester.ts"
import { checkPushedDigest, manifestKey, manifestPath, pushScope } from "./manifests.ts"

/** How a manifest is pushed. */
export interface PushOptions {
  readonly tag?: string
  /** If-Match or If-None-Match. */
  readonly condition?: Readonly<Record<string, string>>
  readonly accept?: readonly number[]
  readonly signal?: AbortSignal | undefined
}

/** What came of a push. */
export type PushOutcome =
  | { readonly ok: true; readonly descriptor: Descriptor; readonly subject: Digest | undefined }
  | { readonly ok: false; readonly failure: RegistryFailure }

/**
 * PUT exact manifest bytes by digest or under a tag.
 *
 * When the registry misses a blob it said it had, the blob is uploaded again and the push is repeated once.
 *
 * @returns the pushed descriptor and `OCI-Subject`, or the registry's refusal.
 * @throws {ToolError} `E_FORMAT_MALFORMED` before anything is sent; `E_REGISTRY_PROTOCOL` when it stored other bytes.
 *
 * Spec: OCI distribution-spec "Pushing Manifests".
 */
export async function putManifest(
  context: RepositoryContext,
  uploads: BlobUploads,
  bytes: Uint8Array,
  mediaType: string,
  options: PushOptions,
): Promise<PushOutcome> {
  checkOutgoing(bytes, mediaType)
  const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
  const first = await sendManifest(context, bytes, descriptor, options)
  if (first.status < 300) return accepted(context, first, descriptor, bytes)
  const failure = await readFailure(first)
  if (!failure.codes.includes("MANIFEST_BLOB_UNKNOWN") || !(await uploads.repeatSkipped(bytes, options.signal))) {
    return { ok: false, failure }
  }
  const second = await sendManifest(context, bytes, descriptor, options)
  if (second.status < 300) return accepted(context, second, descriptor, bytes)
  return { ok: false, failure: await readFailure(second) }
}

/**
 * Push and insist.
 *
 * @throws {ToolError} `E_REGISTRY_*` when the registry refuses.
 */
export async function pushManifest(
  context: RepositoryContext,
  uploads: BlobUploads,
  bytes: Uint8Array,
  mediaType: string,
  options: PushOptions,
): Promise<{ readonly descriptor: Descriptor; readonly subject: Digest | undefined }> {
  const outcome = await putManifest(context, uploads, bytes, mediaType, options)
  if (outcome.ok) return outcome
  throw failureError(outcome.failure, `store manifest ${options.tag ?? digestOf(bytes)}`, context.name)
}

function checkOutgoing(bytes: Uint8Array, mediaType: string): void {
  if (bytes.length > limits.manifestBytes) {
    throw new ToolError("E_LIMIT_EXCEEDED", {
      what: "manifest is too large to be pushed",
      why: `it has ${bytes.length} bytes, at most ${limits.manifestBytes} are accepted`,
    })
  }
  parseManifest(bytes, mediaType)
}

function sendManifest(
  context: RepositoryContext,
  bytes: Uint8Array,
  descriptor: Descriptor,
  options: PushOptions,
): Promise<HttpResponse> {
  return context.origin.send({
    method: "PUT",
    path: manifestPath(context, options.tag ?? descriptor.digest),
    headers: { "content-type": descriptor.mediaType, ...options.condition },
    body: { bytes },
    scope: pushScope(context),
    ...(options.accept === undefined ? {} : { accept: options.accept }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
}

async function accepted(
  context: RepositoryContext,
  response: HttpResponse,
  descriptor: Descriptor,
  bytes: Uint8Array,
): Promise<PushOutcome> {
  await response.discard()
  if (response.header(CONDITION_APPLIED) === "true") {
    for (const kind of ["if-match", "if-none-match"] as const) context.learned.note(kind, context.origin.key, true)
  }
  checkPushedDigest(response, descriptor.digest, "manifest")
  context.cache.put(manifestKey(context, descriptor.digest), { descriptor, bytes }, bytes.length)
  const subject = response.header("oci-subject")
  return { ok: true, descriptor, subject: subject !== undefined && isDigest(subject) ? subject : undefined }
}
