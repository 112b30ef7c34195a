import { OCI_INDEX } from "../../core/media-types.ts"
import { textResponse } from "./json-response.ts"
import { expectDigest } from "./names.ts"
import type { RegistryContext } from "./options.ts"
import { nextLink, pageRequest } from "./paging.ts"
import type { Page, Referrer } from "./storage/storage.ts"

/** GET of the manifests about a subject; never 404. Spec: end-12a, end-12b. */
export async function listReferrers(
  context: RegistryContext,
  request: Request,
  repository: string,
  reference: string,
): Promise<Response> {
  const subject = expectDigest(reference)
  const query = new URL(request.url).searchParams
  const page = pageRequest(query, context.limits.pageItems)
  // A literal `+` of a media type decodes to a space in a query; no media type has a space.
  const artifactType = query.get("artifactType")?.replaceAll(" ", "+") ?? undefined
  const maxBytes = context.limits.referrersBytes
  const found: Page<Referrer> =
    page.limit === 0
      ? { items: [], more: false }
      : await context.storage.listReferrers(repository, subject, { ...page, artifactType, maxBytes })
  const { text, last, complete } = indexText(found.items, maxBytes)
  const headers: Record<string, string> = { "Content-Type": OCI_INDEX }
  if (artifactType !== undefined) headers["OCI-Filters-Applied"] = "artifactType"
  if (last !== undefined && (found.more || !complete)) {
    const kept: Record<string, string> = artifactType === undefined ? {} : { artifactType }
    headers["Link"] = nextLink(`/v2/${repository}/referrers/${subject}`, page.limit, last, kept)
  }
  return textResponse(text, 200, headers)
}

/** The index of as many entries as fit, at least one. */
function indexText(
  items: readonly Referrer[],
  maxBytes: number,
): { readonly text: string; readonly last: string | undefined; readonly complete: boolean } {
  const entries: string[] = []
  let size = 0
  for (const item of items) {
    const entry = referrerEntry(item)
    size += Buffer.byteLength(entry) + 1
    if (size > maxBytes && entries.length > 0) break
    entries.push(entry)
  }
  return {
    text: `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[${entries.join(",")}]}`,
    last: items[entries.length - 1]?.digest,
    complete: entries.length === items.length,
  }
}

/** Descriptor of a manifest in the list of its subject, as JSON text. */
export function referrerEntry(item: Referrer): string {
  const head = JSON.stringify({
    mediaType: item.mediaType,
    digest: item.digest,
    size: item.size,
    ...(item.artifactType === undefined ? {} : { artifactType: item.artifactType }),
  })
  return item.annotations === undefined ? head : `${head.slice(0, -1)},"annotations":${item.annotations}}`
}
