import { isIP } from "node:net"

import { ToolError } from "../../core/errors.ts"
import { addressBytes, classifyHost, inPrefix } from "./addresses.ts"
import { bareHost, portOf } from "./origin.ts"

/** The proxy of one request. */
export interface ProxyRoute {
  /** http or https origin of the proxy. */
  readonly url: URL
  /** Value of `Proxy-Authorization`; secret. */
  readonly authorization?: string
}

/** Chooses the proxy of a URL; `undefined` = direct. */
export type ProxyResolver = (url: URL) => ProxyRoute | undefined

type Env = Readonly<Record<string, string | undefined>>

/** One entry of NO_PROXY. */
type Rule =
  | { readonly kind: "cidr"; readonly prefix: Uint8Array; readonly bits: number }
  | { readonly kind: "ip"; readonly address: Uint8Array; readonly port: string }
  | { readonly kind: "domain"; readonly suffix: string; readonly itself: boolean; readonly port: string }

/**
 * Proxy choice by environment with the meaning Go gives it: HTTPS_PROXY and HTTP_PROXY by scheme, upper case before
 * lower; NO_PROXY with suffixes, addresses, CIDR ranges, ports and `*`. Loopback hosts are never proxied.
 *
 * @throws {ToolError} `E_CONFIG_INVALID` on first use of a proxy URL that is malformed or of another scheme.
 *
 * Spec: golang.org/x/net/http/httpproxy.
 */
export function createProxyResolver(env: Env): ProxyResolver {
  const pick = (name: string): string => first(env[name], env[name.toLowerCase()])
  const noProxy = parseNoProxy(pick("NO_PROXY"))
  return (url) => {
    const name = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY"
    const value = pick(name)
    // COMPAT(Go): a CGI program gets HTTP_PROXY from the client's `Proxy` header.
    const hostile = name === "HTTP_PROXY" && first(env["REQUEST_METHOD"]) !== ""
    if (value === "" || hostile || !usesProxy(url, noProxy)) return undefined
    return parseProxy(name, value)
  }
}

function first(...values: readonly (string | undefined)[]): string {
  return values.find((value) => value !== undefined && value !== "") ?? ""
}

function parseProxy(name: string, value: string): ProxyRoute {
  // COMPAT(Go): `proxy.example:3128` means http.
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") {
    throw new ToolError("E_CONFIG_INVALID", {
      what: `${name} names no usable proxy`,
      why: url === null ? "it is not a URL" : `the scheme is ${url.protocol.slice(0, -1)}, expected http or https`,
      next: [`set ${name} to \`http://HOST:PORT\``],
    })
  }
  const route = new URL(url.origin)
  if (url.username === "" && url.password === "") return { url: route }
  const pair = `${decode(url.username)}:${decode(url.password)}`
  return { url: route, authorization: `Basic ${Buffer.from(pair, "utf8").toString("base64")}` }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

type NoProxy = "everything" | readonly Rule[]

function parseNoProxy(text: string): NoProxy {
  const rules: Rule[] = []
  for (const entry of text.split(",").map((part) => part.trim().toLowerCase())) {
    if (entry === "") continue
    if (entry === "*") return "everything"
    const rule = parseRule(entry)
    if (rule !== undefined) rules.push(rule)
  }
  return rules
}

function parseRule(entry: string): Rule | undefined {
  const slash = entry.lastIndexOf("/")
  if (slash >= 0) {
    const prefix = addressBytes(entry.slice(0, slash))
    const bits = entry.slice(slash + 1)
    if (prefix === undefined || !/^\d{1,3}$/.test(bits) || Number(bits) > prefix.length * 8) return undefined
    return { kind: "cidr", prefix, bits: Number(bits) }
  }
  const { host, port } = splitPort(entry)
  const address = addressBytes(host)
  if (address !== undefined) return { kind: "ip", address, port }
  const name = host.startsWith("*.") ? host.slice(1) : host
  if (name === "" || name === ".") return undefined
  const itself = !name.startsWith(".")
  return { kind: "domain", suffix: itself ? `.${name}` : name, itself, port }
}

function splitPort(entry: string): { readonly host: string; readonly port: string } {
  if (isIP(entry) !== 0) return { host: entry, port: "" }
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(entry)
  if (match === null) return { host: entry, port: "" }
  return { host: (match[1] ?? "").replace(/^\[|\]$/g, ""), port: match[2] ?? "" }
}

function usesProxy(url: URL, noProxy: NoProxy): boolean {
  const host = bareHost(url).toLowerCase()
  if (classifyHost(host) === "loopback") return false
  if (noProxy === "everything") return false
  const address = addressBytes(host)
  const port = String(portOf(url))
  return !noProxy.some((rule) => matches(rule, host, address, port))
}

function matches(rule: Rule, host: string, address: Uint8Array | undefined, port: string): boolean {
  if (rule.kind === "cidr") return address !== undefined && inPrefix(address, rule.prefix, rule.bits)
  if (rule.port !== "" && rule.port !== port) return false
  if (rule.kind === "ip") return address !== undefined && inPrefix(address, rule.address, rule.address.length * 8)
  return host.endsWith(rule.suffix) || (rule.itself && host === rule.suffix.slice(1))
}
