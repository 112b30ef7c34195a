import type { TrustRole, TrustStatus } from "../../../core/sigstore-ports.ts"
import { topRoles } from "../../../trust/tuf/metadata.ts"
import type { OpenedMirror } from "./mirror.ts"

/** What is known of a repository. @param folder - of the cache. */
export function statusOf(mirror: OpenedMirror, folder: string): TrustStatus {
  const { trusted, url, source, refreshedAt } = mirror
  const files = [trusted.root, trusted.timestamp, trusted.snapshot, trusted.targets]
  const roles = topRoles.flatMap((name, index): TrustRole[] => {
    const file = files[index]
    return file === undefined ? [] : [{ name, version: file.version, bytes: file.bytes.length, expires: file.expires }]
  })
  const targets = [...(trusted.targets?.targets.values() ?? [])].map(({ name, usage, status }) => ({
    name,
    ...(usage === undefined ? {} : { usage }),
    ...(status === undefined ? {} : { status }),
  }))
  return { mirror: url, folder, source, refreshedAt, roles, targets }
}
