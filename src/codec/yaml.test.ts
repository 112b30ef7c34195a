import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ToolError } from "../core/errors.ts"
import { goJson } from "./go-json.ts"
import { parseYaml, writeYaml } from "./yaml.ts"

const base = { what: "policy" } as const

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return `${error.code} ${error.why ?? ""}`
    throw error
  }
  return "accepted"
}

describe("parseYaml", () => {
  it("reads the core schema", () => {
    const text =
      "a: 1\nb: [x, 'y', null, ~, 0x10, 1.5]\nc:\n  - d: yes\n    e: true\nbig: 9007199254740993\n__proto__: 1\n"
    const value = parseYaml(text, base) as Record<string, unknown>
    expect(Object.keys(value)).toEqual(["a", "b", "c", "big", "__proto__"])
    expect(value.b).toEqual(["x", "y", null, null, 16, 1.5])
    expect(value.c).toEqual([{ d: "yes", e: true }])
    expect(value.a).toBe(1)
    expect(value.big).toBe(9007199254740993n)
    expect(Object.getPrototypeOf(value)).toBeNull()
  })

  it.each([
    ["adv: CVE-2019-11254, CVE-2021-4235 alias bomb", "a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]\n"],
    ["an alias alone", "a: &a 1\nb: *a\n"],
    ["a merge key", "a: &a {x: 1}\nb:\n  <<: *a\n"],
    ["duplicate keys", "a: 1\na: 2\n"],
    ["a custom tag", "a: !thing 1\n"],
    ["a binary tag", "a: !!binary aGVsbG8=\n"],
    ["two documents", "a: 1\n---\nb: 2\n"],
    ["a number as key", "1: a\n"],
    ["a sequence as key", "? [a]\n: b\n"],
    ["NaN", "a: .nan\n"],
    ["bad indentation", "a:\n - b\n  c: d\n"],
    ["unclosed flow", "a: [1, 2\n"],
    ["tab indentation", "a:\n\tb: 1\n"],
  ])("refuses: %s", (_, text) => {
    expect(codeOf(() => parseYaml(text, base))).toContain("E_FORMAT_MALFORMED")
  })

  it("names line and column", () => {
    expect(codeOf(() => parseYaml("a: 1\nb: 2\na: 3\n", base))).toContain("line 3, column 1")
  })

  it("refuses invalid UTF-8", () => {
    expect(codeOf(() => parseYaml(Uint8Array.of(0x61, 0xff), base))).toContain("E_FORMAT_MALFORMED")
  })

  it("bounds size and depth without deep recursion", () => {
    expect(codeOf(() => parseYaml("a".repeat(20), { ...base, maxBytes: 19 }))).toContain("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parseYaml("[".repeat(20_000), base))).toContain("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parseYaml("- ".repeat(5000), base))).toContain("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parseYaml("[".repeat(64) + "]".repeat(64), base))).toBe("accepted")
    expect(codeOf(() => parseYaml("[".repeat(65) + "]".repeat(65), base))).toContain("E_LIMIT_EXCEEDED")
  })

  it("reads back what it writes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as never
        expect(goJson(parseYaml(writeYaml(plain), base))).toBe(goJson(plain))
      }),
    )
  })

  it("throws nothing but ToolError", () => {
    const pieces = fc.constantFrom(
      "a",
      ": ",
      "- ",
      "\n",
      "  ",
      "[",
      "]",
      "{",
      "}",
      "&x ",
      "*x",
      "!",
      "|",
      ">",
      '"',
      "'",
      "#",
      "?",
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 15 }), (parts) => void codeOf(() => parseYaml(parts.join(""), base))),
      {
        numRuns: 500,
      },
    )
  })
})
