/** Origins as parsed values: scheme, host and port with the default filled in. Never compare URLs as text. */

/** Origin of an absolute http or https URL, `scheme://host[:port]`; `undefined` for anything else. */
export function parseOrigin(url: string | URL): string | undefined {
  const parsed = typeof url === "string" ? URL.parse(url) : url
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) return undefined
  return parsed.origin
}

/** Whether both URLs are http(s) and have one scheme, host and port. */
export function sameOrigin(a: string | URL, b: string | URL): boolean {
  const first = parseOrigin(a)
  return first !== undefined && first === parseOrigin(b)
}

/** Port number of an http or https URL, the scheme's default when none is written. */
export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port)
  return url.protocol === "https:" ? 443 : 80
}

/** Host name without the brackets of an IPv6 literal. */
export function bareHost(url: URL): string {
  return url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname
}

/** `host:port` with the port always written; IPv6 literals in brackets. */
export function hostPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`
}
