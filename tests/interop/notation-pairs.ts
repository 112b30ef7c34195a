/** Picks rows of a table so that every two values that may stand together do so in some row. */

type Axes = Readonly<Record<string, readonly string[]>>
/** One value for each axis. */
export type Row<A extends Axes> = { readonly [K in keyof A]: A[K][number] }
/** Whether some values, not of all axes, may stand together. */
type Allowed<A extends Axes> = (part: Partial<Row<A>>) => boolean

type Part = Record<string, string>

const nameOf = (part: Readonly<Part>): string => JSON.stringify(Object.entries(part).toSorted(byAxis))
const byAxis = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1)

/** Every allowed pair of values of two axes, as text. */
export function allPairs<A extends Axes>(axes: A, allowed: Allowed<A>): ReadonlySet<string> {
  const names = Object.keys(axes)
  const pairs = names.flatMap((one, at) =>
    names
      .slice(at + 1)
      .flatMap((other) => (axes[one] ?? []).flatMap((a) => (axes[other] ?? []).map((b) => ({ [one]: a, [other]: b })))),
  )
  return new Set(pairs.filter((pair) => allowed(pair as Partial<Row<A>>)).map(nameOf))
}

/** The pairs of values in some of the values of a row. */
export function pairsOf(part: Readonly<Part>): readonly string[] {
  const names = Object.keys(part)
  return names.flatMap((one, at) =>
    names.slice(at + 1).map((other) => nameOf({ [one]: part[one] ?? "", [other]: part[other] ?? "" })),
  )
}

/** Rows with every allowed pair: each begins with a pair that is missing and takes what adds most. */
export function pairwise<A extends Axes>(axes: A, allowed: Allowed<A>): readonly Row<A>[] {
  const missing = new Set(allPairs(axes, allowed))
  const rows: Row<A>[] = []
  for (let [first] = missing; first !== undefined; [first] = missing) {
    const row: Part = Object.fromEntries(JSON.parse(first) as [string, string][])
    for (const axis of Object.keys(axes).filter((name) => !(name in row))) {
      const fits = (axes[axis] ?? []).filter((value) => allowed({ ...row, [axis]: value } as Partial<Row<A>>))
      const gain = (value: string): number =>
        pairsOf({ ...row, [axis]: value }).filter((pair) => missing.has(pair)).length
      const best = fits.toSorted((a, b) => gain(b) - gain(a))[0]
      if (best === undefined) throw new Error(`nothing on ${axis} goes with ${nameOf(row)}`)
      row[axis] = best
    }
    if (!pairsOf(row).includes(first)) throw new Error(`${first} is no pair`)
    for (const pair of pairsOf(row)) missing.delete(pair)
    rows.push(row as Row<A>)
  }
  return rows
}
