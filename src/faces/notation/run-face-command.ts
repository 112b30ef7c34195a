import type { AppContext } from "../../app/requests.ts"
import type { ConnectionOptions, OutputStream, World } from "../../app/world.ts"
import { logrusLine } from "../../codec/logrus-line.ts"
import { printableText } from "../../core/printable.ts"
import type { FlagValues, Invocation, Program } from "../command.ts"
import type { FaceCommand } from "./face-command.ts"
import { faceError } from "./face-error.ts"
import type { FaceFlag } from "./face-flag.ts"
import type { FaceHandler, FaceInvocation } from "./face-invocation.ts"
import { checkFlagRules, usesExperimental } from "./flag-rules.ts"
import type { Generation } from "./generation.ts"

/** What the tables know of a command. */
export interface FaceContext {
  readonly command: FaceCommand
  readonly flags: readonly FaceFlag[]
  readonly generation: Generation
  readonly program: Program
}

const EXPERIMENTAL_WARNING =
  "Warning: This feature is experimental and may not be fully tested or completed and may be deprecated. " +
  'Report any issues to "https://github/notaryproject/notation"\n'

/**
 * Call a command of the face after cobra's checks, in its order: arguments, experimental flags, values that are
 * refused early, required flags, groups of flags.
 *
 * @throws {ToolError} `E_USAGE` in cobra's and notation's words.
 */
export async function runFaceCommand(
  invocation: Invocation,
  handler: FaceHandler,
  { command, flags, generation, program }: FaceContext,
): Promise<number> {
  const name = [program.name, ...command.path].join(" ")
  const fault = command.args?.(invocation.args, { flags: invocation.flags, name })
  if (fault !== undefined) throw faceError(fault)
  if (usesExperimental(flags, invocation.flags, name, invocation.world.env)) {
    await invocation.world.stderr.write(EXPERIMENTAL_WARNING)
  }
  const early = command.early?.(invocation.flags)
  if (early !== undefined) throw faceError(early)
  checkFlagRules(command, flags, invocation.flags)
  const world = escapedWorld(invocation.world)
  const level = logLevel(flags, invocation.flags)
  let opened: Promise<AppContext> | undefined
  const open = (options: ConnectionOptions = { artifacts: false }): Promise<AppContext> =>
    (opened ??= world.open({ ...logOptions(generation, level), progress: false, ...options }))
  return await handler({ ...invocation, world, generation, program, open, log: logger(world, generation, level) })
}

type Level = "none" | "info" | "debug"

function logLevel(rows: readonly FaceFlag[], flags: FlagValues): Level {
  const on = (name: string): boolean => rows.some((row) => row.name === name) && flags.bool(name)
  if (on("debug")) return "debug"
  return on("verbose") ? "info" : "none"
}

/** How adapters log: as the command itself does. */
function logOptions({ preciseLog }: Generation, level: Level): Pick<ConnectionOptions, "logLevel" | "logFormat"> {
  return { logLevel: level === "none" ? "warn" : level, logFormat: preciseLog ? "logrus-precise" : "logrus" }
}

function logger(world: World, generation: Generation, level: Level): FaceInvocation["log"] {
  return async (lineLevel, message) => {
    if (level === "none" || (level === "info" && lineLevel === "debug")) return
    const time = level === "debug" ? { at: world.now() } : {}
    await world.stderr.write(logrusLine(lineLevel, message, { ...time, precise: generation.preciseLog }))
  }
}

/** SECURITY: nothing untrusted steers a terminal. What goes to a file or a pipe is data and stays as it is. */
function escapedWorld(world: World): World {
  const { stdout, stderr } = world
  return { ...world, stdout: stdout.isTTY ? escaped(stdout) : stdout, stderr: escaped(stderr) }
}

function escaped(stream: OutputStream): OutputStream {
  const decoder = new TextDecoder()
  return {
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns
    },
    write: (chunk) => stream.write(printableText(typeof chunk === "string" ? chunk : decoder.decode(chunk))),
  }
}
