import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ToolError } from "../core/errors.ts"
import { decodeBase64, encodeBase64, encodeBase64Url } from "./base64.ts"

const base = { max: 1000, what: "field" } as const

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return `${error.code} ${error.why ?? ""}`
    throw error
  }
  return "accepted"
}

describe("base64", () => {
  it.each([
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ])("RFC 4648 section 10: %j", (plain, text) => {
    const bytes = new TextEncoder().encode(plain)
    expect(encodeBase64(bytes)).toBe(text)
    expect(encodeBase64Url(bytes)).toBe(text.replaceAll("=", ""))
    expect(decodeBase64(text, base)).toEqual(bytes)
    expect(decodeBase64(text.replaceAll("=", ""), { ...base, padding: "forbidden" })).toEqual(bytes)
  })

  it.each([
    ["adv: panva/jose 0ebb971 newline", "Zm9v\n", {}, "base64"],
    ["space inside", "Zm 9", {}, '" " at offset 2'],
    ["control character", "Zm\u00019", {}, "at offset 2"],
    ["non-zero trailing bits, two characters", "Zh==", {}, "trailing bits at offset 1"],
    ["non-zero trailing bits, three characters", "Zm9=", {}, "trailing bits at offset 2"],
    ["missing padding", "Zg", {}, "padding"],
    ["half the padding", "Zg=", {}, "padding"],
    ["too much padding", "Zm8==", {}, "padding"],
    ["padding alone", "=", {}, "padding"],
    ["padding inside", "Zg==Zg==", {}, "at offset 2"],
    ["three padding characters", "Z===", {}, "base64"],
    ["one character", "Z", { padding: "optional" }, "1 characters"],
    ["padding when forbidden", "Zg==", { padding: "forbidden" }, "expected none"],
    ["URL characters in the standard alphabet", "-_-_", {}, '"-" at offset 0'],
    ["standard characters in the URL alphabet", "+/+/", { alphabet: "url" }, '"+" at offset 0'],
    ["both alphabets mixed", "+-+-", { alphabet: "either" }, '"+" at offset 0'],
    ["a letter beyond Latin-1", "Zm9\u0176", {}, "at offset 3"],
  ] as const)("refuses: %s", (_, text, options, why) => {
    const seen = codeOf(() => decodeBase64(text, { ...base, ...options }))
    expect(seen).toContain("E_FORMAT_MALFORMED")
    expect(seen).toContain(why)
  })

  it("refuses more bytes than allowed, before and after looking at the padding", () => {
    expect(codeOf(() => decodeBase64("AAAA", { ...base, max: 2 }))).toContain("E_LIMIT_EXCEEDED")
    expect(codeOf(() => decodeBase64("AAAAAAAA", { ...base, max: 2 }))).toContain("E_LIMIT_EXCEEDED")
    expect(decodeBase64("AAA=", { ...base, max: 2 })).toHaveLength(2)
  })

  it("agrees with the platform on valid text", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from(bytes).toString("base64")
        expect(encodeBase64(bytes)).toBe(text)
        expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"))
        expect(decodeBase64(text, base)).toEqual(bytes)
      }),
    )
  })

  it("accepts a text only if encoding gives it back", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.constantFrom("A", "B", "/", "=", "Z"), (text, letter) => {
        const candidate = (text + letter.repeat(4)).slice(0, 8)
        const seen = codeOf(() => {
          expect(encodeBase64(decodeBase64(candidate, base))).toBe(candidate)
        })
        expect(seen === "accepted" || seen.startsWith("E_FORMAT_MALFORMED")).toBe(true)
      }),
    )
  })
})
