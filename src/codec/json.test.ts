import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { JsonValue } from "../core/json-value.ts"
import { ToolError } from "../core/errors.ts"
import { goJson } from "./go-json.ts"
import { parseJson } from "./json.ts"

const base = { maxBytes: 1_000_000, what: "document" } as const

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return `${error.code} ${error.why ?? ""}`
    throw error
  }
  return "accepted"
}

describe("parseJson", () => {
  it.each([
    [" \t\r\n null ", null],
    ["[true,false]", [true, false]],
    ['"\\u0041\\n\\/\\"\\\\\\b\\f\\r\\t"', 'A\n/"\\\b\f\r\t'],
    ['"\\ud83d\\ude00"', "😀"],
    ["-0.5e-2", -0.005],
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["-9007199254740993", -9007199254740993n],
    ["1e21", 1e21],
    ["[]", []],
    ['"\u007f"', "\u007f"],
  ])("reads %s", (text, value) => {
    expect(parseJson(text, base)).toEqual(value)
    expect(parseJson(new TextEncoder().encode(text), base)).toEqual(value)
  })

  it.each([
    ["empty", ""],
    ["two values", "1 2"],
    ["trailing comma in an array", "[1,]"],
    ["trailing comma in an object", '{"a":1,}'],
    ["comment", "/* */1"],
    ["single quotes", "'a'"],
    ["leading zero", "01"],
    ["leading zero after the sign", "-01"],
    ["plus sign", "+1"],
    ["bare fraction", ".5"],
    ["fraction without digits", "1."],
    ["exponent without digits", "1e"],
    ["NaN", "NaN"],
    ["Infinity", "Infinity"],
    ["a number beyond range", "1e400"],
    ["hexadecimal", "0x10"],
    ["control character in a string", '"\n"'],
    ["NUL in a string", '"\u0000"'],
    ["unknown escape", '"\\x41"'],
    ["short unicode escape", '"\\u041"'],
    ["unicode escape with a sign", '"\\u+041"'],
    ["lone high surrogate escape", '"\\ud800"'],
    ["lone low surrogate escape", '"\\udc00x"'],
    ["swapped surrogates", '"\\ude00\\ud83d"'],
    ["raw lone surrogate", '"\ud800"'],
    ["unterminated string", '"abc'],
    ["unterminated escape", '"abc\\'],
    ["unterminated array", "[1"],
    ["unterminated object", '{"a":1'],
    ["missing colon", '{"a" 1}'],
    ["key without quotes", "{a:1}"],
    ["no-break space", "\u00a01"],
    ["form feed as space", "\f1"],
    ["byte order mark", "\ufeff1"],
    ["wrong case", "True"],
    ["word run together", "truefalse"],
    ["adv: duplicate keys (RFC 7515, I-JSON)", '{"alg":"PS256","alg":"none"}'],
    ["duplicate keys written differently", '{"a":1,"\\u0061":2}'],
    ["duplicate __proto__", '{"__proto__":1,"__proto__":2}'],
  ])("refuses: %s", (_, text) => {
    expect(codeOf(() => parseJson(text, base))).toContain("E_FORMAT_MALFORMED")
  })

  it.each([
    ["adv: panva/jose 5df3fed invalid byte", [0x22, 0xff, 0x22]],
    ["adv: panva/jose 5df3fed overlong", [0x22, 0xc0, 0xaf, 0x22]],
    ["encoded surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["byte order mark", [0xef, 0xbb, 0xbf, 0x31]],
    ["cut short", [0x22, 0xe2, 0x82, 0x22]],
  ])("refuses bytes: %s", (_, bytes) => {
    expect(codeOf(() => parseJson(Uint8Array.from(bytes), base))).toContain("E_FORMAT_MALFORMED")
  })

  it("adv: json depth: refuses deep nesting without recursing into it", () => {
    expect(codeOf(() => parseJson("[".repeat(1_000_000), base))).toContain("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parseJson('{"a":'.repeat(150_000), base))).toContain("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parseJson("[".repeat(128) + "]".repeat(128), base))).toBe("accepted")
    expect(codeOf(() => parseJson("[".repeat(129) + "]".repeat(129), base))).toContain("E_LIMIT_EXCEEDED")
  })

  it("refuses too many bytes and values", () => {
    expect(codeOf(() => parseJson("   1", { ...base, maxBytes: 3 }))).toContain("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parseJson('"€"', { ...base, maxBytes: 4 }))).toContain("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parseJson("[1,2,3]", { ...base, maxValues: 3 }))).toContain("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parseJson("9".repeat(500), base))).toContain("E_LIMIT_EXCEEDED")
  })

  it("adv: prototype pollution (forge CVE-2020-7720, class): special keys are data", () => {
    const value = parseJson('{"__proto__":{"polluted":1},"constructor":2,"toString":3}', base) as Record<
      string,
      unknown
    >
    expect(Object.getPrototypeOf(value)).toBeNull()
    expect(Object.keys(value)).toEqual(["__proto__", "constructor", "toString"])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it("agrees with JSON.parse on what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(goJson(parseJson(text, base))).toBe(goJson(JSON.parse(text) as JsonValue))
      }),
    )
  })

  it("never accepts what JSON.parse refuses and throws nothing but ToolError", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      "\\",
      "u00",
      "1",
      "-",
      ".",
      "e",
      "a",
      " ",
      "true",
      "\n",
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join("")
        if (codeOf(() => parseJson(text, base)) === "accepted") expect(() => JSON.parse(text) as unknown).not.toThrow()
      }),
      { numRuns: 2000 },
    )
  })
})
