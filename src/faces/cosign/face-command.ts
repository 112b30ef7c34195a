import type { ArgsSpec, CommandSpec } from "../command.ts"
import type { GenerationName } from "./face-flag.ts"
import type { FaceHandler } from "./face-invocation.ts"

/** A command of the face; flags come from the flag tables. */
export interface FaceCommand {
  /** Words after the program's name, with a space between them. */
  readonly name: string
  /** The other generation does not have it. */
  readonly only?: GenerationName
  readonly summary: string
  readonly description?: string
  readonly examples: CommandSpec["examples"]
  readonly args: ArgsSpec
  /** Message printed at each use, in the generations named. */
  readonly deprecated?: Partial<Record<GenerationName, string>>
  /** False: `COSIGN_*` variables do not stand for its flags. */
  readonly environment?: boolean
  /** What that generation says differently. */
  readonly cosign2?: Partial<Pick<FaceCommand, "summary" | "description" | "examples">>
  readonly load: () => Promise<FaceHandler>
}
