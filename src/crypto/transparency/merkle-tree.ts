import { HASH_LENGTH } from "../hash.ts"
import { EMPTY_ROOT, nodeHash } from "./merkle.ts"

/**
 * Root of a complete subtree.
 *
 * @param level - 0 for leaf hashes; a subtree holds 2^level entries.
 * @param index - position among the subtrees of the level.
 */
export type SubtreeReader = (level: number, index: number) => Uint8Array

/** The largest power of two below `size`, which is at least 2. */
function split(size: number): number {
  let half = 1
  while (half * 2 < size) half *= 2
  return half
}

/** Hash over entries `begin` to `end`. @param begin - a multiple of the smallest power of two not below the count. */
function hashOfRange(read: SubtreeReader, begin: number, end: number): Uint8Array {
  const size = end - begin
  const level = Math.log2(size)
  // Exact for every power of two a double can hold.
  if (Number.isInteger(level) && 2 ** level === size) return read(level, begin / size)
  const half = split(size)
  return nodeHash(hashOfRange(read, begin, begin + half), hashOfRange(read, begin + half, end))
}

function checkSizes(first: number, second: number): void {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(second) || first < 0 || first > second) {
    throw new RangeError(`no such place in the tree: ${first} of ${second}`)
  }
}

/** Root of the tree of the first `size` entries. @throws {RangeError} for a size that is no integer or negative. */
export function rootOf(read: SubtreeReader, size: number): Uint8Array {
  checkSizes(size, size)
  return size === 0 ? EMPTY_ROOT : hashOfRange(read, 0, size)
}

/**
 * Audit path of an entry in the tree of the first `size` entries, from the leaf up.
 *
 * @throws {RangeError} for an entry outside the tree.
 *
 * Spec: RFC 6962 2.1.1.
 */
export function inclusionPath(read: SubtreeReader, index: number, size: number): Uint8Array[] {
  checkSizes(index + 1, size)
  checkSizes(index, size)
  const path: Uint8Array[] = []
  for (let begin = 0, end = size; end - begin > 1;) {
    const middle = begin + split(end - begin)
    const left = index < middle
    path.push(left ? hashOfRange(read, middle, end) : hashOfRange(read, begin, middle))
    if (left) end = middle
    else begin = middle
  }
  return path.reverse()
}

/**
 * Hashes which show that the first `size1` entries are the beginning of the first `size2`.
 *
 * @returns nothing for the empty tree and for trees of one size.
 * @throws {RangeError} for sizes that are not in order.
 *
 * Spec: RFC 6962 2.1.2.
 */
export function consistencyPath(read: SubtreeReader, size1: number, size2: number): Uint8Array[] {
  checkSizes(size1, size2)
  if (size1 === 0 || size1 === size2) return []
  const path: Uint8Array[] = []
  let begin = 0
  let end = size2
  while (size1 < end) {
    const middle = begin + split(end - begin)
    if (size1 <= middle) {
      path.push(hashOfRange(read, middle, end))
      end = middle
    } else {
      path.push(hashOfRange(read, begin, middle))
      begin = middle
    }
  }
  // What is left is a subtree of the older tree; its root is known where that is the whole older tree.
  if (begin > 0) path.push(hashOfRange(read, begin, end))
  return path.reverse()
}

const FIRST_BYTES = 64 * HASH_LENGTH.sha256

/** An append-only tree in memory: 64 bytes an entry, all complete subtrees at hand. */
export class MerkleTree {
  readonly #levels: { bytes: Uint8Array; count: number }[] = []

  /** Entries in the tree. */
  get size(): number {
    return this.#levels[0]?.count ?? 0
  }

  /** Add an entry by its leaf hash. @returns its index. @throws {RangeError} when it is not 32 bytes. */
  append(leaf: Uint8Array): number {
    if (leaf.length !== HASH_LENGTH.sha256) throw new RangeError(`a leaf hash of ${leaf.length} bytes`)
    const index = this.size
    let hash = leaf
    for (let level = 0; ; level++) {
      const count = this.#push(level, hash)
      if (count % 2 === 1) return index
      hash = nodeHash(this.read(level, count - 2), hash)
    }
  }

  /** See {@link SubtreeReader}. @throws {RangeError} for a subtree that is not complete. */
  readonly read: SubtreeReader = (level, index) => {
    const row = this.#levels[level]
    if (row === undefined || index < 0 || index >= row.count) throw new RangeError(`no subtree ${index} at ${level}`)
    return row.bytes.slice(index * HASH_LENGTH.sha256, (index + 1) * HASH_LENGTH.sha256)
  }

  /** Root of the first `size` entries; default all. @throws {RangeError} for more than there are. */
  root(size: number = this.size): Uint8Array {
    return rootOf(this.read, size)
  }

  #push(level: number, hash: Uint8Array): number {
    const row = (this.#levels[level] ??= { bytes: new Uint8Array(FIRST_BYTES), count: 0 })
    const at = row.count * HASH_LENGTH.sha256
    if (at === row.bytes.length) {
      const grown = new Uint8Array(row.bytes.length * 2)
      grown.set(row.bytes)
      row.bytes = grown
    }
    row.bytes.set(hash, at)
    row.count++
    return row.count
  }
}
