import { tabwriter } from "../command-line/tabwriter.ts"

/** Rows in columns that are three spaces apart; every cell ends in spaces, as notation prints them. Ends in a newline. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const text = rows.map((row) => `${row.map((cell) => `${cell.replaceAll(/[\t\n]/g, " ")}\t`).join("")}\n`).join("")
  return tabwriter(text, { minWidth: 0, tabWidth: 0, padding: 3, padChar: " " })
}
