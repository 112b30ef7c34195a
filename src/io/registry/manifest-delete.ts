import { isDigest } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import { failureError, readFailure } from "./answers.ts"
import type { RepositoryContext } from "./context.ts"
import { manifestKey, manifestPath } from "./manifests.ts"

/**
 * Delete a tag, or by digest a manifest with all tags on it.
 *
 * @returns false when it was not there.
 * @throws {ToolError} `E_REGISTRY_DENIED` where the registry does not delete; `E_REGISTRY_CONFLICT` while an index still
 *   names the manifest.
 *
 * Spec: OCI distribution-spec "Deleting Manifests".
 */
export async function deleteManifest(
  context: RepositoryContext,
  reference: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const response = await context.origin.send({
    method: "DELETE",
    path: manifestPath(context, reference),
    scope: [`repository:${context.repository}:pull,delete`],
    ...(signal === undefined ? {} : { signal }),
  })
  if (isDigest(reference)) context.cache.forget(manifestKey(context, reference))
  if ([200, 202, 204].includes(response.status)) {
    await response.discard()
    return true
  }
  const failure = await readFailure(response)
  if (failure.status === 404) return false
  const error = failureError(failure, `delete ${reference}`, context.name)
  if (failure.status !== 405 && !failure.codes.includes("UNSUPPORTED")) throw error
  throw new ToolError("E_REGISTRY_DENIED", {
    what: `registry does not delete ${isDigest(reference) ? "manifests" : "tags"}`,
    ...(error.why === undefined ? {} : { why: error.why }),
    next: [
      "enable deletion in the registry's configuration",
      ...(isDigest(reference) ? [] : ["or delete by digest, which removes every tag on that manifest"]),
    ],
    details: error.details,
  })
}
