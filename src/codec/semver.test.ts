import { describe, expect, it } from "vitest"

import { compareSemver, isSemver } from "./semver.ts"

describe("what a version is", () => {
  // Examples of semver.org and of its test list.
  it.each([
    "0.0.4",
    "1.2.3",
    "10.20.30",
    "1.1.2-prerelease+meta",
    "1.1.2+meta-valid",
    "1.0.0-alpha",
    "1.0.0-alpha.0valid",
    "1.0.0-rc.1+build.1",
    "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
    "1.2.3----R-S.12.9.1--.12",
    "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
    "99999999999999999999999.999999999999999999.99999999999999999",
    "1.0.0-0A.is.legal",
    "1.0.0+001",
  ])("%s is one", (text) => {
    expect(isSemver(text)).toBe(true)
  })

  it.each([
    "",
    "1",
    "1.2",
    "v1.2.3",
    "1.2.3.4",
    "1.2.3-0123",
    "1.2.3-0123.0123",
    "1.1.2+.123",
    "+invalid",
    "-invalid",
    "-invalid+invalid",
    "alpha",
    "1.0.0-alpha_beta",
    "1.0.0-alpha..",
    "1.0.0-",
    "1.0.0+",
    "1.0.0+a+b",
    "01.1.1",
    "1.01.1",
    "1.1.01",
    "1.2.3-ä",
    " 1.2.3",
    "1.2.3\n",
    "1.2.٣",
    `1.2.${"9".repeat(300)}`,
  ])("%s is none", (text) => {
    expect(isSemver(text)).toBe(false)
  })
})

describe("which comes first", () => {
  // semver.org 11, in order.
  const ordered = [
    "0.9.9",
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0-99999999999999999999",
    "1.0.0-100000000000000000000",
    "1.0.0--",
    "1.0.0-A",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.2",
    "1.0.10",
    "1.2.0",
    "2.0.0",
    "10.0.0",
    "9007199254740993.0.0",
    "9007199254740994.0.0",
  ]
  it("every pair of a sorted list", () => {
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries())
        expect([a, b, Math.sign(compareSemver(a, b))]).toEqual([a, b, Math.sign(i - j)])
    }
  })

  it("build metadata does not count", () => {
    expect(compareSemver("1.0.0+a", "1.0.0+b")).toBe(0)
    expect(compareSemver("1.0.0-rc.1+a", "1.0.0-rc.1")).toBe(0)
  })

  it.each([
    ["v1.0.0", "1.0.0"],
    ["1.0.0", "1.0"],
  ])("%s and %s cannot be compared", (a, b) => {
    expect(() => compareSemver(a, b)).toThrow(RangeError)
  })
})
