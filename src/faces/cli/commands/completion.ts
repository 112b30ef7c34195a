import { completionScript } from "../../command-line/completion.ts"
import type { CommandHandler, Program } from "../../command.ts"

/** `completion` of a program. @throws {ToolError} `E_USAGE` for a shell that is not known. */
export function completionOf(program: Program): CommandHandler {
  return async ({ args, world }) => {
    await world.stdout.write(completionScript(program, args[0] ?? ""))
    return 0
  }
}
