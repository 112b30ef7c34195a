import type { Candidate } from "../core/candidate.ts"
import { asToolError } from "../core/errors.ts"
import type { Finding } from "../core/report.ts"
import type { TransparencyLogs } from "../core/sigstore-ports.ts"
import type { LogEntry, TrustedRoot, WitnessRule } from "../core/sigstore.ts"
import { loadPrehashFor } from "../crypto/prehash.ts"
import type { leafKeyOf } from "./leaf-key.ts"
import type { Judgement } from "./judgement.ts"
import type { proposalsFor, SigstoreCase } from "./log-proposals.ts"
import type { EvaluateSigstore, SigstoreJudgement } from "./sigstore-evaluator.ts"

/** What judging log entries, timestamps and identities needs; there when an authority asks for any of them. */
export interface SigstoreTrust {
  /** Code that is loaded only then. */
  readonly evaluate: EvaluateSigstore
  readonly proposals: typeof proposalsFor
  readonly leafKey: typeof leafKeyOf
  readonly root: TrustedRoot
  /** Time of verification, milliseconds since the epoch. */
  readonly at: number
  readonly detachedSct?: Uint8Array
  /** DER. */
  readonly certificate?: Uint8Array
  readonly logs: TransparencyLogs
  /** Version 1 logs that are asked for signatures without entry, where the authority wants that. */
  readonly logUrls: readonly string[]
}

/**
 * Judge a candidate with its log entries and timestamps, by an authority of keys or of identities.
 *
 * An entry is looked for in a log only for legacy signatures that carry none, and only where the authority says so; what
 * the log answers is judged as if it had lain beside the signature. A log that cannot be asked leaves the question open.
 *
 * Spec: specs/cosign.md section 18.
 */
export async function judgeSigstore(trust: SigstoreTrust, given: SigstoreCase): Promise<Judgement> {
  const { candidate, authority } = given
  const { evidenceFault } = candidate
  if (evidenceFault !== undefined) return { findings: [evidenceFault], notEvaluated: candidate.notEvaluated }
  const leaf = authority.family === "sigstore" ? trust.leafKey(candidate, trust.certificate) : undefined
  if (leaf !== undefined) await loadPrehashFor([leaf.key])
  const judged = judgeWith(trust, given, candidate.evidence?.entries ?? [])
  const answer = asksLogs(candidate, authority.witnesses) ? await searchLogs(trust, given, judged) : judged
  return { ...answer, notEvaluated: leftOut(candidate, authority, answer) }
}

function judgeWith(trust: SigstoreTrust, given: SigstoreCase, entries: readonly LogEntry[]): SigstoreJudgement {
  const { candidate, authority, keys, artifact, hash } = given
  const { evaluate, root, at, certificate, detachedSct } = trust
  const { evidence } = candidate
  return evaluate({
    candidate: evidence === undefined ? candidate : { ...candidate, evidence: { ...evidence, entries } },
    root,
    signer:
      authority.family === "cosign"
        ? { kind: "keys", keys }
        : {
            kind: "identities",
            identities: authority.identities,
            sct: authority.sct,
            ...(detachedSct === undefined ? {} : { detachedSct }),
          },
    witnesses: authority.witnesses,
    at,
    ...(artifact === undefined ? {} : { artifact }),
    ...(hash === undefined ? {} : { hash }),
    ...(certificate === undefined ? {} : { certificate }),
  })
}

/** A bundle is complete as it stands. */
function asksLogs({ evidence }: Candidate, { online, logs }: WitnessRule): boolean {
  return online === true && logs > 0 && evidence?.form === "legacy" && evidence.entries.length === 0
}

/**
 * SECURITY: whoever can store a signature must not make us ask a log about it: who made it, and whether it holds, is known
 * before.
 *
 * @param without - the answer without any entry.
 */
async function searchLogs(
  trust: SigstoreTrust,
  given: SigstoreCase,
  without: SigstoreJudgement,
): Promise<SigstoreJudgement> {
  if (!besidesEntry(without).every(({ outcome }) => outcome === "passed" || outcome === "skipped")) return without
  const proposals = trust.proposals(given, trust.certificate)
  const answers = await Promise.allSettled(
    trust.logUrls.flatMap((url) => proposals.map(async (proposal) => trust.logs.find(url, proposal))),
  )
  const found = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []))
  const judged = judgeFound(trust, given, found)
  if (judged !== undefined && holds(judged)) return judged
  const failure = answers.find((answer) => answer.status === "rejected")
  if (failure !== undefined) return stillOpen(without, asToolError(failure.reason))
  return judged ?? without
}

/**
 * SECURITY: a log may answer with entries of the same key or of the same content alone; each is judged by itself, and one
 * that is not about this signature is as good as none.
 *
 * @returns the first answer that holds, earliest entry first; else the last one; `undefined` when no entry is about it.
 */
function judgeFound(
  trust: SigstoreTrust,
  given: SigstoreCase,
  found: readonly LogEntry[],
): SigstoreJudgement | undefined {
  let last: SigstoreJudgement | undefined
  const about: LogEntry[] = []
  for (const entry of found.toSorted((a, b) => Number(a.integratedTime - b.integratedTime))) {
    const judged = judgeWith(trust, given, [entry])
    if (judged.findings.some(({ code }) => code === "E_TLOG_ENTRY_MISMATCH")) continue
    if (holds(judged)) return judged
    about.push(entry)
    last = judged
  }
  return about.length > 1 && given.authority.witnesses.logs > 1 ? judgeWith(trust, given, about) : last
}

function holds({ findings }: SigstoreJudgement): boolean {
  return findings.every(({ outcome }) => outcome === "passed" || outcome === "skipped")
}

/** What only a missing entry keeps from being decided. */
const WITHOUT_ENTRY: ReadonlySet<Finding["code"]> = new Set(["E_TLOG_MISSING", "E_TIME_MISSING"])

/** Findings that another entry would not change. */
function besidesEntry({ findings }: SigstoreJudgement): readonly Finding[] {
  const timeless = findings.some(({ code }) => code === "E_TIME_MISSING")
  return findings.filter(
    ({ check, code, outcome }) =>
      outcome === "passed" || !(WITHOUT_ENTRY.has(code) || (timeless && check === "certificate.sct")),
  )
}

function stillOpen(without: SigstoreJudgement, error: ReturnType<typeof asToolError>): SigstoreJudgement {
  const open: Finding = {
    check: "log.entry",
    outcome: "unknown",
    expected: "an entry found in the log",
    observed: error.message,
    code: error.code,
  }
  return { ...without, findings: [...besidesEntry(without), open] }
}

/** What is present and was neither asked for nor used. */
function leftOut(
  { evidence, material }: Candidate,
  { family, witnesses }: SigstoreCase["authority"],
  { witnesses: verified }: SigstoreJudgement,
): readonly string[] {
  const { entries = [], timestamps = [] } = evidence ?? {}
  const used = (kind: "log" | "timestamp"): boolean => verified.some((witness) => witness.kind === kind)
  return [
    ...(family === "cosign" && material.kind === "certificate" ? ["certificate"] : []),
    ...(entries.length > 0 && witnesses.logs === 0 && !used("log") ? ["transparency log entry"] : []),
    ...(timestamps.length > 0 && witnesses.timestamps === 0 && !used("timestamp") ? ["timestamp"] : []),
  ]
}
