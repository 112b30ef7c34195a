import { ownPluginMetadata } from "../../app/notation/plugins/own-plugin.ts"
import { goJson } from "../../codec/go-json.ts"
import type { CommandHandler } from "../command.ts"

/** `get-plugin-metadata`. The request says nothing that would matter. */
export const metadata: CommandHandler = async ({ world }) => {
  await world.stdout.write(goJson({ ...ownPluginMetadata(world.version.version) }))
  return 0
}
