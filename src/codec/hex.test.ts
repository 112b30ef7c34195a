import { describe, expect, it } from "vitest"
import { decodeHex, encodeHex } from "./hex.ts"

const base = { max: 4, what: "field" } as const

describe("hex", () => {
  it("encodes and decodes", () => {
    expect(encodeHex(Uint8Array.of(0, 15, 16, 255))).toBe("000f10ff")
    expect(decodeHex("000f10ff", base)).toEqual(Uint8Array.of(0, 15, 16, 255))
    expect(decodeHex("FF", { ...base, upperCase: true })).toEqual(Uint8Array.of(255))
  })

  it.each([
    ["odd", "abc", "E_FORMAT_MALFORMED"],
    ["upper case", "AB", "E_FORMAT_MALFORMED"],
    ["prefix", "0xab", "E_FORMAT_MALFORMED"],
    ["space", "a b0", "E_FORMAT_MALFORMED"],
    ["too long", "0011223344", "E_LIMIT_EXCEEDED"],
  ])("refuses: %s", (_, text, code) => {
    expect(() => decodeHex(text, base)).toThrow(expect.objectContaining({ code }) as Error)
  })
})
