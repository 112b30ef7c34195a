const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/
/** Go unescapes only bytes beyond ASCII in a host. */
const BAD_HOST = /[\s#\\^`{|}]|%(?![89a-fA-F][0-9a-fA-F])/
const PORT = /^(?::[0-9]*)?$/

/**
 * Whether Go's `url.ParseRequestURI` takes a text: an absolute URI or an absolute path. Nothing is fetched by it.
 */
export function isRequestUri(text: string): boolean {
  if (text === "*") return true
  if (text === "" || /[\u0000-\u001f\u007f]/.test(text)) return false
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(text)?.[0] ?? ""
  const [rest = ""] = text.slice(scheme.length).split("?", 1)
  if (!rest.startsWith("/")) return scheme !== ""
  if (scheme === "" || !rest.startsWith("//")) return !BAD_ESCAPE.test(rest)
  const slash = rest.indexOf("/", 2)
  const authority = rest.slice(2, slash < 0 ? undefined : slash)
  const path = slash < 0 ? "" : rest.slice(slash)
  return isHost(authority.slice(authority.lastIndexOf("@") + 1)) && !BAD_ESCAPE.test(path)
}

function isHost(text: string): boolean {
  if (BAD_HOST.test(text)) return false
  if (text.startsWith("[")) {
    const end = text.lastIndexOf("]")
    return end > 0 && PORT.test(text.slice(end + 1))
  }
  const colon = text.lastIndexOf(":")
  return colon < 0 || PORT.test(text.slice(colon))
}
