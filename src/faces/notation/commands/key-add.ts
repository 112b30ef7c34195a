import { goQuote } from "../../../codec/go-quote.ts"
import type { SigningKeyList } from "../../../core/notation-home.ts"
import { faceError } from "../face-error.ts"
import { print, type FaceHandler } from "../face-invocation.ts"
import { pluginMissing } from "../plugin-presence.ts"
import { keyValuePairs } from "../key-value-pairs.ts"

/** `notation key add --plugin PLUGIN --id ID NAME`: a key that a plugin holds. */
export const keyAdd: FaceHandler = async (invocation) => {
  const { flags, args, log } = invocation
  const [name = ""] = args
  const pluginConfig = keyValuePairs(flags.strings("plugin-config"), "plugin-config")
  const pluginName = flags.string("plugin")
  const id = flags.string("id")
  const { notation } = await invocation.open()
  // What is wrong with the list comes before what is wrong with the entry.
  await notation.readKeys()
  await log("debug", `Adding key with name ${name} and plugin name ${pluginName}`)
  if (name === "") throw faceError("key name cannot be empty")
  if (id === "") throw faceError("missing key id")
  if (pluginName === "") throw faceError("plugin name cannot be empty")
  const missing = await pluginMissing(notation.plugins, pluginName)
  if (missing !== undefined) throw missing
  const withConfig = Object.keys(pluginConfig).length > 0 ? { pluginConfig } : {}
  const isDefault = flags.bool("default")
  await notation.changeKeys((list) => withKey(list, { name, id, pluginName, ...withConfig }, isDefault))
  await log("debug", `Added key with name ${name}`)
  await print(invocation, isDefault ? `${name}: marked as default` : name)
  return 0
}

/** The list with one more key. @throws {ToolError} `E_FILE_EXISTS` when there is one of that name. */
export function withKey(
  list: SigningKeyList,
  entry: SigningKeyList["keys"][number],
  isDefault: boolean,
): SigningKeyList {
  if (list.keys.some(({ name }) => name === entry.name)) {
    throw faceError(`signing key with name ${goQuote(entry.name)} already exists`, "E_FILE_EXISTS")
  }
  return { ...list, keys: [...list.keys, entry], ...(isDefault ? { default: entry.name } : {}) }
}
