/** The tables every command line is made of: parsing, help, completion and reference pages come from them. */
import type { World } from "../app/world.ts"
import type { ToolError } from "../core/errors.ts"

/** Value kinds, named and parsed as Go's pflag does. */
export type FlagType = "bool" | "string" | "stringSlice" | "stringArray" | "int" | "uint" | "duration"

export interface FlagSpec {
  /** Without dashes. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  readonly type: FlagType
  /** Text of the default as it would be typed; absent = false, "", 0 or empty. */
  readonly default?: string
  /** One line of help, lower case, no period. */
  readonly usage: string
  /** Placeholder in help; pflag's back-quoted word. */
  readonly placeholder?: string
  /** Other long names for the same flag. */
  readonly aliases?: readonly string[]
  /** Message printed when used; the flag is hidden and works. */
  readonly deprecated?: string
  readonly hidden?: boolean
  /** Closed set of values, for completion and checking. */
  readonly choices?: readonly string[]
  /** Value used when the flag stands without one (pflag NoOptDefVal); bools have `true`. */
  readonly noOptDefault?: string
}

export interface ArgsSpec {
  readonly min: number
  /** Absent = any number. */
  readonly max?: number
  /** For the usage line, such as `IMAGE...`. */
  readonly usage: string
  /** Completion: `file` or nothing. */
  readonly complete?: "file" | "none"
}

export interface CommandSpec {
  /** Words after the program's name, such as `["keys", "generate"]`. */
  readonly path: readonly string[]
  readonly aliases?: readonly string[]
  /** One line, lower case, no period in our own commands. */
  readonly summary: string
  /** Paragraphs for help. */
  readonly description?: string
  /** Command lines with a comment line above each. */
  readonly examples: readonly { readonly about: string; readonly line: string }[]
  readonly flags: readonly FlagSpec[]
  readonly args: ArgsSpec
  readonly deprecated?: string
  readonly hidden?: boolean
  /** False: the program's `environmentPrefix` does not count for this command. */
  readonly environment?: boolean
  /** Loads the implementation; nothing heavy may be imported before. */
  readonly load: () => Promise<CommandHandler>
}

/** Parsed flags. Typed access throws on names that are not in the table: a misspelt flag name is our bug. */
export interface FlagValues {
  bool(name: string): boolean
  string(name: string): string
  strings(name: string): readonly string[]
  int(name: string): number
  /** Milliseconds. */
  duration(name: string): number
  /** Given on the command line or, where the face reads them, in the environment. */
  given(name: string): boolean
}

export interface Invocation {
  readonly program: Program
  readonly command: CommandSpec
  readonly flags: FlagValues
  readonly args: readonly string[]
  readonly world: World
}

/** Runs a command; the number is the exit code. Throws ToolError, which the face prints in its own way. */
export type CommandHandler = (invocation: Invocation) => Promise<number>

/** Words that several commands begin with, where there is more to them than the commands. */
export interface GroupSpec {
  readonly path: readonly string[]
  /** Other names of the last word. */
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly description?: string
}

/** What help is asked for besides a command. */
export interface HelpContext {
  /** Words of a group; empty for the program itself or with a command. */
  readonly path: readonly string[]
  readonly world: World
}

/** Another program that the first word chooses before anything else is read; it has its own flags and no other. */
export interface FaceEntry {
  readonly word: string
  /** One line, lower case, no period. */
  readonly about: string
  readonly load: () => Promise<Program>
}

/** One program: our own, or a face. */
export interface Program {
  /** Name it is started by, such as `cosign`. */
  readonly name: string
  /** Programs that its first word can be; whoever starts it looks for them there. */
  readonly faces?: readonly FaceEntry[]
  readonly summary: string
  /** Lines for the program's help after its commands, in our own layout. */
  readonly notes?: readonly string[]
  readonly globalFlags: readonly FlagSpec[]
  readonly commands: readonly CommandSpec[]
  /** Groups with aliases or texts of their own. In cobra's manners a group with an unknown word prints its help. */
  readonly groups?: readonly GroupSpec[]
  /** Commands of the tool a face speaks for that are not there, by name, and what there is instead. */
  readonly absent?: ReadonlyMap<string, string>
  /** Changes the words before anything reads them; `notices` are lines for stderr. */
  readonly rewriteArgv?: (argv: readonly string[]) => {
    readonly argv: readonly string[]
    readonly notices: readonly string[]
  }
  /** `PREFIX_FLAG_NAME` in the environment stands for `--flag-name` where it was not given; bad values are ignored. */
  readonly environmentPrefix?: string
  /** Help in the layout of the tool a face speaks for; without `command`, of the program. Absent = our own layout. */
  readonly help?: (program: Program, command?: CommandSpec, context?: HelpContext) => string | Promise<string>
  /** What `help WORD` prints of a word that is no command; `undefined` = nothing is known of it. In our own manners. */
  readonly topic?: (word: string) => Promise<string | undefined>
  /** Text for stderr when `help` is asked about words that are no command. Absent = the program's help. */
  readonly unknownTopic?: (program: Program, words: readonly string[]) => string
  /** Prints an error and chooses the exit code. Absent = a plain form. */
  readonly onError?: (error: ToolError, context: ErrorContext) => Promise<number>
}

/** What was known when an error reached the program. */
export interface ErrorContext {
  readonly world: World
  readonly program: Program
  /** Absent when the command line named none. */
  readonly command?: CommandSpec
  /** Absent when the flags could not be parsed. */
  readonly flags?: FlagValues
  /** The words after the program's name. */
  readonly argv: readonly string[]
}
