import { describe, expect, it } from "vitest"
import { quoted } from "./malformed.ts"

describe("quoted", () => {
  it.each([
    ["plain text", "application/json", '"application/json"'],
    ["quotes and backslashes", 'a"b\\c', '"a\\"b\\\\c"'],
    ["C0", "a\x1b[2Jb\n", '"a\\u001b[2Jb\\n"'],
    ["C1", "a\x9b2J\x85", '"a\\x9b2J\\x85"'],
    ["DEL", "a\x7f", '"a\\x7f"'],
    ["direction marks", "a\u202eb\u2066", '"a\\u{202e}b\\u{2066}"'],
    ["zero-width characters", "a\u200bb\ufeff", '"a\\u{200b}b\\u{feff}"'],
    ["a lone surrogate", "a\ud800", '"a\\ud800"'],
  ])("adv: CVE-2025-32019 %s", (_name, given, wanted) => {
    expect(quoted(given)).toBe(wanted)
  })

  it("cuts long text, also within a pair of surrogates", () => {
    expect(quoted("a".repeat(50), 3)).toBe('"aaa…"')
    expect(quoted("aa\u{1f510}", 3)).toBe('"aa\\ud83d…"')
  })
})
