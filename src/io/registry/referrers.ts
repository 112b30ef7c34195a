import type { Descriptor } from "../../core/descriptor.ts"
import type { Digest } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { OCI_INDEX } from "../../core/media-types.ts"
import type { ReferrerList } from "../../core/ports.ts"
import { bareMediaType, parseManifest } from "../../codec/oci/manifest.ts"
import type { HttpResponse } from "../net/http-types.ts"
import { sameOrigin } from "../net/origin.ts"
import { failureError, protocolError, readFailure, type RegistryFailure } from "./answers.ts"
import type { RepositoryContext } from "./context.ts"
import { pullScope, readBounded } from "./manifests.ts"
import { nextPage } from "./server-links.ts"

const FILTERS_ANNOTATION = "org.opencontainers.referrers.filtersApplied"

/** A page, or the finding that there is no referrers API here. */
type Page =
  | { readonly entries: readonly Descriptor[]; readonly next: string | undefined; readonly filtered: boolean }
  | "unsupported"

/**
 * Referrers by the API alone. Whether the API is there is remembered per repository when an answer leaves no doubt.
 *
 * @param artifactType - exact type wanted; filtered here when the registry did not. Others do not count.
 * @returns entries without duplicates in the registry's order; `supported: false` when there is no API.
 * @throws {ToolError} `E_REGISTRY_*` when the registry has an API or may have one and failed: never "none";
 *   `E_LIMIT_EXCEEDED` past the bounds on entries and pages; `E_NET_FORBIDDEN_TARGET` for a next page elsewhere.
 *
 * Spec: OCI distribution-spec "Listing Referrers".
 */
export async function listReferrers(
  context: RepositoryContext,
  subject: Digest,
  artifactType?: string,
  signal?: AbortSignal,
): Promise<ReferrerList> {
  const found = new Map<Digest, Descriptor>()
  let bytes = 0
  for await (const page of referrerPages(context, subject, artifactType, signal)) {
    if (page === "unsupported") return { entries: [], via: "referrers-api", supported: false }
    for (const entry of page.entries) {
      if (artifactType !== undefined && !page.filtered && entry.artifactType !== artifactType) continue
      if (found.has(entry.digest)) continue
      found.set(entry.digest, entry)
      bytes += JSON.stringify(entry).length
    }
    if (found.size > limits.referrers) throw tooMany(subject, "referrers", limits.referrers)
    if (bytes > limits.referrerListBytes) throw tooMany(subject, "bytes of referrers", limits.referrerListBytes)
  }
  return { entries: [...found.values()], via: "referrers-api", supported: true }
}

/**
 * Whether the API lists a referrer; stops at the page that has it.
 *
 * @returns `undefined` when there is no API.
 */
export async function isListed(
  context: RepositoryContext,
  subject: Digest,
  referrer: Digest,
  signal?: AbortSignal,
): Promise<boolean | undefined> {
  for await (const page of referrerPages(context, subject, undefined, signal)) {
    if (page === "unsupported") return undefined
    if (page.entries.some((entry) => entry.digest === referrer)) return true
  }
  return false
}

async function* referrerPages(
  context: RepositoryContext,
  subject: Digest,
  artifactType: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Page, void, void> {
  const place = `${context.origin.key}/${context.repository}`
  if (context.learned.recall("referrers", place) === false) {
    yield "unsupported"
    return
  }
  const query = artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`
  let response = await ask(context, { path: `/v2/${context.repository}/referrers/${subject}${query}` }, signal)
  const seen = new Set<string>()
  for (;;) {
    const page = await readPage(context, place, response, subject, seen.size > 0)
    yield page
    if (page === "unsupported" || page.next === undefined) return
    seen.add(response.url)
    if (seen.has(page.next))
      throw protocolError("registry's list of referrers runs in a circle", "a page names itself as next")
    if (seen.size >= limits.pages) throw tooMany(subject, "pages of referrers", limits.pages)
    response = await ask(context, { url: page.next }, signal)
  }
}

/** One request, and redirects within the registry's origin. */
async function ask(
  context: RepositoryContext,
  target: { readonly path: string } | { readonly url: string },
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const request = {
    method: "GET",
    headers: { accept: OCI_INDEX },
    scope: pullScope(context),
    redirect: "manual",
    // A cache in front of a registry answers 424 for what the registry does not have.
    accept: [424, 501],
    ...(signal === undefined ? {} : { signal }),
  } as const
  let response =
    "path" in target
      ? await context.origin.send({ ...request, path: target.path })
      : await context.origin.follow({ ...request, url: target.url })
  for (let hop = 0; hop < limits.redirects && response.status >= 300 && response.status < 400; hop++) {
    const location = URL.parse(response.header("location") ?? "", response.url)
    if (location === null || location.username !== "" || !sameOrigin(location, response.url)) return response
    await response.discard()
    response = await context.origin.follow({ ...request, url: location.href })
  }
  return response
}

async function readPage(
  context: RepositoryContext,
  place: string,
  response: HttpResponse,
  subject: Digest,
  later: boolean,
): Promise<Page> {
  const { learned } = context
  if (response.status !== 200) {
    const failure = await readFailure(response)
    if (later || !meansUnsupported(failure)) throw failureError(failure, `list referrers of ${subject}`, context.name)
    // Others than these may be a matter of rights, of a cache or of this one digest.
    const lasting = [404, 405, 501].includes(failure.status) && !failure.codes.includes("NAME_UNKNOWN")
    if (lasting) learned.note("referrers", place, false)
    context.logger.debug("registry.referrers.unsupported", { repository: context.name, status: failure.status })
    return "unsupported"
  }
  if (bareMediaType(response.header("content-type") ?? "") !== OCI_INDEX) {
    await response.discard()
    if (later) throw protocolError("registry's list of referrers is broken", "a later page is no OCI index")
    return "unsupported"
  }
  const bytes = await readBounded(response, limits.manifestBytes, `list of referrers of ${subject}`)
  const index = parseManifest(bytes, OCI_INDEX)
  if (index.kind !== "index") throw protocolError("registry's list of referrers is broken", "it is no OCI index")
  learned.note("referrers", place, true)
  const filters = [...response.headerValues("oci-filters-applied"), index.annotations[FILTERS_ANNOTATION] ?? ""]
  return {
    entries: index.manifests,
    next: nextPage(response.headerValues("link"), response.url),
    filtered: filters.flatMap((value) => value.split(",")).some((value) => value.trim() === "artifactType"),
  }
}

function meansUnsupported(failure: RegistryFailure): boolean {
  return (failure.status >= 300 && failure.status < 400) || [400, 403, 404, 405, 406, 424, 501].includes(failure.status)
}

function tooMany(subject: Digest, what: string, max: number): ToolError {
  return new ToolError("E_LIMIT_EXCEEDED", {
    kind: "unknown",
    what: `too many referrers of ${subject}`,
    why: `the registry lists more than ${max} ${what}`,
    next: ["remove referrers that are not needed any more"],
  })
}
