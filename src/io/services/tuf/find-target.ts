import { tufBounds } from "../../../trust/tuf/bounds.ts"
import type { DelegatedRole } from "../../../trust/tuf/delegations.ts"
import { hasFacts, type TargetFacts, type TargetsFile } from "../../../trust/tuf/metadata.ts"
import type { TrustedMetadata } from "../../../trust/tuf/trusted-metadata.ts"

/** Where metadata of delegated roles comes from. */
export interface RoleFiles {
  /** Out of the cache; may be an older file. */
  cached(role: string): Promise<Uint8Array | undefined>
  /** From the repository. @throws {ToolError} `E_TRUST_MISSING` when it cannot be had. */
  fetch(role: string, version: number, max: number): Promise<Uint8Array>
  keep(role: string, bytes: Uint8Array): Promise<void>
}

interface Visit {
  readonly role: DelegatedRole
  readonly parent: string
}

/**
 * What is signed about a target: by the top-level targets, or by the first role that they leave it to, directly or by
 * others.
 *
 * @param taking - `cached`: metadata may have expired.
 * @returns `undefined` when nobody vouches for it.
 * @throws {ToolError} `E_TRUST_MALFORMED`, `E_TRUST_STALE`, `E_TRUST_MISSING`, `E_NET_*`.
 *
 * Spec: TUF section 5.6.7; Security: a role that two parents name is verified as the parent demands that leads to it.
 */
export async function findTarget(
  trusted: TrustedMetadata,
  name: string,
  files: RoleFiles,
  taking: "new" | "cached",
): Promise<TargetFacts | undefined> {
  const top = trusted.targets
  if (top === undefined) return undefined
  const found = top.targets.get(name)
  if (found !== undefined) return found
  const read = new Map<string, Uint8Array>()
  const visited = new Set<string>()
  let left = childrenOf(top, "targets", name, [])
  for (let count = 0; count < tufBounds.delegations && left.length > 0; count++) {
    const [{ role, parent }, ...rest] = left as [Visit, ...Visit[]]
    left = rest
    const edge = JSON.stringify([parent, role.name])
    if (visited.has(edge)) continue
    visited.add(edge)
    const bytes = read.get(role.name) ?? (await fileOf(trusted, role.name, files))
    const targets = trusted.delegatedTargets(bytes, role.name, role, parent, taking)
    if (!read.has(role.name)) await files.keep(role.name, bytes)
    read.set(role.name, bytes)
    const facts = targets.targets.get(name)
    if (facts !== undefined) return facts
    left = childrenOf(targets, role.name, name, left)
  }
  return undefined
}

/** Roles to ask next: those of this file before those still left, none of which is asked after a terminating one. */
function childrenOf(file: TargetsFile, parent: string, name: string, left: readonly Visit[]): readonly Visit[] {
  const roles = file.delegations?.rolesFor(name) ?? []
  const end = roles.findIndex((role) => role.terminating)
  const asked = (end < 0 ? roles : roles.slice(0, end + 1)).map((role) => ({ role, parent }))
  return end < 0 ? [...asked, ...left] : asked
}

async function fileOf(trusted: TrustedMetadata, role: string, files: RoleFiles): Promise<Uint8Array> {
  const listed = trusted.listed(role)
  const cached = await files.cached(role)
  if (cached !== undefined && Object.keys(listed.hashes).length > 0 && hasFacts(cached, listed)) return cached
  return files.fetch(role, listed.version, Math.min(listed.length ?? tufBounds.targets, tufBounds.targets))
}
