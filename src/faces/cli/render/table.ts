import { columnsOf } from "./wrap.ts"

/**
 * Columns aligned with spaces, two between them, nothing after the last.
 *
 * @param rows - printable cells; the first row is usually the heading.
 * @returns lines, each ended by a line break.
 */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, columnsOf(cell))
  }
  return rows.map((row) => `${tableRow(row, widths)}\n`).join("")
}

function tableRow(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - columnsOf(cell)))
  return cells.join("  ").trimEnd()
}
