import { columnsOf, hanging } from "./wrap.ts"

/** Label and text of one line; the text may have several lines. Both must be printable. */
export type Fact = readonly [label: string, text: string | readonly string[]]

/**
 * Labelled lines, texts in one column, long ones wrapped under themselves.
 *
 * @param indent - columns before the labels.
 * @returns lines without line breaks.
 */
export function facts(rows: readonly Fact[], indent: number, width: number): readonly string[] {
  const widest = Math.max(0, ...rows.map(([label]) => columnsOf(label)))
  return rows.flatMap(([label, text]) => {
    const lead = `${" ".repeat(indent)}${label}${" ".repeat(widest - columnsOf(label))}  `
    return hanging(lead, typeof text === "string" ? [text] : text, width)
  })
}
