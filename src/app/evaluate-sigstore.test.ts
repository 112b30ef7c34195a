import { describe, expect, it } from "vitest"
import type { Candidate } from "../core/candidate.ts"
import { ToolError } from "../core/errors.ts"
import type { Finding, Witness } from "../core/report.ts"
import type { LogEntry, WitnessRule } from "../core/sigstore.ts"
import type { KeyAuthority, SigstoreAuthority } from "../policy/model.ts"
import { judgeSigstore, type SigstoreTrust } from "./evaluate-sigstore.ts"
import type { Judgement } from "./judgement.ts"
import type { SigstoreJudgement, SigstoreQuestion } from "./sigstore-evaluator.ts"

const bytes = new Uint8Array([1])
const entry: LogEntry = {
  logIndex: 1n,
  logId: bytes,
  kind: "",
  version: "",
  integratedTime: 1n,
  canonicalizedBody: bytes,
}
const passed: Finding = { check: "signature.cryptographic", outcome: "passed" }
const missing: Finding = { check: "log.entry", outcome: "failed", code: "E_TLOG_MISSING" }
const timeless: Finding = { check: "certificate.trusted", outcome: "unknown", code: "E_TIME_MISSING" }
const unlogged: Finding = { check: "certificate.sct", outcome: "failed", code: "E_CERT_SCT" }
const stranger: Finding = { check: "signer.identity", outcome: "failed", code: "E_CERT_IDENTITY" }

function candidate(evidence: Partial<NonNullable<Candidate["evidence"]>>, change: Partial<Candidate> = {}): Candidate {
  return {
    format: "cosign-v2",
    kind: "signature",
    material: { kind: "certificate", certificates: [], keyAllowed: true },
    signed: { kind: "message", message: bytes },
    signatures: [{ bytes }],
    evidence: { form: "legacy", entries: [], timestamps: [], stamped: bytes, ...evidence },
    notEvaluated: ["certificate"],
    ...change,
  } as unknown as Candidate
}

function authority(family: "cosign" | "sigstore", witnesses: WitnessRule): KeyAuthority | SigstoreAuthority {
  return { name: "a", family, witnesses, identities: [], sct: "ignore" } as unknown as KeyAuthority | SigstoreAuthority
}

interface World {
  /** What the evaluator says of a question. */
  readonly says: (question: SigstoreQuestion) => SigstoreJudgement
  /** What each log answers. */
  readonly logs?: readonly (() => Promise<readonly LogEntry[]>)[]
}

async function judge(
  { says, logs = [] }: World,
  given: Candidate,
  who: KeyAuthority | SigstoreAuthority,
): Promise<{ readonly judged: Judgement; readonly asked: number }> {
  let asked = 0
  const trust = {
    evaluate: says,
    proposals: () => [{}],
    leafKey: () => undefined,
    logs: {
      find: (url: string) => {
        asked += 1
        return logs[Number(url)]?.()
      },
    },
    logUrls: logs.map((_log, index) => String(index)),
  } as unknown as SigstoreTrust
  return { judged: await judgeSigstore(trust, { candidate: given, authority: who, keys: [] }), asked }
}

const ONLINE: WitnessRule = { logs: 1, timestamps: 0, online: true }
const answers =
  (...entries: readonly LogEntry[]) =>
  () =>
    Promise.resolve(entries)
const fails = (): Promise<never> => Promise.reject(new ToolError("E_NET_TIMEOUT", { what: "too slow" }))
/** Good with an entry, and with nothing else missing without. */
const needsEntry = ({ candidate: { evidence } }: SigstoreQuestion): SigstoreJudgement => ({
  findings: evidence?.entries.length === 0 ? [missing, timeless, unlogged, passed] : [passed],
  witnesses: [],
})

describe("judgeSigstore", () => {
  it("evaluates nothing of evidence that cannot be read", async () => {
    const fault: Finding = { check: "log.entry", outcome: "failed", code: "E_FORMAT_MALFORMED" }
    const broken = candidate({}, { evidenceFault: fault })
    const says = (): never => {
      throw new Error("nothing to evaluate")
    }
    const { judged, asked } = await judge({ says, logs: [answers(entry)] }, broken, authority("sigstore", ONLINE))
    expect(judged).toEqual({ findings: [fault], notEvaluated: ["certificate"] })
    expect(asked).toBe(0)
  })

  const log: Witness = { kind: "log", log: "l", logIndex: "1", proof: "promise" }
  const stamp: Witness = { kind: "timestamp", authority: "t", at: 1 }
  it.each<[string, "cosign" | "sigstore", WitnessRule, readonly Witness[], readonly string[]]>([
    ["keys with a log", "cosign", { logs: 1, timestamps: 0 }, [log], ["certificate", "timestamp"]],
    ["keys with a clock", "cosign", { logs: 0, timestamps: 1 }, [stamp], ["certificate", "transparency log entry"]],
    ["identities without log", "sigstore", { logs: 0, timestamps: 0 }, [], ["transparency log entry", "timestamp"]],
    ["identities by a clock nobody asked for", "sigstore", { logs: 1, timestamps: 0 }, [log, stamp], []],
  ])("says what was left out: %s", async (_case, family, rule, witnesses, left) => {
    const full = candidate({ entries: [entry], timestamps: [bytes] })
    const { judged } = await judge({ says: () => ({ findings: [passed], witnesses }) }, full, authority(family, rule))
    expect(judged.notEvaluated).toEqual(left)
  })
})

describe("a search in logs", () => {
  it("finds what only the entry was missing for", async () => {
    const { judged } = await judge(
      { says: needsEntry, logs: [fails, answers(entry)] },
      candidate({}),
      authority("sigstore", ONLINE),
    )
    expect(judged.findings).toEqual([passed])
  })

  it.each<[string, Candidate, WitnessRule]>([
    ["that is not wanted", candidate({}), { logs: 1, timestamps: 0 }],
    ["where no log is asked for", candidate({}), { ...ONLINE, logs: 0 }],
    ["of a bundle", candidate({ form: "bundle" }), ONLINE],
    ["where there is an entry", candidate({ entries: [entry] }), ONLINE],
    ["where there is no evidence", { ...candidate({}), evidence: undefined } as unknown as Candidate, ONLINE],
  ])("is not made %s", async (_case, given, rule) => {
    const says = (): SigstoreJudgement => ({ findings: [missing], witnesses: [] })
    const { asked } = await judge({ says, logs: [answers(entry)] }, given, authority("sigstore", rule))
    expect(asked).toBe(0)
  })

  it.each<[string, Finding]>([
    ["another identity", stranger],
    ["a signature that does not hold", { ...passed, outcome: "failed", code: "E_SIG_INVALID" }],
    ["something that could not be evaluated", { ...passed, outcome: "unknown", code: "E_KEY_TYPE" }],
  ])("is not made for %s", async (_case, finding) => {
    const says = (): SigstoreJudgement => ({ findings: [missing, timeless, finding], witnesses: [] })
    const { judged, asked } = await judge(
      { says, logs: [answers(entry)] },
      candidate({}),
      authority("sigstore", ONLINE),
    )
    expect([asked, judged.findings]).toEqual([0, [missing, timeless, finding]])
  })

  it.each([
    ["finds nothing", [answers()]],
    ["finds nothing anywhere", [answers(), answers()]],
  ])("that %s leaves the answer as it was", async (_case, logs) => {
    const { judged } = await judge({ says: needsEntry, logs }, candidate({}), authority("sigstore", ONLINE))
    expect(judged.findings).toContain(missing)
  })

  it("that fails leaves one question open, and no definite no beside it", async () => {
    const { judged } = await judge(
      { says: needsEntry, logs: [answers(), fails] },
      candidate({}),
      authority("sigstore", ONLINE),
    )
    expect(judged.findings).toEqual([
      passed,
      expect.objectContaining({ check: "log.entry", outcome: "unknown", code: "E_NET_TIMEOUT" }),
    ])
  })

  it("takes the entries of several logs together where several are asked for", async () => {
    const says = ({ candidate: { evidence } }: SigstoreQuestion): SigstoreJudgement => ({
      findings: (evidence?.entries.length ?? 0) > 1 ? [passed] : [missing],
      witnesses: [],
    })
    const { judged } = await judge(
      { says, logs: [answers(entry), answers({ ...entry, integratedTime: 2n })] },
      candidate({}),
      authority("sigstore", { ...ONLINE, logs: 2 }),
    )
    expect(judged.findings).toEqual([passed])
  })
})
