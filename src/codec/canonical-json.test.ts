import { describe, expect, it } from "vitest"
import { canonicalJson } from "./canonical-json.ts"
import { parseJson } from "./json.ts"

const read = (text: string) => parseJson(text, { maxBytes: 10_000, what: "test" })

describe("canonicalJson", () => {
  it("RFC 8785 section 3.2.2 and 3.2.3 examples", () => {
    const input = String.raw`{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}`
    expect(canonicalJson(read(input))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
    const order = String.raw`{"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7}`
    expect(canonicalJson(read(order))).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}')
  })

  it.each([
    ["a big integer", read("9007199254740993")],
    ["a nested big integer", read('{"a":[-9007199254740993]}')],
    ["NaN", Number.NaN],
    ["Infinity", [Number.POSITIVE_INFINITY]],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate in a key", { "\ud800": 1 }],
  ])("refuses %s", (_, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error)
  })

  it("treats special keys as data", () => {
    expect(canonicalJson(read('{"toJSON":1,"__proto__":2}'))).toBe('{"__proto__":2,"toJSON":1}')
  })
})
