import type { Target } from "./requests.ts"

/** Where URLs in certificates may lead beside public addresses. */
export type RevocationReach = "loopback" | "private" | "public"

/**
 * Where URLs in certificates may lead: to this machine when everything the command is about lies on it, into private
 * networks when every registry is in one.
 *
 * SECURITY: a certificate on a public registry must not make us knock at services of this machine or its network. A
 * registry's place is told by its name alone, because the owner of a public name decides what it resolves to.
 */
export function revocationReach(targets: readonly Target[]): RevocationReach {
  const hosts = targets.flatMap((target) => (target.kind === "layout" ? [] : [hostOf(target.reference.registry)]))
  if (hosts.every((host) => LOOPBACK.test(host))) return "loopback"
  return hosts.every((host) => isPrivateName(host)) ? "private" : "public"
}

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])$/

/** RFC 1918 and RFC 4193. */
const PRIVATE_ADDRESS = /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}$|^\[f[cd][0-9a-f]{2}:/i

/** Names that public DNS never answers: RFC 6761, 6762 and 8375, ICANN's `internal`, and names without a dot. */
const PRIVATE_NAME = /\.(?:internal|local|home\.arpa|test)$|^[^.[]+$/i

function isPrivateName(host: string): boolean {
  return host !== "localhost" && (PRIVATE_ADDRESS.test(host) || PRIVATE_NAME.test(host))
}

function hostOf(registry: string): string {
  return registry.replace(/:\d+$/, "")
}
