import { concatBytes } from "../../codec/concat-bytes.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { digestOf, HASH_LENGTH } from "../hash.ts"

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** Hash of the tree without entries. */
export const EMPTY_ROOT: Uint8Array = digestOf("sha256", new Uint8Array(0))

/** Hash of an entry as it stands in the tree. Spec: RFC 6962 2.1. */
export function leafHash(entry: Uint8Array): Uint8Array {
  return digestOf("sha256", concatBytes([LEAF, entry]))
}

/** Hash of two neighbouring subtrees. Spec: RFC 6962 2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return digestOf("sha256", concatBytes([NODE, left, right]))
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === HASH_LENGTH.sha256)
}

/** What an inclusion proof says. Untrusted. */
export interface InclusionClaim {
  /** Position in the tree, 0 for the first entry. */
  readonly index: bigint
  /** Entries in the tree. */
  readonly size: bigint
  /** {@link leafHash} of the entry. */
  readonly leaf: Uint8Array
  /** Audit path, from the leaf up. */
  readonly hashes: readonly Uint8Array[]
}

/**
 * The root that an inclusion proof leads to.
 *
 * @returns `undefined` for an index outside the tree, too few or too many hashes, and hashes that are not 32 bytes.
 *
 * Spec: RFC 9162 2.1.3.2.
 */
export function rootOfInclusion(claim: InclusionClaim): Uint8Array | undefined {
  const { index, size, leaf, hashes } = claim
  if (index < 0n || index >= size || !areHashes([leaf, ...hashes])) return undefined
  let at = index
  let last = size - 1n
  let root = leaf
  for (const hash of hashes) {
    if (last === 0n) return undefined
    if ((at & 1n) === 1n || at === last) {
      root = nodeHash(hash, root)
      while ((at & 1n) === 0n && at !== 0n) {
        at >>= 1n
        last >>= 1n
      }
    } else {
      root = nodeHash(root, hash)
    }
    at >>= 1n
    last >>= 1n
  }
  return last === 0n ? root : undefined
}

/** Whether an entry is in the tree of this root. Spec: RFC 9162 2.1.3.2. */
export function verifyInclusion(claim: InclusionClaim & { readonly root: Uint8Array }): boolean {
  const root = rootOfInclusion(claim)
  return root !== undefined && equalBytes(root, claim.root)
}

/** What a consistency proof says. Untrusted. */
export interface ConsistencyClaim {
  readonly size1: bigint
  readonly root1: Uint8Array
  readonly size2: bigint
  readonly root2: Uint8Array
  readonly hashes: readonly Uint8Array[]
}

/**
 * Whether the tree of `size1` entries is the beginning of the tree of `size2` entries.
 *
 * The empty tree begins every tree and trees of one size must be equal; both take no hashes.
 *
 * Spec: RFC 9162 2.1.4.2.
 */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { size1, root1, size2, root2, hashes } = claim
  if (size1 < 0n || size1 > size2 || !areHashes([root1, root2, ...hashes])) return false
  if (size1 === size2)
    return hashes.length === 0 && equalBytes(root1, root2) && (size1 > 0n || equalBytes(root1, EMPTY_ROOT))
  if (size1 === 0n) return hashes.length === 0 && equalBytes(root1, EMPTY_ROOT)
  // A complete subtree is its own beginning, and its root is known already.
  const path = (size1 & (size1 - 1n)) === 0n ? [root1, ...hashes] : hashes
  const [start, ...rest] = path
  if (start === undefined || hashes.length === 0) return false
  let at = size1 - 1n
  let last = size2 - 1n
  while ((at & 1n) === 1n) {
    at >>= 1n
    last >>= 1n
  }
  let first = start
  let second = start
  for (const hash of rest) {
    if (last === 0n) return false
    if ((at & 1n) === 1n || at === last) {
      first = nodeHash(hash, first)
      second = nodeHash(hash, second)
      while ((at & 1n) === 0n && at !== 0n) {
        at >>= 1n
        last >>= 1n
      }
    } else {
      second = nodeHash(second, hash)
    }
    at >>= 1n
    last >>= 1n
  }
  return last === 0n && equalBytes(first, root1) && equalBytes(second, root2)
}
