import { encodeHex } from "../../codec/hex.ts"
import { quoted } from "../../codec/malformed.ts"
import { ToolError } from "../../core/errors.ts"
import type { Finding } from "../../core/report.ts"
import type { InclusionProof, LogEntry, TrustedLog } from "../../core/sigstore.ts"
import type { EntryBody } from "../../envelopes/log-entry/entry-body.ts"
import { parseEntryBody } from "../../envelopes/log-entry/parse-entry-body.ts"
import { bindingFault } from "./log-binding.ts"
import { type LogFault, type LogForm, logText, refused, tooManyEntries } from "./log-fault.ts"
import { verifyPromise, verifyProof } from "./log-proof.ts"
import type { LogQuestion, VerifiedEntry } from "./log-question.ts"

export type { LogQuestion, VerifiedEntry } from "./log-question.ts"

/** `passed over` = as if it were not there, `refused` = the signature is not to be trusted. */
type EntryJudgement =
  | { readonly outcome: "verified"; readonly entry: VerifiedEntry }
  | { readonly outcome: "passed over" | "refused"; readonly fault: LogFault }

const UNKNOWN_LOG =
  "rekor log public key not found for payload. Check your TUF root (see cosign initialize) or set a custom key with env var SIGSTORE_REKOR_PUBLIC_KEY"

function passedOver(fault: LogFault): EntryJudgement {
  return { outcome: "passed over", fault }
}

function refuse(fault: LogFault): EntryJudgement {
  return { outcome: "refused", fault }
}

function isVersion2({ kind, version }: EntryBody): boolean {
  return version === "0.0.2" && kind !== "intoto"
}

/** Kind and version are said twice in bundles; readers that go by one or the other must not differ. */
function kindFault({ kind, version }: LogEntry, body: EntryBody, form: LogForm): LogFault | undefined {
  if (kind === body.kind && version === body.version) return undefined
  if (form === "legacy" && kind === "" && version === "") return undefined
  const [seen, said] = [`${body.kind}/${body.version}`, `${kind}/${version}`]
  return {
    code: "E_TLOG_ENTRY_MISMATCH",
    observed: `kind and version mismatch: ${seen} != ${quoted(said, 60)}`,
    expected: "an entry of the kind that stands beside it",
  }
}

/** A proof whose root nobody signed proves nothing. */
function proofOf({ inclusionProof }: LogEntry): InclusionProof | undefined {
  return inclusionProof?.checkpoint === "" ? undefined : inclusionProof
}

/** What must be there before anything is verified. */
function shapeFault(entry: LogEntry, version2: boolean, form: LogForm): LogFault | undefined {
  const proof = proofOf(entry)
  const missing = (observed: string): LogFault => ({ code: "E_TLOG_PROOF", observed })
  if (version2 && proof === undefined) return missing("rekor v2 entries must have an inclusion proof")
  if (form === "legacy" && entry.signedEntryTimestamp === undefined) return missing("signature missing")
  if (proof === undefined && entry.signedEntryTimestamp === undefined) {
    return missing("entry must contain an inclusion proof and/or promise")
  }
  return undefined
}

function judgeEntry(entry: LogEntry, question: LogQuestion): EntryJudgement {
  const { form, signed } = question
  let body: EntryBody
  try {
    body = parseEntryBody(entry.canonicalizedBody)
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    // A bundle's shape was read before: what is wrong here is what the log took in, and that is not about the signature.
    const code = form === "bundle" && error.code === "E_FORMAT_MALFORMED" ? "E_TLOG_ENTRY_MISMATCH" : error.code
    return refuse({ code, observed: error.message, expected: "an entry of a kind that is known" })
  }
  const logs = question.logs.filter(({ logId }) => encodeHex(logId) === encodeHex(entry.logId))
  if (logs.length === 0) {
    const detail = `log entry ${entry.logIndex} is of the log ${encodeHex(entry.logId.subarray(0, 32))}, which is not trusted`
    return passedOver({ code: "E_TLOG_KEY_UNKNOWN", observed: UNKNOWN_LOG, detail })
  }
  const version2 = isVersion2(body)
  const fault =
    shapeFault(entry, version2, form) ??
    kindFault(entry, body, form) ??
    bindingFault(body, entry.canonicalizedBody, signed, form)
  return fault === undefined ? verifyEntry(entry, logs, version2 ? "v2" : "v1") : refuse(fault)
}

/** A promise that does not hold is passed over, as upstream does; a proof that does not hold is no accident. */
function verifyEntry(entry: LogEntry, logs: readonly TrustedLog[], version: "v1" | "v2"): EntryJudgement {
  const promised = entry.signedEntryTimestamp !== undefined
  if (promised && version === "v2") {
    return passedOver({ code: "E_TLOG_PROOF", observed: "can only verify SET for Rekor v1 entry" })
  }
  const promise = promised ? verifyPromise(entry, logs) : undefined
  if (promise !== undefined && "code" in promise) return passedOver(promise)
  const proof = proofOf(entry)
  const inclusion = proof === undefined ? undefined : verifyProof(entry, proof, logs, version)
  if (inclusion !== undefined && "code" in inclusion) return refuse(inclusion)
  const log = promise?.log ?? inclusion?.log
  // SECURITY: nothing verified is nothing seen.
  if (log === undefined)
    return refuse({ code: "E_TLOG_PROOF", observed: "entry must contain an inclusion proof and/or promise" })
  const verified: VerifiedEntry = {
    log,
    entry,
    promise: promise !== undefined,
    inclusion: inclusion !== undefined,
    // SECURITY: without a promise nobody signed the time.
    ...(promise === undefined ? {} : { at: promise.at }),
  }
  return { outcome: "verified", entry: verified }
}

function duplicate(entries: readonly LogEntry[]): LogEntry | undefined {
  const seen = new Set<string>()
  return entries.find(({ logId, logIndex }) => {
    const place = `${encodeHex(logId)} ${logIndex}`
    if (seen.has(place)) return true
    seen.add(place)
    return false
  })
}

function nameOf({ baseUrl, logId }: TrustedLog): string {
  return baseUrl === "" ? encodeHex(logId) : baseUrl
}

function passed({ entry, log, at }: VerifiedEntry): Finding {
  const when = at === undefined ? "" : ` at ${new Date(at).toISOString()}`
  return { check: "log.entry", outcome: "passed", observed: `entry ${entry.logIndex} of ${nameOf(log)}${when}` }
}

/** What did not hold, when enough else did: shown, not decided upon. */
function told(form: LogForm, fault: LogFault): Finding {
  if (fault.code !== "E_TLOG_KEY_UNKNOWN") return { ...refused(form, fault), logged: true }
  return { check: "log.entry", outcome: "skipped", observed: fault.detail ?? fault.observed }
}

function tooFew({ form, required, entries }: LogQuestion, distinct: number, faults: readonly LogFault[]): Finding {
  const [first] = faults
  const threshold = `not enough verified log entries from transparency log: ${distinct} < ${required}`
  const legacy = first?.observed ?? (entries.length === 0 ? "signature not found in transparency log" : threshold)
  const why = faults.map(({ observed, detail }) => (form === "legacy" || detail === undefined ? observed : detail))
  const detail = [...new Set(form === "legacy" ? faults.flatMap(({ detail: text }) => text ?? []) : why)].join("; ")
  return {
    check: "log.entry",
    outcome: "failed",
    code: distinct > 0 ? "E_SIG_THRESHOLD" : (first?.code ?? "E_TLOG_MISSING"),
    expected: required === 1 ? "an entry in a trusted log" : `entries in ${required} trusted logs`,
    observed: form === "legacy" && distinct === 0 ? legacy : logText(form, threshold),
    ...(detail === "" ? {} : { detail }),
  }
}

/**
 * Judge log entries: which of them trusted logs vouch for, whether they are about the signature, and whether they are of
 * enough distinct logs. Two rows with one key are one log.
 *
 * Whether the times are within a certificate's validity is the caller's to look at.
 *
 * @returns findings that all pass, are skipped or `logged` when enough entries verified; `verified` is empty when one of
 *   them refuses the signature.
 *
 * Spec: sigstore/sigstore-go `pkg/verify/tlog.go`; sigstore/cosign `pkg/cosign/verify.go`.
 */
export function judgeLogEntries(question: LogQuestion): {
  readonly findings: readonly Finding[]
  readonly verified: readonly VerifiedEntry[]
} {
  const { entries, form, required } = question
  if (required <= 0) return { findings: [], verified: [] }
  const flood = tooManyEntries(form, entries.length)
  if (flood !== undefined) return { findings: [flood], verified: [] }
  const twice = duplicate(entries)
  if (twice !== undefined) {
    const fault: LogFault = {
      code: "E_TLOG_ENTRY_MISMATCH",
      observed: "duplicate tlog entries found",
      detail: `entry ${twice.logIndex} comes twice (duplicate)`,
      expected: "every entry once",
    }
    return { findings: [refused(form, fault)], verified: [] }
  }
  const verified: VerifiedEntry[] = []
  const faults: LogFault[] = []
  for (const entry of entries) {
    const judged = judgeEntry(entry, question)
    if (judged.outcome === "refused") return { findings: [refused(form, judged.fault)], verified: [] }
    if (judged.outcome === "verified") verified.push(judged.entry)
    else faults.push(judged.fault)
  }
  const distinct = new Set(verified.map(({ log }) => encodeHex(log.key.spki))).size
  const findings = verified.map(passed)
  if (distinct < required) return { findings: [...findings, tooFew(question, distinct, faults)], verified }
  return { findings: [...findings, ...faults.map((fault) => told(form, fault))], verified }
}
