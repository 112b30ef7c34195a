import { describe, expect, it } from "vitest"
import { parseByteSize } from "./byte-size.ts"

describe("parseByteSize", () => {
  it.each([
    ["42", 42],
    ["42B", 42],
    ["1k", 1000],
    ["1KB", 1000],
    ["1KiB", 1024],
    ["1ki", 1024],
    ["128MiB", 134_217_728],
    ["42 MB", 42_000_000],
    ["42.5MB", 42_500_000],
    ["1,005.03 MB", 1_005_030_000],
    ["2GiB", 2_147_483_648],
    ["1tb", 1_000_000_000_000],
  ])("%s", (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes)
  })

  it.each([[""], ["MB"], ["-1"], ["1 XB"], ["84 JB"], ["1e3"], ["1.2.3"], ["9000PB"], ["1 B B"], [" 1"], ["0x10"]])(
    "refuses %j",
    (text) => {
      expect(() => parseByteSize(text)).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error)
    },
  )
})
