import type { ErrorCode } from "../../core/error-catalogue.ts"
import { limits } from "../../core/limits.ts"
import type { Finding } from "../../core/report.ts"

/** Why a log entry does not count. */
export interface LogFault {
  readonly code: ErrorCode
  /** Upstream's words where it has some. */
  readonly observed: string
  readonly expected?: string
  /** What exactly was seen, where `observed` does not say it. */
  readonly detail?: string
}

/** How the entries came, as upstream words its errors by it. */
export type LogForm = "bundle" | "legacy"

/** Upstream's words as its callers print them. */
export function logText(form: LogForm, text: string): string {
  return form === "bundle" ? `failed to verify log inclusion: ${text}` : text
}

/** A finding that refuses the signature. */
export function refused(form: LogForm, fault: LogFault): Finding {
  return { check: "log.entry", outcome: "failed", ...fault, observed: logText(form, fault.observed) }
}

/** Refuses more entries than are ever looked at. */
export function tooManyEntries(form: LogForm, count: number): Finding | undefined {
  if (count <= limits.tlogEntries) return undefined
  return refused(form, {
    code: "E_LIMIT_EXCEEDED",
    observed: `too many tlog entries: ${count} > ${limits.tlogEntries}`,
    expected: `at most ${limits.tlogEntries} log entries`,
  })
}
