import type { AppContext } from "../../app/requests.ts"
import type { ConnectionOptions, World } from "../../app/world.ts"
import type { LogrusLevel } from "../../codec/logrus-line.ts"
import { printable } from "../../core/printable.ts"
import type { CommandSpec, FlagValues, Program } from "../command.ts"
import type { Generation } from "./generation.ts"

/** What a command of the face gets. */
export interface FaceInvocation {
  readonly command: CommandSpec
  readonly flags: FlagValues
  readonly args: readonly string[]
  readonly world: World
  readonly generation: Generation
  readonly program: Program
  /** Opens the adapters; once per command, with the options of the first call. */
  open(options?: ConnectionOptions): Promise<AppContext>
  /** A line for `--debug` (and, of notation 1.x, `--verbose`); nothing otherwise. */
  readonly log: (level: LogrusLevel, message: string) => Promise<void>
}

/** Runs a command of the face; the number is the exit code. */
export type FaceHandler = (invocation: FaceInvocation) => Promise<number>

/** A line on stdout. */
export async function print({ world }: Pick<FaceInvocation, "world">, line: string): Promise<void> {
  await world.stdout.write(`${line}\n`)
}

/** A `Warning: …` on stderr; whatever is in it stays on that line. */
export async function warn({ world }: Pick<FaceInvocation, "world">, text: string): Promise<void> {
  await world.stderr.write(`Warning: ${printable(text)}\n`)
}
