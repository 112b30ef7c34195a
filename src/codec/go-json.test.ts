import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { goJson, sortedDeep, sortedKeys } from "./go-json.ts"
import { parseJson } from "./json.ts"

describe("goJson", () => {
  // Right-hand sides are what Go 1.22's json.Marshal documents and prints for these values.
  it.each([
    ["<a href='x'>&", String.raw`"\u003ca href='x'\u003e\u0026"`],
    ["\u2028\u2029", String.raw`"\u2028\u2029"`],
    ["\b\f\n\r\t", String.raw`"\b\f\n\r\t"`],
    ["\u0000\u001f", String.raw`"\u0000\u001f"`],
    ["\u007f é 😀", '"\u007f é 😀"'],
    ['"\\/', String.raw`"\"\\/"`],
    [1e21, "1e+21"],
    [1e20, "100000000000000000000"],
    [0.000001, "0.000001"],
    [0.0000001, "1e-7"],
    [-0, "-0"],
    [12345678901234567890n, "12345678901234567890"],
    [[], "[]"],
    [{}, "{}"],
    [[null, true, [1]], "[null,true,[1]]"],
  ])("prints %s", (value, text) => {
    expect(goJson(value)).toBe(text)
  })

  it("keeps the order given, leaves out undefined and sorts maps by bytes", () => {
    expect(goJson({ b: 1, a: undefined, c: sortedKeys({ z: 1, "10": 2, "9": 3, "😀": 4, "\uffff": 5 }) })).toBe(
      '{"b":1,"c":{"10":2,"9":3,"z":1,"\uffff":5,"😀":4}}',
    )
    expect(goJson(sortedDeep({ b: [{ d: 1, c: 2 }], a: {} }))).toBe('{"a":{},"b":[{"c":2,"d":1}]}')
  })

  it("indents like MarshalIndent", () => {
    expect(goJson({ a: [1, {}], b: [], c: { d: null } }, { indent: "  " })).toBe(
      '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": [],\n  "c": {\n    "d": null\n  }\n}',
    )
  })

  it("can leave HTML alone", () => {
    expect(goJson("<&>\u2028", { escapeHtml: false })).toBe('"<&>\\u2028"')
  })

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], ["\ud800"]])("refuses %j", (value) => {
    expect(() => goJson([value])).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error)
  })

  it("prints what the strict reader reads back", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as Parameters<typeof goJson>[0]
        const back = parseJson(goJson(plain), { maxBytes: 1e6, what: "output" })
        expect(goJson(back)).toBe(goJson(plain))
      }),
    )
  })
})
