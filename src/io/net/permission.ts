import { ToolError } from "../../core/errors.ts"
import { classifyHost } from "./addresses.ts"
import { bareHost, hostPort } from "./origin.ts"
import type { ProxyResolver } from "./proxy.ts"

/** What the user allows to be contacted, and how. */
export interface Permission {
  readonly plainHttp: "loopback" | "private" | "always"
  /** Only these `host[:port]`; `undefined` = all. */
  readonly offlineExcept: readonly string[] | undefined
}

/**
 * Refuse a URL before any socket is opened or name looked up.
 *
 * @param options - `plain`: plain http is allowed whatever the permission says, because the content is signed.
 * @throws {ToolError} `E_NET_OFFLINE`, or `E_NET_FORBIDDEN_TARGET` for plain http where it is not allowed.
 */
export function permit(
  permission: Permission,
  url: URL,
  proxy: ProxyResolver | undefined,
  options: { readonly plain: boolean } = { plain: false },
): void {
  const { offlineExcept } = permission
  if (offlineExcept !== undefined) {
    const via = proxy?.(url)?.url
    if (!isListed(offlineExcept, url) || (via !== undefined && !isListed(offlineExcept, via))) {
      throw offline(via !== undefined && isListed(offlineExcept, url) ? via : url, offlineExcept)
    }
  }
  if (url.protocol === "https:" || options.plain || permission.plainHttp === "always") return
  const kind = classifyHost(bareHost(url))
  if (kind === "loopback" || (permission.plainHttp === "private" && kind === "private")) return
  // SECURITY: never send anything in the clear unless that was allowed by name.
  throw new ToolError("E_NET_FORBIDDEN_TARGET", {
    what: `plain http to ${url.host} is not allowed`,
    why: `only ${permission.plainHttp === "private" ? "loopback and private addresses" : "loopback hosts"} may be reached without TLS`,
    next: ["use https", "allow plain http for this registry if the network between is your own"],
    details: { host: url.host },
  })
}

function isListed(list: readonly string[], url: URL): boolean {
  const names = [url.host, hostPort(url)]
  return list.some((entry) => names.includes(entry.toLowerCase()))
}

function offline(url: URL, allowed: readonly string[]): ToolError {
  const list = allowed.length === 0 ? "no host may be contacted" : `only ${allowed.join(", ")} may be contacted`
  return new ToolError("E_NET_OFFLINE", {
    what: `${url.host} is needed, but the network is off`,
    why: `${list} (offline)`,
    details: { host: url.host },
  })
}
