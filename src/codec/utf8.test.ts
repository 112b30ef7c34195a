import { describe, expect, it } from "vitest"
import { compareUtf8, decodeUtf8, encodeUtf8 } from "./utf8.ts"

describe("utf8", () => {
  it("keeps a byte order mark", () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe("\ufeffA")
  })

  it.each([
    ["0xff", [0xff]],
    ["overlong", [0xc0, 0x80]],
    ["surrogate", [0xed, 0xa0, 0x80]],
    ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["cut short", [0xe2, 0x82]],
  ])("refuses %s", (_, bytes) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes), "name")).toThrow(/malformed name: not valid UTF-8/)
  })

  it("refuses to encode a lone surrogate", () => {
    expect(() => encodeUtf8("a\ud800")).toThrow(/lone surrogate/)
    expect(encodeUtf8("😀")).toHaveLength(4)
  })

  it("compares like the encoded bytes", () => {
    const words = ["", "a", "b", "aa", "é", "\uffff", "😀", "\ud7ff", "z", "10", "9"]
    const bytewise = words.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(words.toSorted(compareUtf8)).toEqual(bytewise)
  })
})
