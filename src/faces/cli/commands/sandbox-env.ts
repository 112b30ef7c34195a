import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { refuseConnectionFlags } from "../refuse-connection.ts"
import { command, requiredFlag } from "../session.ts"
import { shellWord } from "../shell-word.ts"

/** `sandbox env`: lines for a shell to read. */
export const sandboxEnv: CommandHandler = command(async ({ flags, world, output }) => {
  refuseConnectionFlags(flags)
  const data = requiredFlag(flags, "data", "no sandbox named", "name its folder with `--data FOLDER`")
  const { variables } = await world.sandbox.environment(data)
  const document = documentOf("SandboxEnvironment", { variables: Object.fromEntries(variables) })
  const lines = variables.map(([name, value]) => `export ${name}=${shellWord(value)}\n`)
  await output.answer(document, () => lines.join(""), "requested")
  return 0
})
