import { describe, expect, it } from "vitest"
import { goQuote, goQuoteRune } from "./go-quote.ts"

// Printed by Go 1.26 (`fmt.Printf("%q")`).
describe("goQuote", () => {
  it.each([
    ["", '""'],
    ["plain", '"plain"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["\u0007\b\f\n\r\t\v\u0000\u007f", '"\\a\\b\\f\\n\\r\\t\\v\\x00\\x7f"'],
    ["é\u00a0\u200b\u{e0001}😀", '"é\\u00a0\\u200b\\U000e0001😀"'],
    ["'", `"'"`],
  ])("%j", (text, quoted) => {
    expect(goQuote(text)).toBe(quoted)
  })

  it("a character", () => {
    expect(["'", '"', "\n", "x"].map(goQuoteRune)).toEqual(["'\\''", `'"'`, "'\\n'", "'x'"])
  })
})
