import { verifyArtifacts } from "../../../app/verify.ts"
import type { CommandHandler } from "../../command.ts"
import { answerVerified } from "../answer-verified.ts"
import { question, refuseFileFlags } from "../question.ts"
import { command } from "../session.ts"
import { verifyFile } from "../verify-file.ts"

/** `verify`. */
export const verify: CommandHandler = command(async (session) => {
  const { flags } = session
  if (flags.string("blob") !== "") return answerVerified(session, await verifyFile(session))
  refuseFileFlags(flags)
  const { app, request } = await question(session, false)
  return answerVerified(session, await verifyArtifacts(app, request))
})
