import { ToolError } from "../../core/errors.ts"
import { classifyAddress, classifyHost, isEmbeddedLiteral, type AddressClass } from "./addresses.ts"
import { bareHost, parseOrigin } from "./origin.ts"
import { redactUrl } from "./redact.ts"

/**
 * Which addresses a URL that came from a server may lead to: public ones, and those of the server's own class when it is
 * itself on this host (`loopback`) or in a private network; `local` are both of these. Link-local, metadata and multicast
 * addresses never.
 */
export type TargetReach = "public" | "loopback" | "private" | "local"

/** Whether `kind` is within `reach`. */
function isWithinReach(kind: AddressClass, reach: TargetReach): boolean {
  return kind === "public" || kind === reach || (reach === "local" && (kind === "loopback" || kind === "private"))
}

/** What a server at an address of this class may name. */
export function reachOf(kind: AddressClass): TargetReach {
  return kind === "loopback" || kind === "private" ? kind : "public"
}

/** What {@link checkTarget} judges. */
export interface TargetCheck {
  /** The URL a server sent. */
  readonly url: string
  /** URL or origin of the server that sent it. */
  readonly from: string
  readonly reach: TargetReach
  /** What the URL is, for the message: `redirect`, `token service`. */
  readonly role: string
}

/**
 * Judge a URL that came from outside before anything is sent there, by its scheme, userinfo and literal host. Names are
 * judged again by their addresses when connecting.
 *
 * @returns the parsed URL.
 * @throws {ToolError} `E_NET_FORBIDDEN_TARGET`.
 *
 * Same scheme, host and port as `from` is always allowed. Plain http is allowed only from plain http, and then to the
 * same host or between loopback hosts.
 */
export function checkTarget(check: TargetCheck): URL {
  const url = URL.parse(check.url)
  const from = new URL(check.from)
  if (url === null || parseOrigin(url) === undefined) throw forbidden(check, "it is not an absolute http or https URL")
  if (url.username !== "" || url.password !== "") throw forbidden(check, "it contains a user name or password")
  if (url.origin === from.origin) return url
  if (url.protocol === "http:") checkPlain(check, url, from)
  const host = bareHost(url)
  const kind = classifyHost(host)
  if (isEmbeddedLiteral(host)) throw forbidden(check, `its host ${host} hides an IPv4 address`)
  if (!isWithinReach(kind, check.reach)) throw forbidden(check, `its host ${host} is a ${kind} address`)
  return url
}

function checkPlain(check: TargetCheck, url: URL, from: URL): void {
  if (from.protocol !== "http:") throw forbidden(check, "it leaves https for plain http")
  const loopback = classifyHost(bareHost(url)) === "loopback" && classifyHost(bareHost(from)) === "loopback"
  if (url.hostname !== from.hostname && !loopback) throw forbidden(check, "it is plain http on another host")
}

/**
 * Judge a URL out of a certificate, or a redirect from one, as {@link checkTarget} does. Plain http is allowed.
 *
 * @param reach - what it may lead to.
 * @throws {ToolError} `E_NET_FORBIDDEN_TARGET`.
 */
export function checkCertificateTarget(text: string, reach: TargetReach): URL {
  const url = URL.parse(text)
  const check = { url: text, from: "a certificate", reach, role: "URL" }
  if (url === null || parseOrigin(url) === undefined) throw forbidden(check, "it is not an absolute http or https URL")
  if (url.username !== "" || url.password !== "") throw forbidden(check, "it contains a user name or password")
  const host = bareHost(url)
  const kind = classifyHost(host)
  if (isEmbeddedLiteral(host)) throw forbidden(check, `its host ${host} hides an IPv4 address`)
  if (!isWithinReach(kind, reach)) throw forbidden(check, `its host ${host} is a ${kind} address`)
  return url
}

function forbidden(check: TargetCheck, reason: string): ToolError {
  const from = parseOrigin(check.from) ?? check.from
  return new ToolError("E_NET_FORBIDDEN_TARGET", {
    what: `${from} named a ${check.role} that is refused`,
    why: `${redactUrl(check.url)}: ${reason}`,
    details: { from, target: redactUrl(check.url) },
  })
}

/**
 * Judge the addresses a name resolved to. One forbidden address refuses the name.
 *
 * @throws {ToolError} `E_NET_FORBIDDEN_TARGET`.
 */
export function checkAddresses(host: string, addresses: readonly string[], reach: TargetReach): void {
  for (const address of addresses) {
    const kind = classifyAddress(address)
    if (isWithinReach(kind, reach)) continue
    throw new ToolError("E_NET_FORBIDDEN_TARGET", {
      what: `a server sent us to ${host}, which is refused`,
      why: `${host} resolves to ${address}, a ${kind} address; a server on the internet may not send us there`,
      details: { host, address },
    })
  }
}
