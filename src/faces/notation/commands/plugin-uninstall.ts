import { goQuote } from "../../../codec/go-quote.ts"
import { ask } from "../ask.ts"
import { faceError, prefixed } from "../face-error.ts"
import { print, type FaceHandler } from "../face-invocation.ts"
import { pluginMissing } from "../plugin-presence.ts"

/** `notation plugin uninstall NAME` */
export const pluginUninstall: FaceHandler = async (invocation) => {
  const { flags, args } = invocation
  const [name = ""] = args
  const { notation } = await invocation.open()
  if ((await pluginMissing(notation.plugins, name)) !== undefined) throw unknownPlugin(name)
  const question = `Are you sure you want to uninstall plugin ${goQuote(name)}?`
  if (!(flags.bool("yes") || (await ask(invocation, question)))) return 0
  const removed = await notation.plugins.uninstall(name).catch((thrown: unknown) => {
    throw prefixed(`failed to uninstall plugin ${name}: `, thrown)
  })
  if (!removed) throw unknownPlugin(name)
  await print(invocation, `Successfully uninstalled plugin ${name}`)
  return 0
}

function unknownPlugin(name: string): Error {
  const hint = "To view a list of installed plugins, use `notation plugin list`"
  return faceError(`unable to find plugin ${name}.\n${hint}`, "E_PLUGIN_NOT_FOUND")
}
