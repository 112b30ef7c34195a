import type { ToolError } from "../../core/errors.ts"
import { printable } from "../../core/printable.ts"
import type { ArtifactReport } from "../../core/report.ts"
import { causeOf, type CauseContext } from "./causes.ts"
import { faceError } from "./face-error.ts"

/**
 * The error of `verify-blob` and `verify-blob-attestation`: cosign's words for the check that failed.
 *
 * @param type - `--type` as the user gave it, for attestations.
 */
export function blobFailure(
  report: ArtifactReport | undefined,
  error: ToolError,
  context: CauseContext,
  type = "",
): ToolError {
  const [signature] = report?.signatures ?? []
  if (signature === undefined || report?.state === "unknown" || signature.state === "malformed") return error
  const failed = signature.findings.filter((finding) => finding.outcome === "failed" || finding.outcome === "unknown")
  const [first] = failed
  if (first === undefined) return error
  if (first.check === "predicate.type") {
    return faceError(`invalid predicate type, expected ${type} got ${printable(first.observed ?? "")}`, {
      code: error.code,
    })
  }
  return faceError(causeOf(signature, context), { code: error.code })
}
