/** The programs `cosign` (3.x) and `cosign2` (2.x): tables only, every command is loaded when it runs. */
import type { CommandSpec, FlagSpec, Program } from "../command.ts"
import { absentCommands } from "./absent-commands.ts"
import { faceCommands } from "./command-table.ts"
import type { FaceCommand } from "./face-command.ts"
import { flagsOf } from "./face-flag.ts"
import { cosign2, cosign3, type Generation } from "./generation.ts"
import { cosignHelp } from "./help.ts"
import { onCosignError } from "./on-error.ts"
import { rewriteCosignArgv } from "./rewrite-argv.ts"
import { certificatesFlags } from "./tables/certificates-flags.ts"
import { othersFlags } from "./tables/others-flags.ts"
import { registryFlags } from "./tables/registry-flags.ts"
import { servicesFlags } from "./tables/services-flags.ts"
import { signingFlags } from "./tables/signing-flags.ts"
import { trustFlags } from "./tables/trust-flags.ts"
import { trustGroups } from "./tables/trust-groups.ts"
import { verifyingFlags } from "./tables/verifying-flags.ts"

const flagRows = [
  ...registryFlags,
  ...signingFlags,
  ...servicesFlags,
  ...verifyingFlags,
  ...certificatesFlags,
  ...othersFlags,
  ...trustFlags,
]

const globalFlags: readonly FlagSpec[] = [
  { name: "output-file", type: "string", usage: "log output to a file" },
  { name: "timeout", short: "t", type: "duration", default: "3m0s", usage: "timeout for commands" },
  { name: "verbose", short: "d", type: "bool", usage: "log debug output" },
]

function programOf(generation: Generation): Program {
  const program: Program = {
    name: "cosign",
    summary: "A tool for Container Signing, Verification and Storage in an OCI registry.",
    globalFlags,
    commands: faceCommands
      .filter(({ only }) => (only ?? generation.name) === generation.name)
      .map((command) => commandOf(command, generation, () => program)),
    groups: trustGroups.filter(({ only }) => (only ?? generation.name) === generation.name),
    rewriteArgv: rewriteCosignArgv,
    absent: absentCommands,
    environmentPrefix: "COSIGN",
    help: cosignHelp,
    onError: onCosignError,
  }
  return program
}

function commandOf(row: FaceCommand, generation: Generation, program: () => Program): CommandSpec {
  const command = generation.name === "cosign2" ? { ...row, ...row.cosign2 } : row
  const flags = flagsOf(flagRows, command.name, generation.name)
  const deprecated = command.deprecated?.[generation.name]
  return {
    path: command.name.split(" "),
    summary: command.summary,
    ...(command.description === undefined ? {} : { description: command.description }),
    examples: command.examples,
    flags,
    args: command.args,
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(command.environment === undefined ? {} : { environment: command.environment }),
    load: async () => {
      const [handler, { runFaceCommand }] = await Promise.all([command.load(), import("./run-face-command.ts")])
      return (invocation) => runFaceCommand(invocation, handler, program(), generation, flags)
    },
  }
}

/** The face `cosign`, as cosign 3.x. */
export const cosignProgram: Program = programOf(cosign3)

/** The face `cosign2`, as cosign 2.x. */
export const cosign2Program: Program = programOf(cosign2)
