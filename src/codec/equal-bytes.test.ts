import { describe, expect, it } from "vitest"
import { equalBytes } from "./equal-bytes.ts"

describe("equalBytes", () => {
  it.each([
    { a: [], b: [], equal: true },
    { a: [1, 2, 3], b: [1, 2, 3], equal: true },
    { a: [], b: [0], equal: false },
    { a: [1, 2], b: [1, 2, 0], equal: false },
    { a: [1, 2, 0], b: [1, 2], equal: false },
    { a: [0, 2, 3], b: [1, 2, 3], equal: false },
    { a: [1, 2, 3], b: [1, 2, 4], equal: false },
  ])("$a and $b: $equal", ({ a, b, equal }) => {
    expect(equalBytes(Uint8Array.from(a), Uint8Array.from(b))).toBe(equal)
  })
})
