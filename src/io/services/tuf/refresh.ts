import { tufBounds } from "../../../trust/tuf/bounds.ts"
import { followRoots, rememberLocal, type LocalState, type MetadataFiles } from "../../../trust/tuf/local-state.ts"
import { hasFacts, type MetaFacts } from "../../../trust/tuf/metadata.ts"
import type { TrustedMetadata } from "../../../trust/tuf/trusted-metadata.ts"
import { tufError } from "../../../trust/tuf/tuf-error.ts"
import type { TufSource } from "./mirror-source.ts"

/** What was verified so far; of a refresh that fails it is what may be kept. */
export interface Refreshed {
  trusted?: TrustedMetadata
  roots: readonly Uint8Array[]
  timestamp?: Uint8Array
  snapshot?: Uint8Array
  targets?: Uint8Array
}

/** What a refresh begins with. */
export interface RefreshInput {
  readonly anchor: Uint8Array
  readonly state: LocalState
  readonly source: TufSource
  /** The one time that expiry is judged by, milliseconds since the epoch. */
  readonly at: number
  /** Filled as files are verified, also when the refresh fails later. */
  readonly into: Refreshed
  readonly signal?: AbortSignal | undefined
}

/**
 * Bring metadata up to date: root by root, then timestamp, snapshot and targets.
 *
 * @throws {ToolError} `E_TRUST_MALFORMED`, `E_TRUST_ROLLBACK`, `E_TRUST_STALE`, `E_NET_*`, `E_SERVICE_PROTOCOL`.
 *
 * Spec: TUF sections 5.3 to 5.6.
 */
export async function refreshMetadata(input: RefreshInput): Promise<{
  readonly trusted: TrustedMetadata
  readonly files: Required<MetadataFiles>
}> {
  const { anchor, state, at, into } = input
  const { trusted, roots } = followRoots(anchor, state.roots, at)
  into.trusted = trusted
  into.roots = roots
  await rotateRoots(input, trusted)
  trusted.requireFreshRoot()
  rememberLocal(trusted, state)
  trusted.updateTimestamp(await required(input, "timestamp.json", tufBounds.timestamp))
  const timestamp = trusted.timestamp?.bytes ?? new Uint8Array()
  into.timestamp = timestamp
  const snapshot = await listed(input, trusted, "snapshot", trusted.timestamp?.snapshot, (bytes) => {
    trusted.updateSnapshot(bytes)
  })
  into.snapshot = snapshot
  const targets = await listed(input, trusted, "targets", trusted.listed("targets"), (bytes) => {
    trusted.updateTargets(bytes)
  })
  into.targets = targets
  return { trusted, files: { timestamp, snapshot, targets } }
}

async function rotateRoots({ source, into, signal }: RefreshInput, trusted: TrustedMetadata): Promise<void> {
  for (let count = 0; count < tufBounds.rotations; count++) {
    const bytes = await source.fetch(`${trusted.root.version + 1}.root.json`, tufBounds.root, signal)
    if (bytes === undefined) return
    trusted.updateRoot(bytes)
    into.roots = [...into.roots, bytes]
  }
}

/** Take in the file that is listed: out of the cache where it lies there, else from the repository. */
async function listed(
  input: RefreshInput,
  trusted: TrustedMetadata,
  role: "snapshot" | "targets",
  facts: MetaFacts | undefined,
  take: (bytes: Uint8Array) => void,
): Promise<Uint8Array> {
  const copies = input.state.sets.map((set) => set[role])
  for (const bytes of copies)
    if (bytes !== undefined && facts !== undefined && isTaken(bytes, facts, take)) return bytes
  const name = trusted.root.consistentSnapshot ? `${facts?.version ?? 0}.${role}.json` : `${role}.json`
  const bytes = await required(input, name, Math.min(facts?.length ?? tufBounds[role], tufBounds[role]))
  take(bytes)
  return bytes
}

/** Whether a copy can be used; the repository is asked for what cannot. */
function isTaken(bytes: Uint8Array, facts: MetaFacts, take: (bytes: Uint8Array) => void): boolean {
  if (!hasFacts(bytes, facts)) return false
  try {
    take(bytes)
    return true
  } catch {
    return false
  }
}

async function required({ source, signal }: RefreshInput, name: string, max: number): Promise<Uint8Array> {
  const bytes = await source.fetch(name, max, signal)
  if (bytes !== undefined) return bytes
  throw tufError(
    "E_TRUST_MISSING",
    `the TUF repository has no ${name}`,
    "it answered that there is no such file",
    undefined,
    ["check the URL of the mirror; see which one is in use with `countersign trust status`"],
  )
}
