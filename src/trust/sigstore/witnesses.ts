import { encodeHex } from "../../codec/hex.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import { limits } from "../../core/limits.ts"
import type { Finding, TimeEvidence, Witness } from "../../core/report.ts"
import type { SigstoreEvidence, TrustedRoot, WitnessRule } from "../../core/sigstore.ts"
import type { VerifiedEntry } from "./log-entries.ts"
import type { EvidenceForm } from "./identity-rules.ts"
import { judgeTimestamps, type TimestampFailure, type VerifiedTimestamp } from "./signed-timestamps.ts"

/** A time at which the signature was there, and who vouches for it. */
export interface AcceptedTime {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly source: "log" | "timestamp" | "caller"
  /** Name of the log or authority. */
  readonly by: string
}

/** Refuses more evidence than is ever looked at, before any of it is. */
export function tooMuchEvidence({ entries, timestamps }: SigstoreEvidence): Finding | undefined {
  const refused = (check: Finding["check"], observed: string): Finding => ({
    check,
    outcome: "failed",
    code: "E_LIMIT_EXCEEDED",
    observed,
  })
  if (entries.length > limits.tlogEntries) {
    return refused("log.entry", `too many tlog entries: ${entries.length} > ${limits.tlogEntries}`)
  }
  if (timestamps.length > limits.timestamps) {
    return refused("timestamp", `too many signed timestamps: ${timestamps.length} > ${limits.timestamps}`)
  }
  return undefined
}

/** Outcome of {@link judgeStamps}. */
export interface StampsJudgement {
  readonly findings: readonly Finding[]
  readonly verified: readonly VerifiedTimestamp[]
  /** What keeps timestamps from counting: code of the first one, and all reasons. */
  readonly failure?: { readonly code: ErrorCode; readonly detail: string }
}

/**
 * Judge a signature's timestamps and count their authorities.
 *
 * A timestamp that does not hold is told and does not refuse the signature by itself: it is as if it were not there.
 */
export function judgeStamps(
  { timestamps, stamped, form }: Pick<SigstoreEvidence, "timestamps" | "stamped" | "form">,
  { timestampAuthorities }: TrustedRoot,
  { timestamps: required }: WitnessRule,
): StampsJudgement {
  const { verified, distinct, failures } = judgeTimestamps({ timestamps, stamped, authorities: timestampAuthorities })
  const passed = verified.map(({ at, name }): Finding => ({
    check: "timestamp",
    outcome: "passed",
    observed: `${new Date(at).toISOString()} by ${name}`,
  }))
  const [first] = failures
  const detail = failures.map(({ message }) => message).join("; ")
  const failure = first === undefined ? undefined : { code: first.code, detail }
  const rest = failure === undefined ? {} : { failure }
  if (distinct >= required) {
    return { findings: [...passed, ...failures.map(told)], verified, ...rest }
  }
  const short: Finding = {
    check: "timestamp",
    outcome: "failed",
    code: failure?.code ?? (verified.length === 0 ? "E_TIME_MISSING" : "E_SIG_THRESHOLD"),
    expected: `timestamps of ${required} trusted ${required === 1 ? "authority" : "authorities"}`,
    observed: thresholdText(form, distinct, required, failures.length),
    ...(failure === undefined ? {} : { detail }),
  }
  return { findings: [...passed, short], verified, ...rest }
}

/** What did not hold, when enough else did: shown, not decided upon. Of strangers' timestamps nobody needs to be warned. */
function told({ code, message }: TimestampFailure): Finding {
  if (code === "E_TSA_UNTRUSTED") return { check: "timestamp", outcome: "skipped", observed: message }
  return { check: "timestamp", outcome: "failed", code, observed: message, logged: true }
}

function thresholdText(form: EvidenceForm, distinct: number, required: number, failures: number): string {
  if (form === "legacy" && failures > 0) {
    return "unable to verify RFC3161 timestamp bundle: expected at least one verified timestamp"
  }
  const text = `threshold not met for verified signed timestamps: ${distinct} < ${required}`
  return form === "bundle" ? `failed to verify timestamps: ${text}` : text
}

/** Name of a log as people know it. */
function logName({ log }: Pick<VerifiedEntry, "log">): string {
  return log.baseUrl === "" ? encodeHex(log.logId) : log.baseUrl
}

/** Times that log entries and timestamps vouch for, each once of every kind. */
export function acceptedTimes(
  entries: readonly VerifiedEntry[],
  stamps: readonly VerifiedTimestamp[],
): readonly AcceptedTime[] {
  const times = [
    ...entries.flatMap((entry): AcceptedTime[] =>
      entry.at === undefined ? [] : [{ at: entry.at, source: "log", by: logName(entry) }],
    ),
    ...stamps.map(({ at, name }): AcceptedTime => ({ at, source: "timestamp", by: name })),
  ]
  return times.filter(
    ({ at, source }, index) => times.findIndex((other) => other.at === at && other.source === source) === index,
  )
}

/** The earliest of the times, as reports have it. */
export function earliest(times: readonly AcceptedTime[]): TimeEvidence | undefined {
  const [first] = [...times].sort((a, b) => a.at - b.at)
  return first === undefined ? undefined : { at: first.at, source: first.source, verified: first.source !== "caller" }
}

/** What verified, as reports have it. */
export function witnessesOf(
  entries: readonly VerifiedEntry[],
  stamps: readonly VerifiedTimestamp[],
): readonly Witness[] {
  return [
    ...entries.map((entry): Witness => ({
      kind: "log",
      log: logName(entry),
      logIndex: entry.entry.logIndex.toString(),
      ...(entry.at === undefined ? {} : { at: entry.at }),
      proof: entry.promise && entry.inclusion ? "promise and inclusion" : entry.promise ? "promise" : "inclusion",
    })),
    ...stamps.map(({ at, name }): Witness => ({ kind: "timestamp", authority: name, at })),
  ]
}
