import { jsonResponse } from "./json-response.ts"
import { repositoryUnknown } from "./manifests.ts"
import type { RegistryContext } from "./options.ts"
import { nextLink, pageRequest } from "./paging.ts"

/** GET of the tags, in byte order. Spec: end-8a, end-8b. */
export async function listTags(context: RegistryContext, request: Request, repository: string): Promise<Response> {
  const page = pageRequest(new URL(request.url).searchParams, context.limits.pageItems)
  if (!(await context.storage.hasRepository(repository))) throw repositoryUnknown(repository)
  if (page.limit === 0) return jsonResponse({ name: repository, tags: [] })
  const { items, more } = await context.storage.listTags(repository, page)
  const last = items.at(-1)
  const headers: Record<string, string> =
    more && last !== undefined ? { Link: nextLink(`/v2/${repository}/tags/list`, page.limit, last) } : {}
  return jsonResponse({ name: repository, tags: items }, 200, headers)
}
