import { ToolError } from "../../core/errors.ts"
import { sameOrigin } from "../net/origin.ts"

const MAX_URL = 16 * 1024

/**
 * URL of an upload session from a `Location` header.
 *
 * @param from - URL that was requested.
 * @returns absolute, of the same origin, query kept as it was written, no fragment.
 * @throws {ToolError} `E_REGISTRY_PROTOCOL` when absent, unreadable or of another origin.
 *
 * Spec: OCI distribution-spec "Pushing blobs".
 * Security: GHSA-jxpm-75mh-9fp7; neither credentials nor content follow a Location elsewhere.
 */
export function resolveUploadLocation(location: string | undefined, from: string): string {
  if (location === undefined || location === "") throw badLocation("it is missing, expected the upload's URL")
  const url = location.length > MAX_URL ? null : URL.parse(location, from)
  if (url === null) throw badLocation("it is no URL")
  if (url.username !== "" || url.password !== "") throw badLocation("it contains a user name or password")
  if (!sameOrigin(url, from)) {
    throw badLocation(`it leads to ${describeOrigin(url)}, expected ${new URL(from).origin}; nothing was sent there`)
  }
  url.hash = ""
  return url.href
}

/** Add `digest` to an upload URL without touching what its query holds already. */
export function withDigest(location: string, digest: string): string {
  return `${location}${location.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`
}

/**
 * Next page of a listing from its `Link` headers.
 *
 * @returns absolute URL of the same origin; `undefined` on the last page.
 * @throws {ToolError} `E_NET_FORBIDDEN_TARGET` for another origin, `E_REGISTRY_PROTOCOL` when unreadable.
 *
 * Spec: RFC 8288; OCI distribution-spec "Listing tags".
 * Security: GHSA-h7vf-4x9w-h99v; a page elsewhere is never asked for.
 */
export function nextPage(links: readonly string[], from: string): string | undefined {
  for (const link of links.flatMap(splitLinks)) {
    const match = /^\s*<([^<>]*)>\s*((?:;[^;]*)*)$/.exec(link)
    if (match === null) continue
    const [, target = "", parameters = ""] = match
    if (!isNext(parameters)) continue
    const url = target.length > MAX_URL ? null : URL.parse(target, from)
    if (url === null) throw protocol("registry sent an unreadable Link to its next page", "expected a URL in < and >")
    if (!sameOrigin(url, from) || url.username !== "" || url.password !== "") {
      throw new ToolError("E_NET_FORBIDDEN_TARGET", {
        what: "registry named a next page that is refused",
        why: `it leads to ${describeOrigin(url)}, expected ${new URL(from).origin}`,
      })
    }
    url.hash = ""
    return url.href
  }
  return undefined
}

/** Header values hold one or more links; commas inside `<…>` and quotes do not separate. */
function splitLinks(value: string): readonly string[] {
  return value.length > MAX_URL ? [] : (value.match(/(?:<[^<>]*>|"[^"]*"|[^,<"])+/g) ?? [])
}

function isNext(parameters: string): boolean {
  const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(parameters)
  return (rel?.[1] ?? rel?.[2] ?? "").toLowerCase().split(/\s+/).includes("next")
}

function describeOrigin(url: URL): string {
  return url.protocol === "http:" || url.protocol === "https:" ? url.origin : url.protocol
}

function badLocation(why: string): ToolError {
  return protocol("registry sent an unusable Location for an upload", why)
}

function protocol(what: string, why: string): ToolError {
  return new ToolError("E_REGISTRY_PROTOCOL", { what, why })
}
