/**
 * Size of a maximum matching between rows and the distinct values they hold (Kuhn's augmenting paths).
 *
 * @param rows - values each row may be matched with; a value counts for at most one row.
 */
export function maximumMatching(rows: readonly (readonly string[])[]): number {
  const ownerOf = new Map<string, number>()
  const augment = (row: number, seen: Set<string>): boolean => {
    for (const value of rows[row] ?? []) {
      if (seen.has(value)) continue
      seen.add(value)
      const owner = ownerOf.get(value)
      if (owner === undefined || augment(owner, seen)) {
        ownerOf.set(value, row)
        return true
      }
    }
    return false
  }
  let size = 0
  for (let row = 0; row < rows.length; row++) if (augment(row, new Set())) size++
  return size
}
