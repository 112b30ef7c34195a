import type { SignedArtifact, SignReport } from "../../app/requests.ts"
import { signDocument } from "./documents.ts"
import { exitCode } from "./exit-code.ts"
import { renderSigned } from "./render/signed.ts"
import { reportErrors, type ArtifactError } from "./report-errors.ts"
import type { Session } from "./session.ts"

/**
 * Print what was signed and what failed.
 *
 * @param verb - word for the answer, such as `signed`.
 * @returns the exit code.
 */
export async function answerSigned(session: Session, report: SignReport, verb: string): Promise<number> {
  const { output } = session
  await output.answer(signDocument(report), () => renderSigned(report.artifacts, verb, output.style, output.width))
  await reportErrors(report.artifacts.flatMap(failed), output)
  return exitCode(report.artifacts.map((artifact) => artifact.error))
}

function failed({ artifact, error }: SignedArtifact): readonly ArtifactError[] {
  return error === undefined ? [] : [{ artifact, error }]
}
