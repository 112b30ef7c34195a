import { describe, expect, it } from "vitest"

import type { Digest } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import type { ArtifactReport, Finding, SignatureReport } from "../../core/report.ts"
import type { PolicyStatement } from "../../policy/notation/document.ts"
import type { FaceInvocation } from "./face-invocation.ts"
import { logVerification, type Ended } from "./log-verification.ts"

const digest: Digest = `sha256:${"a".repeat(64)}`
const statement = {
  name: "p",
  levelName: "strict",
  stores: [{ type: "ca", name: "acme" }],
  identities: [{ text: "*" }],
} as unknown as PolicyStatement
const untrusted = new ToolError("E_SIG_UNTRUSTED", { what: "not trusted" })

function reportOf(findings: readonly Finding[], state: ArtifactReport["state"]): ArtifactReport {
  const signature = { format: "notation", location: { reference: "sha256:b" }, findings } as unknown as SignatureReport
  return { state, subject: { digest }, signatures: [signature] } as unknown as ArtifactReport
}

async function logged(ended: Omit<Ended, "statement"> & Partial<Pick<Ended, "statement">>): Promise<readonly string[]> {
  const lines: string[] = []
  const log: FaceInvocation["log"] = (level, message) => {
    lines.push(`${level} ${message}`)
    return Promise.resolve()
  }
  await logVerification({ log } as FaceInvocation, { statement, ...ended })
  return lines
}

describe("what --debug says of a verification", () => {
  it("steps, in notation's words and order", async () => {
    const checks = ["certificate.trusted", "signer.identity", "signature.expiry", "timestamp", "revocation"] as const
    const findings = checks.map((check): Finding => ({ check, outcome: "passed" }))
    expect(await logged({ name: "r/a@d", report: reportOf(findings, "verified"), error: undefined })).toEqual([
      "info Processing signature with digest: sha256:b",
      `debug Verify signature against artifact ${digest} referenced as r/a@d in signature media type application/jose+json`,
      "info Trust policy configuration: &{Name:p SignatureVerification:{VerificationLevel:strict} TrustStores:[ca:acme] TrustedIdentities:[*]}",
      "debug Validating cert chain",
      "debug Validating trust identity",
      "debug Validating expiry",
      "debug Validating authentic timestamp",
      "info Timestamp verification disabled: no tsa trust store is configured in trust policy",
      "debug Validating revocation",
      `debug Signature verification succeeded for artifact ${digest}`,
    ])
  })

  it("a failure that the policy only logs, and one that ends it", async () => {
    const findings: readonly Finding[] = [
      { check: "certificate.trusted", outcome: "failed", logged: true, observed: "no trust" },
      { check: "signature.expiry", outcome: "failed", observed: "too old" },
    ]
    const lines = await logged({ report: reportOf(findings, "untrusted"), error: untrusted })
    expect(lines).not.toContain("info Processing signature with digest: sha256:b")
    expect(lines.slice(-6)).toEqual([
      "debug Validating cert chain",
      "warning authenticity validation failed. Failure reason: no trust",
      "debug Validating expiry",
      "error expiry validation failed. Failure reason: too old",
      "warning Signature sha256:b failed verification with error: too old",
      `debug Signature verification failed for all the signatures associated with artifact ${digest}`,
    ])
  })

  const tsa = { ...statement, stores: [{ type: "tsa", name: "acme" }] } as PolicyStatement
  const unexpired = 'verifyTimestamp is set to "afterCertExpiry" and signing cert chain unexpired'
  it.each<[string, PolicyStatement, Finding["outcome"], "timestamp" | "claimed", readonly string[]]>([
    [
      "that holds",
      tsa,
      "passed",
      "timestamp",
      ["Performing timestamp verification...", "Timestamp verification: Success"],
    ],
    ["that fails", tsa, "failed", "claimed", ["Performing timestamp verification..."]],
    [
      "that nobody needs yet",
      { ...tsa, verifyTimestamp: "afterCertExpiry" },
      "passed",
      "claimed",
      [`Timestamp verification disabled: ${unexpired}`],
    ],
    [
      "that is needed, and missing",
      { ...tsa, verifyTimestamp: "afterCertExpiry" },
      "failed",
      "claimed",
      ["Performing timestamp verification..."],
    ],
  ])("a timestamp %s", async (_name, policy, outcome, source, expected) => {
    const { signatures, ...report } = reportOf([{ check: "timestamp", outcome }], "verified")
    const stamped = signatures.map((signature) => ({ ...signature, time: { at: 0, source, verified: true } }))
    const lines = await logged({ report: { ...report, signatures: stamped }, error: undefined, statement: policy })
    expect(
      lines.map((line) => line.replace(/^\w+ /, "")).filter((line) => /timestamp verification/i.test(line)),
    ).toEqual(expected)
  })

  it("a manifest that holds no signature fails integrity", async () => {
    const malformed = [{ reference: "sha256:c", message: "it has 2 layers" }]
    const error = new ToolError("E_SIG_NONE", { what: "none", details: { malformed } })
    const report = { ...reportOf([], "unsigned"), signatures: [] }
    expect((await logged({ name: "r/a@d", report, error }))[0]).toBe(
      "error integrity validation failed. Failure reason: unable to parse the digital signature, error : it has 2 layers",
    )
  })

  it("nothing of formats of other families", async () => {
    const { signatures, ...report } = reportOf([{ check: "revocation", outcome: "passed" }], "verified")
    const others = signatures.map((signature) => ({ ...signature, format: "cosign-v2" }))
    expect(await logged({ name: "r/a@d", report: { ...report, signatures: others }, error: undefined })).toEqual([
      `debug Signature verification succeeded for artifact ${digest}`,
    ])
  })
})
