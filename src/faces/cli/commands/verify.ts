import { verifyArtifacts } from "../../../app/verify.ts"
import type { CommandHandler } from "../../command.ts"
import { answerVerified } from "../answer-verified.ts"
import { question } from "../question.ts"
import { command, refuseFlags } from "../session.ts"
import { verifyFile } from "./verify-file.ts"

/** `verify`. */
export const verify: CommandHandler = command(async (session) => {
  const { flags } = session
  if (flags.string("blob") !== "") return verifyFile(session)
  refuseFlags(
    flags,
    ["bundle", "signature", "envelope"],
    "they belong to `--blob FILE`; signatures of artifacts are found by themselves",
  )
  const { app, request } = await question(session, false)
  return answerVerified(session, await verifyArtifacts(app, request))
})
