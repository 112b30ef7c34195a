/** What Go's `text/tabwriter` is told at the start. */
export interface TabwriterOptions {
  readonly minWidth: number
  readonly tabWidth: number
  readonly padding: number
  /** Character cells are filled with; a tab aligns on multiples of `tabWidth`. */
  readonly padChar: string
}

/**
 * Lay out text as Go's `text/tabwriter` does (no flags): a cell ends in a tab, and cells of one column in consecutive
 * lines share a width. Widths count characters, not bytes.
 *
 * Spec: Go text/tabwriter, `format` and `writeLines`.
 */
export function tabwriter(text: string, options: TabwriterOptions): string {
  const lines = text.split("\n").map((line) => line.split("\t"))
  const widths: number[] = []
  let out = ""
  const write = (from: number, to: number): void => {
    for (let at = from; at < to; at++) {
      const cells = lines[at] ?? []
      cells.forEach((cell, column) => {
        const width = widths[column]
        out += cell
        if (width !== undefined && column < cells.length - 1) out += pad(length(cell), width, options)
      })
      if (at + 1 < lines.length) out += "\n"
    }
  }
  const format = (from: number, to: number): void => {
    const column = widths.length
    let start = from
    for (let at = from; at < to; at++) {
      if (column >= (lines[at]?.length ?? 0) - 1) continue
      write(start, at)
      start = at
      let width = options.minWidth
      let end = at
      while (end < to && column < (lines[end]?.length ?? 0) - 1) {
        width = Math.max(width, length(lines[end]?.[column] ?? "") + options.padding)
        end++
      }
      widths.push(width)
      format(start, end)
      widths.pop()
      start = end
      at = end - 1
    }
    write(start, to)
  }
  format(0, lines.length)
  return out
}

function length(text: string): number {
  return Array.from(text).length
}

function pad(used: number, width: number, options: TabwriterOptions): string {
  if (options.padChar !== "\t") return options.padChar.repeat(Math.max(0, width - used))
  if (options.tabWidth === 0) return ""
  const full = Math.ceil(width / options.tabWidth) * options.tabWidth
  return "\t".repeat(Math.ceil((full - used) / options.tabWidth))
}
