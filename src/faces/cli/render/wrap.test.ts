import { describe, expect, it } from "vitest"
import { hanging, widthOf, wrap } from "./wrap.ts"

const stream = (isTTY: boolean, columns: number) => ({ isTTY, columns, write: async () => {} })

describe("wrap", () => {
  it.each([
    ["short text stays on one line", "one two", 20, ["one two"]],
    ["breaks at spaces", "one two three", 8, ["one two", "three"]],
    ["a long word stays whole", "see sha256:0123456789abcdef now", 10, ["see", "sha256:0123456789abcdef", "now"]],
    ["indentation is kept", "  one two three", 10, ["  one two", "  three"]],
    ["empty text is one empty line", "", 10, [""]],
    ["endless width never breaks", "a ".repeat(300).trim(), Infinity, ["a ".repeat(300).trim()]],
  ] as const)("%s", (_name, text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines)
  })

  it("hangs continuation lines under the text", () => {
    expect(hanging("  why  ", ["aaaaaaaa bbbbbbbb cccccccc", "d"], 27)).toEqual([
      "  why  aaaaaaaa bbbbbbbb",
      "       cccccccc",
      "       d",
    ])
  })

  it.each([
    [false, 80, Infinity],
    [true, 0, 80],
    [true, 10, 40],
    [true, 100, 100],
    [true, 400, 120],
  ])("width of a stream: terminal %s, %s columns", (isTTY, columns, width) => {
    expect(widthOf(stream(isTTY, columns))).toBe(width)
  })
})
