import type { FaceHandler } from "../face-invocation.ts"
import { tableText } from "../table-text.ts"

/** `notation plugin list`: every plugin is asked what it is. */
export const pluginList: FaceHandler = async (invocation) => {
  const { notation } = await invocation.open()
  const rows = (await notation.plugins.list()).map(({ name, metadata, error }) => [
    name,
    metadata?.description ?? "",
    metadata?.version ?? "",
    `[${(metadata?.capabilities ?? []).join(" ")}]`,
    error ?? "<nil>",
  ])
  await invocation.world.stdout.write(tableText([["NAME", "DESCRIPTION", "VERSION", "CAPABILITIES", "ERROR"], ...rows]))
  return 0
}
