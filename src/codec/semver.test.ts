import { describe, expect, it } from "vitest"
import { compareSemver, parseSemver } from "./semver.ts"

describe("versions", () => {
  // Item 11.4.4 of the specification, with 11.2 and 11.3 around it, oldest first.
  const ordered = [
    "0.9.9",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0-x-y-z.--",
    "1.10.0",
    "2.0.0",
    "99999999999999999999.0.0",
  ]

  it("are ordered as the specification says", () => {
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) {
        expect(Math.sign(compareSemver(parseSemver(a)!, parseSemver(b)!)), `${a} against ${b}`).toBe(Math.sign(i - j))
      }
    }
  })

  it("build metadata does not count", () => {
    expect(compareSemver(parseSemver("1.0.0+a")!, parseSemver("1.0.0+b.-.01")!)).toBe(0)
    expect(compareSemver(parseSemver("1.0.0-rc.1+a-b")!, parseSemver("1.0.0-rc.1")!)).toBe(0)
  })

  it.each([
    ["", "1", "1.0", "1.0.0.0", "v1.0.0", " 1.0.0", "1.0.0 ", "01.0.0", "1.00.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b"],
    [
      "1.0.0+",
      "1.0.0+a..b",
      "1.0.0-a_b",
      "1.0.0-é",
      "1.x.0",
      "-1.0.0",
      "1.0.0+a+b",
      "1..0",
      `1.0.0-${"a".repeat(300)}`,
    ],
  ])("refuses what is none: %s …", (...texts) => {
    for (const text of texts) expect(parseSemver(text), text).toBeUndefined()
  })
})
