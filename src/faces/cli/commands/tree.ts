import type { CommandHandler } from "../../command.ts"
import { attachedDocument } from "../documents.ts"
import { renderTree } from "../render/attached.ts"
import { command } from "../session.ts"
import { answerListed, attachedTo } from "./list.ts"

/** `tree`. */
export const tree: CommandHandler = command(async (session) => {
  const result = await attachedTo(session, false)
  await session.output.answer(attachedDocument(result), () => renderTree(result), "requested")
  return answerListed(session, result)
})
