import type { Target } from "./requests.ts"

/**
 * Where URLs in certificates may lead: to this machine when everything the command is about lies on it.
 *
 * SECURITY: a certificate on a public registry must not make us knock at services of this machine or its network.
 */
export function revocationReach(targets: readonly Target[]): "loopback" | "public" {
  const local = targets.every((target) => target.kind === "layout" || LOOPBACK.test(target.reference.registry))
  return local ? "loopback" : "public"
}

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/
