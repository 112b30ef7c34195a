import { expect, it } from "vitest"
import type { Finding, SignatureReport } from "../core/report.ts"
import type { Result } from "../policy/evaluate.ts"
import { decide } from "./verdict.ts"

const DIGEST = `sha256:${"a".repeat(64)}` as const
const UNKNOWN: Finding = { check: "revocation", outcome: "unknown", code: "E_CERT_REVOCATION_UNKNOWN" }
const STRANGER: Finding = { check: "certificate.trusted", outcome: "failed", code: "E_CERT_UNTRUSTED" }

function signature(state: SignatureReport["state"], ...findings: readonly Finding[]): SignatureReport {
  return {
    format: "notation",
    kind: "signature",
    mediaType: "application/jose+json",
    location: { store: "referrers-api", where: "registry.example/app", reference: DIGEST },
    descriptor: { mediaType: "application/jose+json", digest: DIGEST, size: 1 },
    claims: null,
    notEvaluated: [],
    state,
    findings,
    satisfies: [],
  }
}

function decided(result: Result, ...signatures: readonly SignatureReport[]): unknown {
  const decisive = {
    rule: { name: "all", mode: "enforce" as const, require: { static: "fail" } as const },
    result,
    missing: [],
  }
  const { report, error } = decide(
    "app",
    { digest: DIGEST },
    {
      result: { verdict: "deny", result, decisive, rules: [decisive] },
      request: { kind: "signature" },
      accepted: ["notation"],
      stores: [],
      others: [],
      signatures,
      verified: [],
    },
  )
  return { state: report.state, code: report.decision.code, kind: error?.kind }
}

it.each<[string, readonly SignatureReport[], string]>([
  ["a signature that leaves a question open", [signature("unknown", UNKNOWN)], "E_SIG_UNTRUSTED"],
  ["one that fails beside it", [signature("unknown", UNKNOWN), signature("untrusted", STRANGER)], "E_CERT_UNTRUSTED"],
  ["a failure after an open question", [signature("untrusted", UNKNOWN, STRANGER)], "E_CERT_UNTRUSTED"],
  ["a failure that is only logged", [signature("unknown", { ...STRANGER, logged: true }, UNKNOWN)], "E_SIG_UNTRUSTED"],
])("a policy that fails is a no: %s", (_name, signatures, code) => {
  expect(decided("fail", ...signatures)).toEqual({ state: "untrusted", code, kind: "negative" })
})

it("a policy that cannot be decided leaves the question open, whatever else failed", () => {
  expect(decided("error", signature("untrusted", STRANGER), signature("unknown", UNKNOWN))).toEqual({
    state: "unknown",
    code: "E_CERT_REVOCATION_UNKNOWN",
    kind: "unknown",
  })
})
