import { ToolError } from "../../core/errors.ts"
import type { ArtifactReport } from "../../core/report.ts"

/**
 * Hold a passing report against the demand for a log entry.
 *
 * SECURITY: the user did not switch the log off, so only a report that says in so many words that an entry was verified
 * is a yes. A report that is silent about the log, or skipped it, is a no.
 *
 * @returns the report with its log check failed and the error, or `undefined` when the demand is met or was not made.
 */
export function unmetLogDemand(
  tlog: "ignore" | "require",
  report: ArtifactReport | undefined,
): { readonly report: ArtifactReport; readonly error: ToolError } | undefined {
  if (tlog === "ignore" || report === undefined) return undefined
  const met = report.signatures.some(
    (signature) =>
      signature.state === "verified" &&
      signature.findings.some((finding) => finding.check === "log.entry" && finding.outcome === "passed"),
  )
  if (met) return undefined
  const error = new ToolError("E_TLOG_MISSING", {
    what: `no transparency log entry was verified for ${report.artifact}`,
    why: "log entries are not evaluated in this release, and the log was not switched off",
  })
  const signatures = report.signatures.map((signature) => {
    if (signature.state !== "verified") return signature
    const findings = signature.findings.filter((finding) => finding.check !== "log.entry")
    const missing = { check: "log.entry", outcome: "failed", code: error.code } as const
    return { ...signature, state: "untrusted" as const, findings: [...findings, missing] }
  })
  return { report: { ...report, state: "untrusted", signatures }, error }
}
