import { completionScript } from "../../command-line/completion.ts"
import type { CommandHandler } from "../../command.ts"
import { refuseConnectionFlags } from "../refuse-connection.ts"

/** `completion`, with the faces of the program. @throws {ToolError} `E_USAGE` for a shell that is not known. */
export const completion: CommandHandler = async ({ program, flags, args, world }) => {
  refuseConnectionFlags(flags, ["output", "log-format"])
  const faces = await Promise.all(
    (program.faces ?? []).map(async ({ word, about, load }) => ({ word, about, program: await load() })),
  )
  await world.stdout.write(completionScript(program, args[0] ?? "", faces))
  return 0
}
