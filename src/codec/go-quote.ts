/** `%q` of a string: Go's double-quoted form. */
export function goQuote(text: string): string {
  let out = '"'
  for (const char of text) out += char === '"' ? '\\"' : escapeRune(char)
  return `${out}"`
}

/** `%q` of a character: Go's single-quoted form. */
export function goQuoteRune(char: string): string {
  return char === "'" ? "'\\''" : `'${escapeRune(char)}'`
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
  ["\\", "\\\\"],
])

function escapeRune(char: string): string {
  const short = SHORT_ESCAPES.get(char)
  if (short !== undefined) return short
  const code = char.codePointAt(0) ?? 0
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`
  // Control, format, unassigned, private and space characters other than U+0020 are not printable in Go.
  if (code > 0x7f && /[\p{C}\p{Z}]/u.test(char)) {
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`
  }
  return char
}
