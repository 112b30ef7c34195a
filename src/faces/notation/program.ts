/** The programs `notation` (1.3) and `notation2` (the 2.0 line): tables only, every command is loaded when it runs. */
import type { CommandSpec, GroupSpec, Program } from "../command.ts"
import type { FaceCommand, FaceGroup, HelpTexts } from "./face-command.ts"
import { flagsOf } from "./face-flag.ts"
import { notation1, notation2, type Generation } from "./generation.ts"
import { notationHelp, notationUnknownTopic, type Described } from "./help.ts"
import { onNotationError } from "./on-error.ts"
import { artifactsCommands } from "./tables/artifacts.ts"
import { blobsCommands } from "./tables/blobs.ts"
import { certificatesCommands } from "./tables/certificates.ts"
import { flagRows } from "./tables/flags.ts"
import { groups } from "./tables/groups.ts"
import { keysCommands } from "./tables/keys.ts"
import { pluginsCommands } from "./tables/plugins.ts"
import { policiesCommands } from "./tables/policies.ts"
import { programCommands } from "./tables/program.ts"

/** Every command of the face. */
export const faceCommands: readonly FaceCommand[] = [
  ...artifactsCommands,
  ...keysCommands,
  ...certificatesCommands,
  ...policiesCommands,
  ...pluginsCommands,
  ...blobsCommands,
  ...programCommands,
]

function programOf(generation: Generation): Program {
  const has = ({ only }: Pick<FaceCommand, "only">): boolean => (only ?? generation.name) === generation.name
  const program: Program = {
    name: "notation",
    summary: "Signs artifacts and files as notation does, and verifies their signatures",
    globalFlags: [],
    commands: faceCommands.filter(has).map((command) => commandOf(command, generation, () => program)),
    groups: groups.filter(has).map((group) => groupOf(group, generation)),
    help: notationHelp,
    unknownTopic: notationUnknownTopic,
    onError: onNotationError,
  }
  return program
}

function textsOf(row: HelpTexts & Pick<FaceCommand, "notation2">, generation: Generation): HelpTexts {
  return generation.name === "notation2" ? { ...row, ...row.notation2 } : row
}

function groupOf(group: FaceGroup, generation: Generation): GroupSpec {
  const { summary, description = summary } = textsOf(group, generation)
  return { path: group.path, summary, description, ...(group.aliases === undefined ? {} : { aliases: group.aliases }) }
}

function commandOf(command: FaceCommand, generation: Generation, program: () => Program): CommandSpec & Described {
  const flags = flagsOf(flagRows, command.path, generation.name)
  const { summary, description, experimental, use } = textsOf(command, generation)
  return {
    path: command.path,
    ...(command.aliases === undefined ? {} : { aliases: command.aliases }),
    summary,
    ...(description === undefined ? {} : { description }),
    ...(experimental === undefined ? {} : { experimental }),
    ...(use === undefined ? {} : { use }),
    examples: [],
    flags,
    // Arguments are checked by the row's own function, which has notation's words.
    args: { min: 0, usage: "", ...(command.complete === undefined ? {} : { complete: command.complete }) },
    load: async () => {
      const [handler, { runFaceCommand }] = await Promise.all([command.load(), import("./run-face-command.ts")])
      return (invocation) => runFaceCommand(invocation, handler, { command, flags, generation, program: program() })
    },
  }
}

/** The face `notation`, as notation 1.3. */
export const notationProgram: Program = programOf(notation1)

/** The face `notation2`, as the 2.0 line of notation. */
export const notation2Program: Program = programOf(notation2)
