import { describe, expect, it } from "vitest"
import { printable, printableJson, printableLines, printableText } from "./printable.ts"

describe("printable", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["plain text stays", "registry.example/app:1.0", "registry.example/app:1.0"],
    ["letters of any script stay", "größe 大きさ 🔐", "größe 大きさ 🔐"],
    ["colour escape", "\x1b[32mverified\x1b[0m", "\\x1b[32mverified\\x1b[0m"],
    ["operating system command", "\x1b]0;title\x07", "\\x1b]0;title\\x07"],
    ["single-byte CSI", "\x9b31m", "\\x9b31m"],
    ["carriage return that overwrites a line", "untrusted\rverified ", "untrusted\\rverified "],
    ["line break that fakes a line", "x\nverified  app", "x\\nverified  app"],
    ["tab", "a\tb", "a\\tb"],
    ["NUL and DEL", "\0\x7f", "\\x00\\x7f"],
    ["right-to-left override", "app\u202egnp.exe", "app\\u{202e}gnp.exe"],
    ["isolates", "\u2066x\u2069", "\\u{2066}x\\u{2069}"],
    ["zero-width space", "ac\u200bme", "ac\\u{200b}me"],
    ["line separator", "a\u2028b", "a\\u{2028}b"],
    ["byte order mark", "\ufeffx", "\\u{feff}x"],
    ["tag characters", "a\u{e0041}b", "a\\u{e0041}b"],
    ["lone surrogate", "a\ud800b", "a\\u{d800}b"],
  ]
  it.each(cases)("adv: CVE-2025-32019 %s", (_name, given, wanted) => {
    expect(printable(given)).toBe(wanted)
  })

  it.each(cases)("adv: CVE-2025-32019 in JSON, %s", (_name, given) => {
    const text = printableJson(JSON.stringify({ [given]: given }))
    expect(printable(text)).toBe(text)
    expect(JSON.parse(text)).toEqual({ [given]: given })
  })

  it("keeps lines and tabs of text that is made of lines", () => {
    expect(printableText("a\r\n\tb\x1bc\n")).toBe("a\\r\n\tb\\x1bc\n")
    expect(printableJson('{\n\t"a": "\u202e"\n}')).toBe('{\n\t"a": "\\u202e"\n}')
  })

  it("splits lines before escaping", () => {
    expect(printableLines("a\r\nb\x1bc\nd")).toEqual(["a", "b\\x1bc", "d"])
  })
})
