import type { FlagValues } from "../command.ts"
import type { FaceHandler } from "./face-invocation.ts"
import type { GenerationName } from "./face-flag.ts"

/** What is wrong with the arguments of a command, in notation's words; `undefined` when they are fine. */
export type ArgumentsCheck = (args: readonly string[], context: ArgumentsContext) => string | undefined

/** What a check may look at besides the arguments. */
export interface ArgumentsContext {
  readonly flags: FlagValues
  /** The command as messages name it, such as `notation policy show`. */
  readonly name: string
}

/** What is wrong with the values of flags, in notation's words; `undefined` when they are fine. */
export type EarlyCheck = (flags: FlagValues) => string | undefined

/** Help of a command or group. */
export interface HelpTexts {
  readonly summary: string
  /** Absent = the summary. */
  readonly description?: string
  /** Follows the description where experimental features are enabled. */
  readonly experimental?: string
  /** The usage line behind the command's name. */
  readonly use?: string
}

/** A command of the face; flags come from the flag table. */
export interface FaceCommand extends HelpTexts {
  readonly path: readonly string[]
  /** The other generation does not know it. */
  readonly only?: GenerationName
  readonly aliases?: readonly string[]
  /** What notation 2 says differently. */
  readonly notation2?: Partial<HelpTexts>
  /** Absent = any arguments, which nobody looks at. */
  readonly args?: ArgumentsCheck
  /** Comes before the rules of flags below. */
  readonly early?: EarlyCheck
  /** What arguments are, for completion. */
  readonly complete?: "file"
  /** Flags that must be given, sorted. */
  readonly required?: readonly string[]
  /** Flags of which all or none must be given. */
  readonly together?: readonly (readonly string[])[]
  /** Flags of which at least one must be given. */
  readonly oneRequired?: readonly (readonly string[])[]
  /** Flags of which at most one may be given. */
  readonly exclusive?: readonly (readonly string[])[]
  readonly load: () => Promise<FaceHandler>
}

/** Words that several commands begin with. */
export interface FaceGroup extends HelpTexts {
  readonly path: readonly string[]
  readonly only?: GenerationName
  readonly aliases?: readonly string[]
  readonly notation2?: Partial<HelpTexts>
}
