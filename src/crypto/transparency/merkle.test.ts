import { readFileSync } from "node:fs"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeHex, encodeHex } from "../../codec/hex.ts"
import { consistencyPath, inclusionPath, MerkleTree, rootOf } from "./merkle-tree.ts"
import { EMPTY_ROOT, leafHash, rootOfInclusion, verifyConsistency, verifyInclusion } from "./merkle.ts"

interface Row {
  readonly kind: "root" | "inclusion" | "consistency"
  readonly index: number
  readonly size: number
  readonly root: string
  readonly hashes: readonly string[]
}

const rows = readFileSync(new URL("testdata/merkle.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Row)
const of = (kind: Row["kind"]): Row[] => rows.filter((row) => row.kind === kind)
const bytes = (hex: string): Uint8Array => decodeHex(hex, { max: 64, what: "test" })
const roots = of("root").map((row) => bytes(row.root))
const entry = (index: number): Uint8Array => new TextEncoder().encode(`entry ${index}`)

function treeOf(size: number): MerkleTree {
  const tree = new MerkleTree()
  for (let i = 0; i < size; i++) expect(tree.append(leafHash(entry(i)))).toBe(i)
  return tree
}

/** The tree of RFC 6962 as certificate transparency's own tests have it. */
const KNOWN = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
const KNOWN_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"

describe("Merkle tree", () => {
  const tree = treeOf(40)

  it("has the roots of another implementation", () => {
    expect(roots.map((root) => encodeHex(root))).toEqual(roots.map((_, size) => encodeHex(tree.root(size))))
    expect(encodeHex(new MerkleTree().root())).toBe(encodeHex(EMPTY_ROOT))
    const known = new MerkleTree()
    for (const leaf of KNOWN) known.append(leafHash(bytes(leaf)))
    expect(encodeHex(known.root())).toBe(KNOWN_ROOT)
  })

  it.each(of("inclusion"))("has the inclusion path of another implementation: $index of $size", (row) => {
    const path = inclusionPath(tree.read, row.index, row.size)
    expect(path.map(encodeHex)).toEqual(row.hashes)
    const claim = { index: BigInt(row.index), size: BigInt(row.size), leaf: leafHash(entry(row.index)), hashes: path }
    expect(verifyInclusion({ ...claim, root: roots[row.size]! })).toBe(true)
  })

  it.each(of("consistency"))("has the consistency path of another implementation: $index in $size", (row) => {
    const path = consistencyPath(tree.read, row.index, row.size)
    expect(path.map(encodeHex)).toEqual(row.hashes)
    const claim = { size1: BigInt(row.index), size2: BigInt(row.size), hashes: path }
    expect(verifyConsistency({ ...claim, root1: roots[row.index]!, root2: roots[row.size]! })).toBe(true)
  })

  it("finds no place outside the tree", () => {
    for (const [index, size] of [
      [-1, 4],
      [4, 4],
      [0, 0],
      [0.5, 4],
      [0, 41],
      [Number.NaN, 4],
    ] as const) {
      expect(() => inclusionPath(tree.read, index, size), `${index} of ${size}`).toThrow(RangeError)
    }
    expect(() => consistencyPath(tree.read, 5, 4)).toThrow(RangeError)
    expect(() => rootOf(tree.read, -1)).toThrow(RangeError)
    expect(() => tree.root(41)).toThrow(RangeError)
    expect(() => tree.append(new Uint8Array(31))).toThrow(RangeError)
    expect(() => tree.read(3, 5)).toThrow(RangeError)
    expect(() => tree.read(9, 0)).toThrow(RangeError)
  })

  it("keeps what it handed out", () => {
    const small = treeOf(1)
    small.read(0, 0).fill(0)
    expect(encodeHex(small.root())).toBe(encodeHex(roots[1]!))
  })

  it("proves every entry and every beginning of trees of any size", () => {
    const sizes = fc
      .integer({ min: 1, max: 40 })
      .chain((size) => fc.tuple(fc.nat({ max: size - 1 }), fc.constant(size)))
    fc.assert(
      fc.property(sizes, ([index, size]) => {
        const hashes = inclusionPath(tree.read, index, size)
        const claim = { index: BigInt(index), size: BigInt(size), leaf: leafHash(entry(index)), hashes }
        expect(verifyInclusion({ ...claim, root: roots[size]! })).toBe(true)
        const consistency = {
          size1: BigInt(index),
          size2: BigInt(size),
          hashes: consistencyPath(tree.read, index, size),
        }
        expect(verifyConsistency({ ...consistency, root1: roots[index]!, root2: roots[size]! })).toBe(true)
      }),
    )
  })
})

describe("inclusion proofs", () => {
  const tree = treeOf(13)
  const size = 13n

  it("hold for nothing else", () => {
    for (let index = 0n; index < size; index++) {
      const hashes = inclusionPath(tree.read, Number(index), Number(size))
      const claim = { index, size, leaf: leafHash(entry(Number(index))), hashes, root: roots[13]! }
      expect(verifyInclusion(claim)).toBe(true)
      const changed = [
        { ...claim, index: index + 1n },
        { ...claim, index: -1n },
        { ...claim, index: index + (1n << 64n) },
        { ...claim, index: size },
        { ...claim, leaf: leafHash(entry(99)) },
        { ...claim, leaf: hashes[0]! },
        { ...claim, hashes: hashes.slice(1) },
        { ...claim, hashes: hashes.slice(0, -1) },
        { ...claim, hashes: [...hashes, hashes[0]!] },
        { ...claim, hashes: [] },
        { ...claim, hashes: hashes.toReversed() },
        { ...claim, hashes: [...hashes.slice(0, -1), new Uint8Array(0)] },
        { ...claim, root: roots[12]! },
        { ...claim, root: new Uint8Array(0) },
        { ...claim, size: 0n },
        { ...claim, size: index },
      ]
      expect(changed.map(verifyInclusion)).toEqual(changed.map(() => false))
    }
  })

  it("fail with any bit changed", () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(3), fc.nat(255), (index, which, bit) => {
        const hashes = inclusionPath(tree.read, index, 13)
        const target = hashes[which % hashes.length]!
        target[bit >> 3]! ^= 1 << (bit & 7)
        const claim = { index: BigInt(index), size, leaf: leafHash(entry(index)), hashes }
        expect(verifyInclusion({ ...claim, root: roots[13]! })).toBe(false)
      }),
    )
  })

  it("are bounded by their hashes, whatever size they claim", () => {
    const hashes = Array.from({ length: 64 }, () => new Uint8Array(32))
    expect(rootOfInclusion({ index: 5n, size: 1n << 70n, leaf: new Uint8Array(32), hashes })).toBeUndefined()
    expect(rootOfInclusion({ index: 0n, size: 1n, leaf: new Uint8Array(32), hashes })).toBeUndefined()
  })
})

describe("consistency proofs", () => {
  const tree = treeOf(13)

  it("hold for nothing else", () => {
    for (let size1 = 1n; size1 < 13n; size1++) {
      const hashes = consistencyPath(tree.read, Number(size1), 13)
      const claim = { size1, size2: 13n, hashes, root1: roots[Number(size1)]!, root2: roots[13]! }
      expect(verifyConsistency(claim)).toBe(true)
      const changed = [
        { ...claim, size1: size1 + 1n },
        { ...claim, size1: size1 - 1n },
        { ...claim, size1: -1n },
        { ...claim, size2: size1 },
        { ...claim, size2: size1 - 1n },
        { ...claim, hashes: [] },
        { ...claim, hashes: hashes.slice(1) },
        { ...claim, hashes: [...hashes, roots[1]!] },
        { ...claim, hashes: hashes.map(() => new Uint8Array(31)) },
        { ...claim, root1: roots[13]! },
        { ...claim, root2: roots[Number(size1)]! },
      ]
      expect(changed.map(verifyConsistency)).toEqual(changed.map(() => false))
    }
  })

  it("are empty for nothing and for the same", () => {
    const root = roots[5]!
    const same = { size1: 5n, size2: 5n, root1: root, root2: root }
    expect(verifyConsistency({ ...same, hashes: [] })).toBe(true)
    expect(verifyConsistency({ ...same, hashes: [root] })).toBe(false)
    expect(verifyConsistency({ ...same, root2: roots[4]!, hashes: [] })).toBe(false)
    const empty = { size1: 0n, size2: 5n, root1: EMPTY_ROOT, root2: root }
    expect(verifyConsistency({ ...empty, hashes: [] })).toBe(true)
    expect(verifyConsistency({ ...empty, hashes: [root] })).toBe(false)
    expect(verifyConsistency({ ...empty, root1: root, hashes: [] })).toBe(false)
    expect(verifyConsistency({ size1: 0n, size2: 0n, root1: root, root2: root, hashes: [] })).toBe(false)
  })
})
