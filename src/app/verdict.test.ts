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
  const { report, error } = answered(result, ...signatures)
  return { state: report.state, code: report.decision.code, kind: error?.kind }
}

function answered(result: Result, ...signatures: readonly SignatureReport[]): ReturnType<typeof decide> {
  const decisive = {
    rule: { name: "all", mode: "enforce" as const, require: { static: "fail" } as const },
    result,
    missing: [],
  }
  return decide(
    "app",
    { digest: DIGEST },
    {
      result: { verdict: "deny", result, decisive, rules: [decisive] },
      request: { kind: "signature" },
      accepted: ["notation", "cosign-v3"],
      stores: [],
      others: [],
      signatures,
      verified: [],
    },
  )
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

const UNLOGGED: Finding = { check: "log.entry", outcome: "failed", code: "E_TLOG_ENTRY_MISMATCH" }
const ELSEWHERE: Finding = {
  check: "subject.digest",
  outcome: "failed",
  observed: "sha256:b",
  expected: "sha256:a",
  code: "E_SIG_SUBJECT_MISMATCH",
}

it.each([
  ["cosign-v3", "bundle"],
  ["notation", "signature"],
])("a document about another file says so, whatever else fails: %s", (format, word) => {
  const beside = { ...signature("untrusted", UNLOGGED, STRANGER, ELSEWHERE), format }
  const location = { ...beside.location, store: "file" as const }
  const { report, error } = answered("fail", { ...beside, location })
  expect(report.state).toBe("untrusted")
  expect(error).toMatchObject({
    code: "E_SIG_SUBJECT_MISMATCH",
    kind: "negative",
    what: `this ${word} is about another file than app`,
    why: "subject.digest: saw sha256:b, expected sha256:a",
  })
})

it.each<[string, readonly Finding[], string]>([
  ["the file's digest was not compared", [UNLOGGED, { ...ELSEWHERE, outcome: "unknown" }], "E_TLOG_ENTRY_MISMATCH"],
  ["it is about the file", [UNLOGGED, { check: "subject.digest", outcome: "passed" }], "E_TLOG_ENTRY_MISMATCH"],
])("a document beside a file is judged as others are when %s", (_name, findings, code) => {
  const beside = signature("untrusted", ...findings)
  expect(answered("fail", { ...beside, location: { ...beside.location, store: "file" } }).error?.code).toBe(code)
})

it("a signature in a registry is judged by its first failure", () => {
  expect(answered("fail", signature("untrusted", UNLOGGED, ELSEWHERE)).error?.code).toBe("E_TLOG_ENTRY_MISMATCH")
})

it("an entry of a log that nobody trusts may be of another instance, whose root helps", () => {
  const unknown: Finding = { check: "log.entry", outcome: "failed", code: "E_TLOG_KEY_UNKNOWN" }
  const { error } = answered("fail", signature("untrusted", unknown))
  expect(error?.code).toBe("E_TLOG_KEY_UNKNOWN")
  expect(error?.next[0]).toMatch(/another instance.*`--trusted-root FILE`/)
  expect(answered("fail", signature("untrusted", STRANGER)).error?.next.join()).not.toContain("--trusted-root")
})

it.each([
  ["https://facts.example/v1", "`--attestation https://facts.example/v1`"],
  ["$(reboot)", "`--attestation TYPE`"],
  ["-x", "`--attestation TYPE`"],
  ["a b", "`--attestation TYPE`"],
  [undefined, "`--attestation TYPE`"],
])("an attestation where a signature is wanted is asked for by its type: %s", (observed, flag) => {
  const type: Finding = {
    check: "predicate.type",
    outcome: "failed",
    code: "E_SIG_NONE",
    ...(observed === undefined ? {} : { observed }),
  }
  const { error } = answered("fail", { ...signature("untrusted", type), kind: "attestation" })
  expect(error?.code).toBe("E_SIG_NONE")
  expect(error?.next[0]).toContain(flag)
})
