import { jsonResponse } from "./json-response.ts"
import type { RegistryContext } from "./options.ts"
import { nextLink, pageRequest } from "./paging.ts"

/** GET of the repositories, in byte order. Docker's endpoint, not in the OCI specification. */
export async function listRepositories(context: RegistryContext, request: Request): Promise<Response> {
  const page = pageRequest(new URL(request.url).searchParams, context.limits.pageItems)
  if (page.limit === 0) return jsonResponse({ repositories: [] })
  const { items, more } = await context.storage.listRepositories(page)
  const last = items.at(-1)
  const headers: Record<string, string> =
    more && last !== undefined ? { Link: nextLink("/v2/_catalog", page.limit, last) } : {}
  return jsonResponse({ repositories: items }, 200, headers)
}
