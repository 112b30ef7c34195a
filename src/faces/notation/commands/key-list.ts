import type { FaceHandler } from "../face-invocation.ts"
import { tableText } from "../table-text.ts"

/** `notation key list` */
export const keyList: FaceHandler = async (invocation) => {
  const { notation } = await invocation.open()
  const list = await notation.readKeys()
  const rows = list.keys.map((entry) => {
    const name = entry.name === list.default ? `* ${entry.name}` : entry.name
    return "keyPath" in entry
      ? [name, entry.keyPath, entry.certPath, "", ""]
      : [name, "", "", entry.id, entry.pluginName]
  })
  await invocation.world.stdout.write(
    tableText([["NAME", "KEY PATH", "CERTIFICATE PATH", "ID", "PLUGIN NAME"], ...rows]),
  )
  return 0
}
