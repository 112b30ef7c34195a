import { completionScript } from "../../command-line/completion.ts"
import type { CommandHandler, Program } from "../../command.ts"
import { refuseConnectionFlags } from "../refuse-connection.ts"

/** `completion` of a program. @throws {ToolError} `E_USAGE` for a shell that is not known. */
export function completionOf(program: Program): CommandHandler {
  return async ({ flags, args, world }) => {
    refuseConnectionFlags(flags, ["output", "log-format"])
    await world.stdout.write(completionScript(program, args[0] ?? ""))
    return 0
  }
}
