import { describe, expect, it } from "vitest"
import { ToolError } from "../core/errors.ts"
import { compilePattern } from "./re2.ts"

function code(action: () => unknown): string {
  try {
    action()
    return "accepted"
  } catch (error) {
    if (error instanceof ToolError) return `${error.code} ${error.why}`
    throw error
  }
}

describe("compilePattern", () => {
  it.each([
    ["ab", "xaby", true, false],
    ["a|ab", "ab", true, true],
    ["(?i)ABC", "abc", true, true],
    ["^user@example\\.com$", "user@example.com", true, true],
    ["user@example.com", "evil-user@example.com", true, false],
    ["user@example.com", "user@example.com.evil", true, false],
    ["user@example\\.com", "userXexample.com", false, false],
    [".*", "a\nb", true, false],
    ["(?s).*", "a\nb", true, true],
    ["^b", "a\nb", false, false],
    ["a$", "a\n", false, false],
    ["\\Aab\\z", "ab", true, true],
    ["[[:alpha:]]+", "ab1", true, false],
    ["\\Qa.b\\E", "a.b", true, true],
    ["\\Qa.b\\E", "axb", false, false],
    ["\\pL+", "é", true, true],
    ["(?P<name>a)(?<other>b)", "ab", true, true],
    ["", "", true, true],
    ["", "a", true, false],
  ])("%s against %j means what it means in Go", (pattern, subject, some, whole) => {
    const compiled = compilePattern(pattern)
    expect([compiled.matches(subject, false), compiled.matches(subject, true)]).toEqual([some, whole])
  })

  // The texts are those of Go 1.26.
  it.each([
    ["(?=a)", "invalid or unsupported Perl syntax: `(?=`"],
    ["(?!a)", "invalid or unsupported Perl syntax: `(?!`"],
    ["(?<=a)b", "invalid named capture: `(?<=a)b`"],
    ["(a)\\1", "invalid escape sequence: `\\1`"],
    ["\\Z", "invalid escape sequence: `\\Z`"],
    ["\\u0041", "invalid escape sequence: `\\u`"],
    ["a**", "invalid nested repetition operator: `**`"],
    ["a{1001}", "invalid repeat count: `{1001}`"],
    ["((a{100}){100}){100}", "invalid repeat count: `{100}`"],
    ["(", "missing closing ): `(`"],
    ["[a", "missing closing ]: `[a`"],
    ["[z-a]", "invalid character class range: `z-a`"],
    ["(?u)a", "invalid or unsupported Perl syntax: `(?u`"],
    ["\\p{IsGreek}", "invalid character class range: `\\p{IsGreek}`"],
  ])("refuses %s with Go's text", (pattern, text) => {
    expect(code(() => compilePattern(pattern))).toBe(`E_USAGE error parsing regexp: ${text}`)
  })

  it("bounds pattern and subject", () => {
    expect(code(() => compilePattern("a".repeat(1024)))).toBe("accepted")
    expect(code(() => compilePattern("é".repeat(513)))).toMatch(/^E_USAGE it has more than 1024 bytes/)
    const any = compilePattern("(a+)+$")
    expect(any.matches("a".repeat(8192), true)).toBe(true)
    expect(code(() => any.matches("a".repeat(8193), true))).toMatch(/^E_LIMIT_EXCEEDED/)
  })

  it("adv: ReDoS runs a pattern that makes others backtrack in linear time", () => {
    const subject = `${"a".repeat(8000)}!`
    for (const pattern of ["(a+)+$", "(a|aa)+$", "(.*)*x", "(a*)*b", "(?:a?){500}a{500}"]) {
      expect(compilePattern(pattern).matches(subject, true)).toBe(false)
    }
  })
})
