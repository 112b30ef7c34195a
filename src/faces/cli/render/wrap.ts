import type { OutputStream } from "../../../app/world.ts"

const NARROWEST = 40
const USUAL = 80
const WIDEST = 120

/**
 * Columns text may use on a stream.
 *
 * @returns 40 to 120 on a terminal; `Infinity` elsewhere, so that logs keep one message on one line.
 */
export function widthOf(stream: OutputStream): number {
  if (!stream.isTTY) return Infinity
  // Terminals without a size, as in some runners, say 0.
  if (stream.columns < 1) return USUAL
  return Math.min(WIDEST, Math.max(NARROWEST, stream.columns))
}

/**
 * Break text at spaces; its indentation is kept on every line. A word longer than the width stays whole: digests and commands must be copyable.
 *
 * @param text - one line, printable.
 * @param width - columns per line.
 * @returns at least one line, none with space at its end.
 */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  const indentation = /^ */.exec(text)?.[0] ?? ""
  let line = ""
  for (const word of text.slice(indentation.length).split(" ")) {
    if (line === "") {
      line = `${indentation}${word}`
    } else if (columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line.trimEnd())
      line = `${indentation}${word}`
    } else {
      line = `${line} ${word}`
    }
  }
  lines.push(line.trimEnd())
  return lines
}

/** Columns a text takes: one per code point, none for the colours of {@link file://./style.ts}. */
export function columnsOf(text: string): number {
  return text.replace(COLOUR, "").replace(SURROGATE_PAIR, "_").length
}

const COLOUR = new RegExp("\\u001b\\[\\d+m", "g")
const SURROGATE_PAIR = /[\ud800-\udbff][\udc00-\udfff]/g

/**
 * A label and its wrapped text, continuation lines under the text.
 *
 * @param lead - indentation and label, already padded.
 * @param lines - printable lines.
 */
export function hanging(lead: string, lines: readonly string[], width: number): readonly string[] {
  const indent = columnsOf(lead)
  const wrapped = lines.flatMap((line) => wrap(line, Math.max(20, width - indent)))
  return wrapped.map((line, index) => (index === 0 ? lead : " ".repeat(indent)) + line)
}
