import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ToolError } from "../core/errors.ts"
import { outlineJson, parseJson, previewJson } from "./json.ts"
import { preview, type PreviewRoom } from "./preview.ts"

const base = { maxBytes: 16_000_000, what: "document" } as const
const room = (values: number, characters = 64 * values): PreviewRoom => ({ values, characters })
const deferred = (key: string): boolean => key === "bulk"
const outline = (text: string, more = {}): ReturnType<typeof outlineJson> =>
  outlineJson(text, { ...base, ...more }, deferred)

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

/** Documents that a strict reader refuses, as the value of a member. */
const BROKEN = [
  "",
  "{",
  "[1,]",
  "[1 2]",
  '{"a":1,"a":2}',
  '{"a":{"b":1,"\\u0062":2}}',
  '{"a" 1}',
  "{a:1}",
  "01",
  "1e999",
  "nul",
  '"\\ud800"',
  '"\\x"',
  '"a\nb"',
  '"open',
  "[}",
]

describe("outlineJson", () => {
  it("leaves the named member out and gives its place", () => {
    const text = ' {"a":[1], "bulk" : {"x":[1,2,{"y":"}"}]} ,"c":"z"} '
    const { value, spans } = outline(text)
    expect(value).toEqual({ a: [1], bulk: null, c: "z" })
    const span = spans.get("bulk")
    expect(text.slice(span?.start, span?.end)).toBe('{"x":[1,2,{"y":"}"}]}')
  })

  it.each(BROKEN)("refuses what parseJson refuses: %j", (text) => {
    expect(codeOf(() => outline(`{"bulk":${text}}`))).toBe("E_FORMAT_MALFORMED")
    expect(codeOf(() => previewJson(`{"bulk":${text}}`, base, room(0)))).toBe("E_FORMAT_MALFORMED")
  })

  it.each([
    ["a member left out, twice", '{"bulk":1,"bulk":2}', "E_FORMAT_MALFORMED"],
    ["deep", `{"bulk":${"[".repeat(200)}${"]".repeat(200)}}`, "E_LIMIT_EXCEEDED"],
    ["no object", "[1]", "accepted"],
  ])("%s", (_name, text, code) => {
    expect(codeOf(() => outline(text))).toBe(code)
  })

  it("adv: resource exhaustion, values: what is built and what is passed over have bounds of their own", () => {
    const many = `[${Array.from({ length: 100_001 }, () => "{}").join(",")}]`
    expect(codeOf(() => parseJson(many, base))).toBe("E_LIMIT_EXCEEDED")
    expect(codeOf(() => outline(`{"a":${many}}`))).toBe("E_LIMIT_EXCEEDED")
    expect(codeOf(() => outline(`{"bulk":${many}}`))).toBe("accepted")
    expect(codeOf(() => outline(`{"bulk":${many}}`, { maxPassed: 100_000 }))).toBe("E_LIMIT_EXCEEDED")
  })

  it("adv: resource exhaustion, keys: a million of them are not remembered", () => {
    const keys = Array.from({ length: 1_000_001 }, (_, index) => `"${index}":0`).join(",")
    expect(codeOf(() => outline(`{"bulk":{${keys}}}`))).toBe("E_LIMIT_EXCEEDED")
  })
})

describe("previewJson", () => {
  it("is the document where there is room", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(previewJson(text, base, room(100_000))).toEqual(parseJson(text, base))
        expect(preview(parseJson(text, base), room(100_000))).toEqual(parseJson(text, base))
      }),
    )
  })

  it("never shows more than there is room for, and is the same from a text and from a value", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(8), (text, values) => {
        const shown = previewJson(text, base, room(values, 1000))
        expect(preview(parseJson(text, base), room(values, 1000))).toEqual(shown)
      }),
    )
  })

  it("says what it leaves out", () => {
    expect(previewJson("[1,2,3,4]", base, room(3))).toEqual([1, 2, "… 2 more not shown"])
    expect(previewJson('{"a":1,"…":2,"c":3,"d":4}', base, room(3))).toEqual({
      a: 1,
      "…": 2,
      "……": "2 more members not shown",
    })
    expect(previewJson(`"${"x".repeat(20)}"`, base, room(1, 3))).toBe("xxx… (20 characters)")
    expect(previewJson(`"${"😀".repeat(9)}"`, base, room(1, 3))).toBe("😀\ufffd… (18 characters)")
  })
})
