import { ToolError } from "../../core/errors.ts"
import { checkCertificateTarget, checkTarget, type TargetReach } from "./forbidden-target.ts"
import type { HttpRequest, HttpResponse, NamedByCertificate } from "./http-types.ts"
import { hostPort, parseOrigin } from "./origin.ts"
import { redactUrl } from "./redact.ts"

/** One step of a request on its way through redirects. */
export interface Hop {
  readonly method: HttpRequest["method"]
  readonly url: URL
  readonly headers: readonly (readonly [string, string])[]
  readonly withBody: boolean
  /** `undefined` for the host the user named; otherwise what a server's URL may lead to. */
  readonly reach: TargetReach | undefined
}

/** Knows where servers are. */
interface Locality {
  reachFrom(url: URL): TargetReach
}

/** Headers that go along to another origin: what they ask for matters there, and they identify nobody. */
const TRAVELLING: ReadonlySet<string> = new Set(["accept", "range", "if-range"])

/**
 * The first step: the request itself.
 *
 * @throws {ToolError} `E_NET_FORBIDDEN_TARGET` when a server named the URL and it is refused; `E_INTERNAL` when it is
 *   no http(s) URL without userinfo.
 */
export function firstHop(request: HttpRequest, locality: Locality): Hop {
  const headers = Object.entries(request.headers ?? {})
  const hop = { method: request.method, headers, withBody: request.body !== undefined }
  if (request.namedBy !== undefined) {
    const reach = locality.reachFrom(new URL(request.namedBy))
    const url = checkTarget({ url: request.url, from: request.namedBy, reach, role: "URL" })
    return { ...hop, url, reach: url.origin === parseOrigin(request.namedBy) ? undefined : reach }
  }
  if (request.named !== undefined) {
    const { url, reach } = certificateTarget(request.url, request.named, request.named.reach)
    return { ...hop, url, reach }
  }
  return { ...hop, url: ownChoice(request.url), reach: undefined }
}

/** A URL that came with the command or the environment. */
function ownChoice(text: string): URL {
  const url = URL.parse(text)
  const refused = (why: string): ToolError =>
    new ToolError("E_USAGE", { what: `not a URL to request: ${redactUrl(text)}`, why })
  if (url === null || parseOrigin(url) === undefined) throw refused("expected http or https, a host and a path")
  if (url.username !== "" || url.password !== "") {
    throw refused("it holds a user name or a password, and URLs are shown in messages and written to logs")
  }
  url.hash = ""
  return url
}

/** Judge a URL that a certificate led to. A host that is allowed by name may be a local one, whoever leads there. */
function certificateTarget(
  text: string,
  named: NamedByCertificate,
  reach: TargetReach,
): { readonly url: URL; readonly reach: TargetReach } {
  const url = URL.parse(text)
  const names = url === null ? [] : [url.hostname, url.host, hostPort(url)]
  const allowed = named.allow.some((entry) => names.includes(entry.trim().toLowerCase()))
  const within = allowed ? "local" : reach
  const checked = checkCertificateTarget(text, within)
  checked.hash = ""
  return { url: checked, reach: within }
}

/** Whether an answer is to be followed: 307 and 308 always, the older ones for GET and HEAD only. */
export function isRedirect(method: string, response: HttpResponse): boolean {
  if (response.header("location") === undefined) return false
  if (response.status === 307 || response.status === 308) return true
  return [301, 302, 303].includes(response.status) && (method === "GET" || method === "HEAD")
}

/**
 * The step a redirect leads to.
 *
 * @throws {ToolError} `E_NET_FORBIDDEN_TARGET` when the target is refused: another origin without `content`, plain http
 *   after https, userinfo, a local address named by a server on the internet.
 */
export function nextHop(request: HttpRequest, hop: Hop, response: HttpResponse, locality: Locality): Hop {
  const location = response.header("location") ?? ""
  const target = URL.parse(location, hop.url.href)
  const reach = locality.reachFrom(hop.url)
  const { named } = request
  const judged =
    named === undefined
      ? {
          url: checkTarget({
            url: target?.href ?? "",
            from: hop.url.origin,
            reach: narrower(hop.reach, reach),
            role: "redirect",
          }),
          reach: narrower(hop.reach, reach),
        }
      : certificateTarget(target?.href ?? "", named, narrower(named.reach, reach))
  const checked = judged.url
  checked.hash = ""
  if (checked.origin === hop.url.origin) return { ...hop, url: checked }
  if (request.redirect !== "content" || (hop.method !== "GET" && hop.method !== "HEAD")) {
    throw new ToolError("E_NET_FORBIDDEN_TARGET", {
      what: `${hop.url.host} redirected a ${hop.method} request to another server, which is refused`,
      why: `${redactUrl(checked)} is not on ${hop.url.origin}; only downloads of content may be redirected elsewhere`,
      details: { from: hop.url.origin, target: redactUrl(checked) },
    })
  }
  // SECURITY: nothing that identifies the user leaves the origin it was meant for, and it is not put back later.
  const headers = hop.headers.filter(([name]) => TRAVELLING.has(name.toLowerCase()))
  return { method: hop.method, url: checked, headers, withBody: false, reach: judged.reach }
}

/** A chain never gains reach: what a server on the internet named stays public. */
function narrower(before: TargetReach | undefined, now: TargetReach): TargetReach {
  return before === undefined || before === "local" || before === now ? now : "public"
}
