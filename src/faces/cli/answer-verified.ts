import type { VerifyResult } from "../../app/requests.ts"
import { reportDocument } from "./documents.ts"
import { exitCode } from "./exit-code.ts"
import { renderReport } from "./render/report.ts"
import { reportErrors, type ArtifactError } from "./report-errors.ts"
import type { Session } from "./session.ts"

/** Print the answer about every artifact and the errors behind those that are no yes. @returns the exit code. */
export async function answerVerified(session: Session, result: VerifyResult): Promise<number> {
  const { output } = session
  await output.answer(reportDocument(result), () => renderReport(result, output.style, output.width))
  const errors = result.errors.flatMap((error, index): readonly ArtifactError[] => {
    const artifact = result.report.artifacts[index]?.artifact ?? ""
    return error === undefined ? [] : [{ artifact, error }]
  })
  await reportErrors(errors, output)
  return exitCode(result.errors)
}
