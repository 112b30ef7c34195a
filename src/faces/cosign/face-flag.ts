import type { FlagSpec } from "../command.ts"

/** Generations of cosign this face speaks for. */
export type GenerationName = "cosign2" | "cosign3"

/** A row of the flag tables: a flag as it stands in the commands named, and how the generations differ in it. */
export interface FaceFlag extends FlagSpec {
  readonly commands: readonly string[]
  /** The other generation does not know it. */
  readonly only?: GenerationName
  /** What that generation says differently. */
  readonly cosign2?: Partial<FlagSpec>
  readonly cosign3?: Partial<FlagSpec>
  /** Why its use is refused; it is parsed like any other. */
  readonly refused?: string
}

/** The flags of a command as one generation has them. */
export function flagsOf(rows: readonly FaceFlag[], command: string, generation: GenerationName): readonly FaceFlag[] {
  return rows
    .filter((row) => row.commands.includes(command) && (row.only ?? generation) === generation)
    .map((row) => ({ ...row, ...row[generation] }))
}
