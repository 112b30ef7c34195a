/**
 * Bounds of a TUF client. Bytes, unless said otherwise.
 *
 * Source: tuf-js and python-tuf use the same for metadata; advisories ask for the counts.
 */
export const tufBounds: Readonly<
  Record<"root" | "timestamp" | "snapshot" | "targets" | "target" | "signatures" | "rotations" | "delegations", number>
> = {
  root: 512_000,
  timestamp: 16_384,
  snapshot: 2_000_000,
  targets: 5_000_000,
  /** A file that is fetched as a target, whatever length is signed. */
  target: 16 * 1024 * 1024,
  /** Signatures of one file. A key signs once, so more than this many keys could not sign anything. */
  signatures: 256,
  /** New roots in one refresh; the next one goes on. */
  rotations: 256,
  /** Delegated roles visited for one target. */
  delegations: 32,
}
