import type { Digest } from "../../core/digest.ts"
import { changePrecondition, entityTag, isNotModified, preconditionFailed } from "./conditions.ts"
import { RegistryFault } from "./fault.ts"
import { parseManifestReference, type ManifestReference } from "./names.ts"
import type { RegistryContext } from "./options.ts"

/** GET and HEAD of a manifest. Spec: end-3. */
export async function getManifest(
  context: RegistryContext,
  request: Request,
  repository: string,
  text: string,
): Promise<Response> {
  const reference = parseManifestReference(text)
  const digest = await resolve(context, repository, reference)
  const facts = digest === undefined ? undefined : await context.storage.manifestFacts(repository, digest)
  if (facts === undefined) throw await unknown(context, repository, reference)
  const headers = {
    "Docker-Content-Digest": facts.digest,
    ETag: entityTag(facts.digest),
    "X-Content-Type-Options": "nosniff",
  }
  if (isNotModified(request.headers, facts.digest)) return new Response(null, { status: 304, headers })
  const all = { ...headers, "Content-Type": facts.mediaType, "Content-Length": String(facts.size) }
  if (request.method === "HEAD") return new Response(null, { status: 200, headers: all })
  const manifest = await context.storage.readManifest(repository, facts.digest)
  if (manifest === undefined) throw await unknown(context, repository, reference)
  return new Response(manifest.bytes, { status: 200, headers: all })
}

/** DELETE of a manifest with all its tags, or of one tag. Spec: end-9. */
export async function deleteManifest(
  context: RegistryContext,
  request: Request,
  repository: string,
  text: string,
): Promise<Response> {
  const reference = parseManifestReference(text)
  const precondition = changePrecondition(request.headers)
  const outcome =
    reference.kind === "tag"
      ? await context.storage.deleteTag(repository, reference.tag, precondition)
      : await context.storage.deleteManifest(repository, reference.digest, precondition)
  if (outcome === "refused") throw preconditionFailed()
  if (outcome === "missing") throw await unknown(context, repository, reference)
  return new Response(null, { status: 202, headers: { "Content-Length": "0" } })
}

async function resolve(
  context: RegistryContext,
  repository: string,
  reference: ManifestReference,
): Promise<Digest | undefined> {
  return reference.kind === "digest" ? reference.digest : context.storage.resolveTag(repository, reference.tag)
}

async function unknown(
  context: RegistryContext,
  repository: string,
  reference: ManifestReference,
): Promise<RegistryFault> {
  if (!(await context.storage.hasRepository(repository))) return repositoryUnknown(repository)
  const detail = reference.kind === "tag" ? { tag: reference.tag } : { digest: reference.digest }
  return new RegistryFault(404, "MANIFEST_UNKNOWN", "the repository has no such manifest", { detail })
}

/** 404 for a repository nothing was ever pushed to. */
export function repositoryUnknown(repository: string): RegistryFault {
  return new RegistryFault(404, "NAME_UNKNOWN", "there is no such repository", { detail: { name: repository } })
}
