import type { VerifyResult } from "../../../app/requests.ts"
import { verifyArtifacts } from "../../../app/verify.ts"
import type { CommandHandler } from "../../command.ts"
import { withCertificateHint } from "../certificate-hint.ts"
import { reportDocument } from "../documents.ts"
import { exitCode } from "../exit-code.ts"
import { withIdentityHint } from "../identity-hint.ts"
import { question, refuseFileFlags } from "../question.ts"
import { renderExplanation } from "../render/explain.ts"
import { command, type Session } from "../session.ts"
import { verifyFile } from "../verify-file.ts"

/** `explain`: `verify` that reads everything and prints every check. */
export const explain: CommandHandler = command(async (session) => {
  const { output } = session
  const result = withIdentityHint(withCertificateHint(await ask(session), session.flags), session.flags)
  await output.answer(reportDocument(result), () => renderExplanation(result, output.style, output.width), "requested")
  return exitCode(result.errors)
})

async function ask(session: Session): Promise<VerifyResult> {
  if (session.flags.string("blob") !== "") return verifyFile(session)
  refuseFileFlags(session.flags)
  const { app, request } = await question(session, true)
  return verifyArtifacts(app, request)
}
