import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { facts } from "../render/facts.ts"
import { refuseConnectionFlags } from "../refuse-connection.ts"
import { command } from "../session.ts"

/** `version`. */
export const version: CommandHandler = command(async ({ flags, world, output }) => {
  refuseConnectionFlags(flags)
  const { version: number, commit, treeState, buildDate, runtime, platform } = world.version
  const members = { version: number, commit, treeState, buildDate, runtime, platform }
  await output.answer(
    documentOf("Version", members),
    () => {
      const rows = [
        ["commit", treeState === "dirty" ? `${commit} (changed)` : commit],
        ["built", buildDate],
        ["runtime", runtime],
        ["platform", platform],
      ] as const
      return `countersign ${number}\n${facts(rows, 2, output.width).join("\n")}\n`
    },
    "requested",
  )
  return 0
})
