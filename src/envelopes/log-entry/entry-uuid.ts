import { encodeHex } from "../../codec/hex.ts"
import { leafHash } from "../../crypto/transparency/merkle.ts"

const TREE_DIGITS = 16

/**
 * How version 1 logs name an entry: its leaf hash, with the tree's id before it where that is known.
 *
 * @param treeId - positive, below 2^64.
 * @returns 64 or 80 hexadecimal digits.
 */
export function entryUuid(canonicalizedBody: Uint8Array, treeId?: bigint): string {
  const tree = treeId === undefined ? "" : treeId.toString(16).padStart(TREE_DIGITS, "0")
  return `${tree}${encodeHex(leafHash(canonicalizedBody))}`
}

/** Whether a log's name for an entry is one of exactly this body. */
export function isUuidOf(uuid: string, canonicalizedBody: Uint8Array): boolean {
  return /^(?:[0-9a-f]{16})?[0-9a-f]{64}$/.test(uuid) && uuid.endsWith(entryUuid(canonicalizedBody))
}
