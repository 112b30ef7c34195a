import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { isTag } from "../../core/reference-grammar.ts"
import { expectArray, expectObject, expectString, member } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import type { HttpResponse } from "../net/http-types.ts"
import { failureError, protocolError, readFailure } from "./answers.ts"
import type { RepositoryContext } from "./context.ts"
import { pullScope, readBounded } from "./manifests.ts"
import { nextPage } from "./server-links.ts"

/** Tags asked for per page; some registries refuse more. */
const PAGE = 1000
/** Tags in all. */
const MAX_TAGS = 10_000

/**
 * Every tag of the repository, in the registry's order, without duplicates.
 *
 * @throws {ToolError} `E_REF_TAG_NOT_FOUND` when the repository does not exist; `E_LIMIT_EXCEEDED` past 10,000 tags or
 *   100 pages; `E_NET_FORBIDDEN_TARGET` for a next page elsewhere; `E_REGISTRY_PROTOCOL`.
 *
 * Spec: OCI distribution-spec "Listing Tags".
 */
export async function listTags(context: RepositoryContext, signal?: AbortSignal): Promise<readonly string[]> {
  const tags = new Set<string>()
  const seen = new Set<string>()
  const request = { method: "GET", scope: pullScope(context), ...(signal === undefined ? {} : { signal }) } as const
  let response = await context.origin.send({ ...request, path: `/v2/${context.repository}/tags/list?n=${PAGE}` })
  for (;;) {
    if (response.status !== 200) throw failureError(await readFailure(response), "list tags", context.name)
    for (const tag of await readTags(response, context.name)) tags.add(tag)
    if (tags.size > MAX_TAGS) throw tooMany(context, "tags", MAX_TAGS)
    const next = nextPage(response.headerValues("link"), response.url)
    if (next === undefined) return [...tags]
    seen.add(response.url)
    if (seen.has(next)) throw protocolError("registry's list of tags runs in a circle", "a page names itself as next")
    if (seen.size >= limits.pages) throw tooMany(context, "pages", limits.pages)
    response = await context.origin.follow({ ...request, url: next })
  }
}

async function readTags(response: HttpResponse, name: string): Promise<readonly string[]> {
  const bytes = await readBounded(response, limits.manifestBytes, `list of tags of ${name}`)
  const root = expectObject(
    parseJson(bytes, { maxBytes: limits.manifestBytes, maxValues: 4 * limits.jsonValues, what: "list of tags" }),
    "list of tags",
  )
  return expectArray(member(root, "tags") ?? [], "tags", MAX_TAGS).map((value) => {
    const tag = expectString(value, "tag")
    if (isTag(tag)) return tag
    throw protocolError("registry listed something that is no tag", JSON.stringify(tag.slice(0, 200)))
  })
}

function tooMany(context: RepositoryContext, what: string, max: number): ToolError {
  return new ToolError("E_LIMIT_EXCEEDED", {
    kind: "unknown",
    what: `too many tags in ${context.name}`,
    why: `the registry lists more than ${max} ${what}`,
  })
}
