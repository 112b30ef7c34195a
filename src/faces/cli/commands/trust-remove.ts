import { storeNamed } from "../../../app/notation/trust-list.ts"
import { removableTrust, removeTrust } from "../../../app/notation/trust-remove.ts"
import { printable } from "../../../core/printable.ts"
import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { counted } from "../render/words.ts"
import { command } from "../session.ts"
import { confirmChange } from "./trust-confirm.ts"

/** `trust remove`. */
export const trustRemove: CommandHandler = command(async (session) => {
  const { args, output } = session
  const store = storeNamed(args[0] ?? "")
  const file = args[1]
  const { notation, prompter } = await session.open([])
  const files = (await removableTrust(notation, store, file)).map((one) => one.file)
  const named = `${store.type}:${store.name}`
  const what =
    file === undefined ? `the trust store ${named} with ${counted(files.length, "file")}` : `${file} of ${named}`
  const about = files.map((one) => `  ${printable(one)}`)
  await confirmChange(session, { prompter }, [`to be removed from ${named}:`, ...about], `remove ${printable(what)}?`)
  const warnings: string[] = []
  await removeTrust(notation, store, file, (message) => warnings.push(message))
  for (const warning of warnings) await output.note(`warning: ${warning}`)
  const document = documentOf("TrustRemoved", { type: store.type, name: store.name, whole: file === undefined, files })
  await output.answer(document, () => `removed ${printable(what)}\n`)
  return 0
})
