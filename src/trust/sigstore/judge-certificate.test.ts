import { describe, expect, it } from "vitest"
import type { SigstoreEvidence, WitnessRule } from "../../core/sigstore.ts"
import { timesFor } from "./judge-certificate.ts"
import type { SigstoreQuestion } from "./question.ts"
import type { AcceptedTime } from "./witnesses.ts"

const LOGGED: AcceptedTime = { at: 1000, source: "log", by: "log" }
const STAMPED: AcceptedTime = { at: 2000, source: "timestamp", by: "authority" }
const NOW = 9000

function timesOf(
  witnesses: WitnessRule,
  vouched: readonly AcceptedTime[],
  form: SigstoreEvidence["form"] = "bundle",
): readonly number[] | string | undefined {
  const question = { witnesses, at: NOW } as SigstoreQuestion
  const verified = vouched.filter(({ source }) => source === "timestamp").map(({ at }) => ({ at }))
  const stamps = { findings: [], verified } as unknown as Parameters<typeof timesFor>[3]
  const evidence: SigstoreEvidence = { form, entries: [], timestamps: [], stamped: new Uint8Array(0) }
  const times = timesFor(question, evidence, vouched, stamps)
  return "times" in times ? times.times.map(({ at }) => at) : times.finding.code
}

describe("times that a certificate is judged at", () => {
  it.each([
    { rule: { logs: 1, timestamps: 0 }, vouched: [LOGGED, STAMPED], times: [1000, 2000] },
    { rule: { logs: 1, timestamps: 0 }, vouched: [], times: "E_TIME_MISSING" },
    { rule: { logs: 1, timestamps: 1, times: "timestamps" }, vouched: [LOGGED, STAMPED], times: [2000] },
    { rule: { logs: 1, timestamps: 1, times: "timestamps" }, vouched: [LOGGED], times: "E_TIME_MISSING" },
    { rule: { logs: 0, timestamps: 0, times: "timestamps" }, vouched: [], times: "E_TIME_MISSING" },
    { rule: { logs: 0, timestamps: 0 }, vouched: [STAMPED], times: [2000] },
    { rule: { logs: 0, timestamps: 0 }, vouched: [], times: [NOW] },
    { rule: { logs: 0, timestamps: 0, times: "verification" }, vouched: [STAMPED], times: [NOW] },
    { rule: { logs: 1, timestamps: 0, times: "verification" }, vouched: [LOGGED], times: [NOW] },
  ] as const)("$rule with $vouched: $times", ({ rule, vouched, times }) => {
    expect(timesOf(rule, vouched)).toEqual(times)
  })

  it("are the log's as well where a legacy signature must be timestamped", () => {
    const rule = { logs: 1, timestamps: 1, times: "timestamps" } as const
    expect(timesOf(rule, [LOGGED, STAMPED], "legacy")).toEqual([1000, 2000])
  })
})
