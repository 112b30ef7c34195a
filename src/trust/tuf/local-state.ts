import { tufBounds } from "./bounds.ts"
import { TrustedMetadata } from "./trusted-metadata.ts"

/** Metadata files of one moment. */
export interface MetadataFiles {
  readonly timestamp?: Uint8Array
  readonly snapshot?: Uint8Array
  readonly targets?: Uint8Array
}

/** What a cache holds of a repository. Nothing of it is believed before it was verified again. */
export interface LocalState {
  /** Roots by version, in order: links of a chain from the root that is trusted. */
  readonly roots: readonly Uint8Array[]
  /** Sets of files that may belong together, one for each program that writes the cache. */
  readonly sets: readonly MetadataFiles[]
  /** Timestamps that were verified although what they list was not had. */
  readonly timestamps: readonly Uint8Array[]
}

/** Metadata taken out of a cache, with the files it was taken from. */
export interface LocalMetadata {
  readonly trusted: TrustedMetadata
  readonly files: Required<MetadataFiles>
  /** Index of the set. */
  readonly set: number
}

/**
 * Begin with the root that is trusted, and follow the chain of the cached ones.
 *
 * SECURITY: a cached root counts only when the one before vouches for it.
 *
 * @param anchor - root.json that is trusted by other means.
 * @returns the metadata and the roots that were followed, in order.
 * @throws {ToolError} `E_TRUST_MALFORMED` for the anchor; what is wrong with cached roots is passed over.
 */
export function followRoots(
  anchor: Uint8Array,
  cached: readonly Uint8Array[],
  at: number,
): { readonly trusted: TrustedMetadata; readonly roots: readonly Uint8Array[] } {
  const trusted = new TrustedMetadata(anchor, at)
  const roots = cached
    .filter((bytes) =>
      accepts(() => {
        trusted.updateRoot(bytes)
      }),
    )
    .slice(0, tufBounds.rotations)
  return { trusted, roots }
}

/**
 * The newest set of a cache that is whole.
 *
 * @param taking - `new`: it must not have expired. `cached`: it may have, and if the keys were exchanged since it was
 *   verified and nothing newer could be had, it counts as it did before: the cache is where it comes from, nobody else.
 * @returns `undefined` when there is none.
 * @throws {ToolError} `E_TRUST_MALFORMED` for the anchor.
 */
export function localMetadata(
  anchor: Uint8Array,
  state: LocalState,
  at: number,
  taking: "new" | "cached",
): LocalMetadata | undefined {
  const { roots } = followRoots(anchor, state.roots, at)
  for (let count = roots.length; count >= (taking === "new" ? roots.length : 0); count--) {
    const found = newestSet(anchor, { ...state, roots: roots.slice(0, count) }, at, taking)
    if (found !== undefined) return found
  }
  return undefined
}

function newestSet(
  anchor: Uint8Array,
  state: LocalState,
  at: number,
  taking: "new" | "cached",
): LocalMetadata | undefined {
  let best: LocalMetadata | undefined
  for (const [set, files] of state.sets.entries()) {
    const found = wholeSet(followRoots(anchor, state.roots, at).trusted, files, taking)
    if (found !== undefined && versionOf(found) > versionOf(best)) best = { ...found, set }
  }
  return best
}

function wholeSet(
  trusted: TrustedMetadata,
  { timestamp, snapshot, targets }: MetadataFiles,
  taking: "new" | "cached",
): Omit<LocalMetadata, "set"> | undefined {
  if (timestamp === undefined || snapshot === undefined || targets === undefined) return undefined
  const whole = accepts(() => {
    if (taking === "new") trusted.requireFreshRoot()
    trusted.updateTimestamp(timestamp, taking)
    trusted.updateSnapshot(snapshot, taking)
    trusted.updateTargets(targets, taking)
  })
  return whole ? { trusted, files: { timestamp, snapshot, targets } } : undefined
}

/**
 * Version of a timestamp out of a cache, where the keys of today have signed it.
 *
 * @param roots - after the anchor, in order.
 * @returns 0 where they have not.
 */
export function timestampVersion(anchor: Uint8Array, roots: readonly Uint8Array[], bytes: Uint8Array): number {
  const { trusted } = followRoots(anchor, roots, 0)
  return remember(bytes, (known) => {
    trusted.updateTimestamp(known, "compare")
  })
    ? (trusted.timestamp?.version ?? 0)
    : 0
}

function versionOf(local: Omit<LocalMetadata, "set"> | undefined): number {
  return local?.trusted.timestamp?.version ?? 0
}

/**
 * Take in what a cache knows, so that the repository cannot show less than before. What the root's keys of today did
 * not sign is passed over: keys are exchanged to recover from versions that were too high.
 */
export function rememberLocal(trusted: TrustedMetadata, state: LocalState): void {
  const timestamps = [...state.sets.map((set) => set.timestamp), ...state.timestamps]
  for (const bytes of timestamps)
    remember(bytes, (known) => {
      trusted.updateTimestamp(known, "compare")
    })
  for (const { snapshot, targets } of state.sets) {
    const took = remember(snapshot, (known) => {
      trusted.updateSnapshot(known, "compare")
    })
    if (took)
      remember(targets, (known) => {
        trusted.rememberTargets(known)
      })
  }
}

function remember(bytes: Uint8Array | undefined, take: (bytes: Uint8Array) => void): boolean {
  return (
    bytes !== undefined &&
    accepts(() => {
      take(bytes)
    })
  )
}

/** Whether it goes without a refusal. The cache is ours to repair: what is wrong in it is fetched again. */
function accepts(take: () => void): boolean {
  try {
    take()
    return true
  } catch {
    return false
  }
}
