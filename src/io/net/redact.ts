/** What may be shown of URLs and headers. Everything not known to be harmless is hidden. */

/** Query parameters of the distribution and token protocols, whose values are no secrets. */
const PLAIN_PARAMETERS: ReadonlySet<string> = new Set([
  "scope",
  "service",
  "client_id",
  "offline_token",
  "n",
  "last",
  "digest",
  "digest-algorithm",
  "artifactType",
  "mount",
  "from",
  "tag",
  "ns",
])

/** Longest URL shown, characters. */
const SHOWN = 512

/**
 * URL without userinfo and fragment, with the values of unknown query parameters (signed URLs) hidden.
 *
 * @param url - any text; what is no URL is shown as `(not a URL)`.
 */
export function redactUrl(url: string | URL): string {
  const parsed = typeof url === "string" ? URL.parse(url) : url
  if (parsed === null) return "(not a URL)"
  const query = [...parsed.searchParams].map(([name, value]) => {
    const shown = PLAIN_PARAMETERS.has(name) ? value : "…"
    return `${shorten(name, 64)}=${shown}`
  })
  const text = `${parsed.protocol}//${parsed.host}${parsed.pathname}${query.length > 0 ? `?${query.join("&")}` : ""}`
  return shorten(text, SHOWN)
}

function shorten(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text
}
