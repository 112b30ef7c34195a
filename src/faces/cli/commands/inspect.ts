import type { CommandHandler } from "../../command.ts"
import { attachedDocument } from "../documents.ts"
import { renderInspection } from "../render/attached.ts"
import { command } from "../session.ts"
import { answerListed, attachedTo } from "./list.ts"

/** `inspect`. */
export const inspect: CommandHandler = command(async (session) => {
  const { output } = session
  const result = await attachedTo(session, true)
  await output.answer(attachedDocument(result), () => renderInspection(result, output.style, output.width), "requested")
  return answerListed(session, result)
})
