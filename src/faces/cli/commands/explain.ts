import { verifyArtifacts } from "../../../app/verify.ts"
import type { CommandHandler } from "../../command.ts"
import { reportDocument } from "../documents.ts"
import { exitCode } from "../exit-code.ts"
import { question } from "../question.ts"
import { renderExplanation } from "../render/explain.ts"
import { command } from "../session.ts"

/** `explain`: `verify` that reads everything and prints every check. */
export const explain: CommandHandler = command(async (session) => {
  const { output } = session
  const { app, request } = await question(session, true)
  const result = await verifyArtifacts(app, request)
  await output.answer(reportDocument(result), () => renderExplanation(result, output.style, output.width), "requested")
  return exitCode(result.errors)
})
