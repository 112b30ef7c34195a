import { installOwnPlugin } from "../../../app/notation/plugins/install-own-plugin.ts"
import { OWN_PLUGIN } from "../../../app/notation/plugins/own-plugin.ts"
import { ToolError } from "../../../core/errors.ts"
import { printable } from "../../../core/printable.ts"
import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { facts } from "../render/facts.ts"
import { command } from "../session.ts"

/** `keys lend`. */
export const keysLend: CommandHandler = command(async (session) => {
  const { flags, output, world } = session
  const { launcher, version } = world
  if (launcher === undefined) throw new ToolError("E_INTERNAL", { what: "this program cannot be started again" })
  const app = await session.open([])
  const named = flags.string("plugins")
  const plugins = named === "" ? `${app.notation.folders.libexec}/plugins` : named
  const path = await installOwnPlugin(app.files, { plugins, launcher, platform: version.platform })
  await output.answer(documentOf("Plugin", { name: OWN_PLUGIN, path, version: version.version }), () => {
    const add = `notation key add --plugin=${OWN_PLUGIN} --id KEY --plugin-config certs=FILE NAME`
    const rows = [
      ["plugin", OWN_PLUGIN],
      ["path", printable(path)],
      ["next", add],
    ] as const
    return `${facts(rows, 0, output.width).join("\n")}\n`
  })
  return 0
})
