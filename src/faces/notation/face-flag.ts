import type { FlagSpec } from "../command.ts"

/** Generations of notation this face speaks for: 1.3 and the 2.0 line. */
export type GenerationName = "notation" | "notation2"

/** A row of the flag table: a flag as it stands in the commands named, and how the generations differ in it. */
export interface FaceFlag extends FlagSpec {
  /** Paths of commands, words joined by spaces. */
  readonly commands: readonly string[]
  /** The other generation does not know it. */
  readonly only?: GenerationName
  /** What notation 2 says differently. */
  readonly notation2?: Partial<FlagSpec>
  /** Hidden and refused unless NOTATION_EXPERIMENTAL is 1. */
  readonly experimental?: true
}

/** The flags of a command as one generation has them, in the table's order. */
export function flagsOf(
  rows: readonly FaceFlag[],
  path: readonly string[],
  generation: GenerationName,
): readonly FaceFlag[] {
  const name = path.join(" ")
  return rows
    .filter((row) => row.commands.includes(name) && (row.only ?? generation) === generation)
    .map((row) => (generation === "notation2" ? { ...row, ...row.notation2 } : row))
}
