import { describe, expect, it } from "vitest"
import type { ArtifactReport, Finding, SignatureReport } from "../../core/report.ts"
import { unmetLogDemand } from "./log-demand.ts"

function report(state: SignatureReport["state"], findings: readonly Finding[]): ArtifactReport {
  const digest = `sha256:${"0".repeat(64)}` as const
  const signature: SignatureReport = {
    format: "cosign-v3",
    kind: "signature",
    mediaType: "",
    location: { store: "referrers-api", where: "", reference: "" },
    descriptor: { mediaType: "", digest, size: 0 },
    claims: null,
    notEvaluated: [],
    state,
    findings,
    satisfies: ["key"],
  }
  return {
    artifact: "a",
    state: "verified",
    decision: { verdict: "allow", result: "pass", rule: "", reasons: [] },
    signatures: [signature],
    stores: [],
    children: [],
  }
}

describe("a passing answer while the log counts", () => {
  it.each([
    { name: "says nothing of the log", findings: [] },
    { name: "skipped the log", findings: [{ check: "log.entry", outcome: "skipped" }] },
    { name: "does not know", findings: [{ check: "log.entry", outcome: "unknown" }] },
    { name: "failed the log", findings: [{ check: "log.entry", outcome: "failed", code: "E_TLOG_MISSING" }] },
  ] as const)("is a no when it $name", ({ findings }) => {
    const unmet = unmetLogDemand("require", report("verified", findings))
    expect(unmet?.error.code).toBe("E_TLOG_MISSING")
    expect(unmet?.report.state).toBe("untrusted")
    expect(unmet?.report.signatures[0]?.findings.at(-1)).toMatchObject({ check: "log.entry", outcome: "failed" })
  })

  it("is a no when only an untrusted signature has an entry", () => {
    const passed: Finding = { check: "log.entry", outcome: "passed" }
    expect(unmetLogDemand("require", report("untrusted", [passed]))).toBeDefined()
  })

  it("stands when an entry was verified, or when the log was switched off", () => {
    expect(unmetLogDemand("require", report("verified", [{ check: "log.entry", outcome: "passed" }]))).toBeUndefined()
    expect(unmetLogDemand("ignore", report("verified", []))).toBeUndefined()
  })
})
