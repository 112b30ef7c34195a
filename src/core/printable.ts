/**
 * Text from a registry, a signature or a file name made safe for a terminal.
 *
 * SECURITY: control characters (C0, DEL, C1), escape sequences and characters that reorder or hide text are shown as
 * escapes, so nothing untrusted can move the cursor, recolour a verdict or fake a line.
 *
 * @param text - untrusted.
 * @returns one line; a line break comes out as `\n`, other controls as `\xHH` or `\u{H…}`.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => escapeOf(character))
}

/** Like {@link printable}, keeping line breaks as the borders of the lines that are returned. */
export function printableLines(text: string): readonly string[] {
  return text.replaceAll("\r\n", "\n").split("\n").map(printable)
}

/**
 * Like {@link printable}, keeping line breaks and tabs: for text that is made of lines already. What was put into the
 * lines must have been through {@link printable}, or it can still fake a line.
 */
export function printableText(text: string): string {
  return text.replace(UNSAFE, (character) => (LAYOUT.includes(character) ? character : escapeOf(character)))
}

/**
 * JSON text that means the same to every reader and holds nothing that steers a terminal: `\uHHHH` for every character
 * that {@link printable} would escape. Line breaks and tabs stay.
 */
export function printableJson(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (LAYOUT.includes(character)) return character
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")
  })
}

/** C0, DEL, C1; soft hyphen; zero-width and direction marks; line separators; invisible operators; BOM; tags; lone surrogates. */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Surrogate}]/gu

const LAYOUT: readonly string[] = ["\n", "\t"]

const NAMED: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
])

function escapeOf(character: string): string {
  const named = NAMED.get(character)
  if (named !== undefined) return named
  const code = character.codePointAt(0) ?? 0
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`
}
