import type { VerifyResult } from "../../../app/requests.ts"
import { verifyArtifacts } from "../../../app/verify.ts"
import type { CommandHandler } from "../../command.ts"
import { answerVerified } from "../answer-verified.ts"
import { withCertificateHint } from "../certificate-hint.ts"
import { withIdentityHint } from "../identity-hint.ts"
import { question, refuseFileFlags } from "../question.ts"
import { command, type Session } from "../session.ts"
import { verifyFile } from "../verify-file.ts"

/** `verify`. */
export const verify: CommandHandler = command(async (session) => {
  const { flags } = session
  if (flags.string("blob") !== "") return answer(session, await verifyFile(session))
  refuseFileFlags(flags)
  const { app, request } = await question(session, false)
  return answer(session, await verifyArtifacts(app, request))
})

function answer(session: Session, result: VerifyResult): Promise<number> {
  return answerVerified(session, withIdentityHint(withCertificateHint(result, session.flags), session.flags))
}
