const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/
/** In a host Go unescapes the percent sign and bytes beyond ASCII alone, and no domain has the latter. */
const HOST = /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]|%25)*$/
const USER = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/
const PORT = /^(?::[0-9]*)?$/

/**
 * Whether Go takes a text for a URI among the alternative names of a certificate: `url.Parse` reads it, and its host is a
 * domain or address. Nothing is fetched by it.
 */
export function isAlternativeUri(text: string): boolean {
  const [before = "", ...fragment] = text.split("#")
  if (/[\u0000-\u001f\u007f]/.test(before) || BAD_ESCAPE.test(fragment.join("#"))) return false
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(before)?.[0] ?? ""
  const [rest = ""] = before.slice(scheme.length).split("?", 1)
  if (!rest.startsWith("/")) return scheme !== "" || (!firstSegment(rest).includes(":") && !BAD_ESCAPE.test(rest))
  if (!rest.startsWith("//") || (scheme === "" && rest.startsWith("///"))) return !BAD_ESCAPE.test(rest)
  const authority = firstSegment(rest.slice(2))
  const at = authority.lastIndexOf("@")
  const user = authority.slice(0, Math.max(at, 0))
  return (
    USER.test(user) &&
    !BAD_ESCAPE.test(user) &&
    isHost(authority.slice(at + 1), /^https?:$/i.test(scheme)) &&
    !BAD_ESCAPE.test(rest.slice(2 + authority.length))
  )
}

function firstSegment(text: string): string {
  const slash = text.indexOf("/")
  return slash < 0 ? text : text.slice(0, slash)
}

/** @param web - a colon may stand before the port alone. */
function isHost(text: string, web: boolean): boolean {
  if (!HOST.test(text) || text.lastIndexOf("[") > 0) return false
  if (text.startsWith("[")) {
    const end = text.lastIndexOf("]")
    const address = text.slice(1, Math.max(end, 1)).replace(/%25.+$/, "")
    return end > 0 && PORT.test(text.slice(end + 1)) && URL.canParse(`http://[${address}]/`) && isDomain(text)
  }
  const colon = web ? text.indexOf(":") : text.lastIndexOf(":")
  return (colon < 0 || PORT.test(text.slice(colon))) && isDomain(text)
}

/** No label between dots is empty. */
function isDomain(text: string): boolean {
  return text === "" || !text.split(".").includes("")
}
