import { describe, expect, it } from "vitest"
import type { VerifyResult } from "../../../app/requests.ts"
import type { Digest } from "../../../core/digest.ts"
import { ToolError } from "../../../core/errors.ts"
import type { ArtifactReport, SignatureReport, StoreReport } from "../../../core/report.ts"
import type { VerifiedSignature } from "../../../core/verified.ts"
import { reportDocument } from "../documents.ts"
import { renderExplanation } from "./explain.ts"
import { writeJson } from "./json.ts"
import { renderReport } from "./report.ts"
import { plainStyle } from "./style.ts"

const SUBJECT: Digest = `sha256:${"a".repeat(64)}`
const DOCUMENT: Digest = `sha256:${"b".repeat(64)}`
const MANIFEST = "application/vnd.oci.image.manifest.v1+json"

const signature: SignatureReport = {
  format: "cosign-v2",
  kind: "signature",
  mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
  location: {
    store: "signature-tag",
    where: "registry.example/app",
    reference: `sha256-${"a".repeat(64)}.sig`,
    position: 0,
  },
  descriptor: { mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest: DOCUMENT, size: 240 },
  claims: { critical: { type: "cosign container image signature" } },
  signer: { kind: "key", fingerprint: "SHA256:AAAA", name: "release.pub" },
  notEvaluated: ["transparency log entry"],
  state: "verified",
  findings: [
    { check: "signature.cryptographic", outcome: "passed", expected: "SHA256:AAAA", observed: "SHA256:AAAA" },
    { check: "log.entry", outcome: "skipped", observed: "transparency log entry, not evaluated" },
  ],
  satisfies: ["keys"],
}

const verifiedSignature: VerifiedSignature = {
  report: signature,
  content: {
    kind: "simple-signing",
    payload: new Uint8Array(),
    dockerReference: "registry.example/app",
    manifestDigest: SUBJECT,
    type: "cosign container image signature",
    optional: { env: "prod", build: 7 },
    annotations: {},
  },
}

const none: readonly StoreReport[] = [
  { store: "referrers-api", where: "registry.example/app", outcome: "unsupported", count: 0 },
  { store: "referrers-tag", where: "registry.example/app", outcome: "none", count: 0 },
]

function artifact(changes: Partial<ArtifactReport>): ArtifactReport {
  return {
    artifact: "registry.example/app:1.0",
    subject: { mediaType: MANIFEST, digest: SUBJECT, size: 523 },
    state: "verified",
    decision: { verdict: "allow", result: "pass", rule: "flags", reasons: ["cosign-v2 signature by release.pub"] },
    signatures: [signature],
    stores: [{ store: "signature-tag", where: "registry.example/app", outcome: "found", count: 1 }],
    children: [],
    ...changes,
  }
}

function resultOf(report: ArtifactReport, verified: readonly VerifiedSignature[], error?: ToolError): VerifyResult {
  return {
    report: { apiVersion: "countersign.dev/v1", kind: "VerificationReport", artifacts: [report] },
    verified: [verified],
    errors: [error],
  }
}

const unsigned = resultOf(
  artifact({
    state: "unsigned",
    decision: { verdict: "deny", result: "fail", rule: "flags", code: "E_SIG_NONE", reasons: ["no signature found"] },
    signatures: [],
    stores: none,
  }),
  [],
  new ToolError("E_SIG_NONE", { what: "no signature found on registry.example/app:1.0" }),
)

const untrusted = resultOf(
  artifact({
    state: "untrusted",
    decision: { verdict: "deny", result: "fail", rule: "flags", code: "E_SIG_UNTRUSTED", reasons: ["another key"] },
    signatures: [
      {
        ...signature,
        state: "untrusted",
        satisfies: [],
        claims: { note: "\x1b[32mverified\x1b[0m\nverified  registry.example/app:1.0", big: 18446744073709551615n },
        findings: [
          {
            check: "signature.cryptographic",
            outcome: "failed",
            code: "E_SIG_UNTRUSTED",
            expected: "SHA256:AAAA (release.pub)",
            observed: "another key\r\x1b[2K",
          },
        ],
      },
    ],
  }),
  [],
  new ToolError("E_SIG_UNTRUSTED", {
    what: "signature found, but not trusted",
    next: ["run `countersign explain registry.example/app:1.0` to see every check", "ask the signer for the key"],
  }),
)

const unknown = resultOf(
  artifact({
    state: "unknown",
    decision: { verdict: "deny", result: "error", rule: "flags", code: "E_NET_TIMEOUT", reasons: ["no answer"] },
    signatures: [],
    stores: [
      {
        store: "referrers-api",
        where: "registry.example/app",
        outcome: "failed",
        count: 0,
        error: { code: "E_NET_TIMEOUT", message: "registry.example did not answer" },
      },
    ],
  }),
  [],
  new ToolError("E_NET_TIMEOUT", { what: "could not find out" }),
)

describe("signatures that look the same", () => {
  const other: VerifiedSignature = {
    ...verifiedSignature,
    report: { ...signature, signer: { kind: "key", fingerprint: "SHA256:BBBB", name: "second.pub" } },
  }
  const linesOf = (verified: readonly VerifiedSignature[]): readonly string[] =>
    renderReport(resultOf(artifact({}), verified), plainStyle, 200).split("\n")

  it("are one line with a count, and their annotations stand there once", () => {
    const lines = linesOf([verifiedSignature, other, verifiedSignature, verifiedSignature])
    expect(lines.filter((line) => line.includes("SHA256:AAAA"))).toEqual([
      expect.stringContaining("3 signatures by key SHA256:AAAA (release.pub): cosign-v2, "),
    ])
    expect(lines.filter((line) => line.includes("SHA256:BBBB"))).toEqual([
      expect.stringMatching(/signature +cosign-v2, key SHA256:BBBB/),
    ])
    expect(lines.filter((line) => line.includes("env=prod"))).toHaveLength(2)
  })

  it("are apart when what they sign differs", () => {
    const { content } = verifiedSignature
    if (content.kind !== "simple-signing") throw new Error("expected a simple signing payload")
    const staging: VerifiedSignature = { ...verifiedSignature, content: { ...content, optional: { env: "staging" } } }
    expect(linesOf([verifiedSignature, staging]).filter((line) => line.includes("SHA256:AAAA"))).toHaveLength(2)
  })
})

describe("renderReport", () => {
  it("shows who signed, in which format, and what else is signed", () => {
    expect(renderReport(resultOf(artifact({}), [verifiedSignature]), plainStyle, Infinity)).toBe(
      [
        "verified   registry.example/app:1.0",
        `  digest         ${SUBJECT}`,
        "  signature      cosign-v2, key SHA256:AAAA (release.pub), signature tag",
        "  signed         env=prod, build=7",
        "  not evaluated  transparency log entry",
        "",
      ].join("\n"),
    )
  })

  it.each([
    ["unsigned", unsigned, "looked in  referrers API: not supported"],
    ["untrusted", untrusted, "looked in  signature tag: 1 found"],
    ["unknown", unknown, "failed: registry.example did not answer [E_NET_TIMEOUT]"],
  ])("keeps %s apart from the other answers", (state, result, wanted) => {
    const text = renderReport(result, plainStyle, Infinity)
    expect(text.startsWith(`${state} `)).toBe(true)
    expect(text).toContain(wanted)
    expect(text).not.toContain("verified")
  })

  it("shows annotations of authenticated content alone", () => {
    expect(renderReport(untrusted, plainStyle, Infinity)).not.toContain("signed  ")
  })

  it("counts what an index contains", () => {
    const children = [artifact({}), artifact({ state: "unsigned" })]
    expect(renderReport(resultOf(artifact({ children }), []), plainStyle, Infinity)).toContain(
      "2 manifests, 1 verified",
    )
  })
})

describe("renderExplanation", () => {
  it("shows places, signatures, checks and the decision", () => {
    const text = renderExplanation(resultOf(artifact({}), [verifiedSignature]), plainStyle, Infinity)
    for (const part of [
      "answer    verified",
      "signature tag  registry.example/app: 1 found",
      "signature 1 of 1: cosign-v2, verified",
      "  passed   signature.cryptographic",
      "           expected  SHA256:AAAA",
      "  skipped  log.entry",
      "decision  allow by rule flags",
    ]) {
      expect(text).toContain(part)
    }
  })

  it("shows a refused signature with observed and expected, and no advice that leads back here", () => {
    const text = renderExplanation(untrusted, plainStyle, Infinity)
    expect(text).toContain("  failed   signature.cryptographic [E_SIG_UNTRUSTED]")
    expect(text).toContain("decision  deny by rule flags [E_SIG_UNTRUSTED]")
    expect(text).toContain("claims (not verified)")
    expect(text).toContain("  hint: ask the signer for the key")
    expect(text).not.toContain("countersign explain")
  })

  it("says that there is nothing, and that a place could not be read", () => {
    expect(renderExplanation(unsigned, plainStyle, Infinity)).toContain("no signature documents found")
    expect(renderExplanation(unknown, plainStyle, Infinity)).toContain("failed: registry.example did not answer")
  })

  it("adv: CVE-2025-32019 claims and observations cannot control the terminal or fake a verdict", () => {
    for (const width of [Infinity, 60]) {
      const text = renderExplanation(untrusted, plainStyle, width)
      expect(text).not.toMatch(new RegExp("[\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f]"))
      expect(text.split("\n").filter((line) => /^verified/.test(line))).toEqual([])
    }
  })

  it("stays within the width but for words that must be copied whole", () => {
    for (const line of renderExplanation(untrusted, plainStyle, 80).split("\n")) {
      const longestWord = Math.max(
        ...line
          .trim()
          .split(" ")
          .map((word) => word.length),
      )
      expect(line.length <= 80 || longestWord > 50, line).toBe(true)
    }
  })
})

describe("reportDocument", () => {
  it.each([
    ["verified", resultOf(artifact({}), [verifiedSignature]), null],
    ["unsigned", unsigned, "E_SIG_NONE"],
    ["untrusted", untrusted, "E_SIG_UNTRUSTED"],
    ["unknown", unknown, "E_NET_TIMEOUT"],
  ])("has one shape for %s", (state, result, code) => {
    const document = JSON.parse(writeJson(reportDocument(result))) as {
      artifacts: { state: string; error: { code: string } | null }[]
    }
    expect(Object.keys(document)).toEqual(["apiVersion", "kind", "artifacts"])
    expect(document).toMatchObject({ apiVersion: "countersign.dev/v1", kind: "VerificationReport" })
    const [entry] = document.artifacts
    expect(Object.keys(entry ?? {})).toEqual([
      "artifact",
      "subject",
      "state",
      "decision",
      "signatures",
      "stores",
      "children",
      "error",
    ])
    expect(entry?.state).toBe(state)
    expect(entry?.error?.code ?? null).toBe(code)
  })

  it("keeps the digits of large integers in claims", () => {
    expect(writeJson(reportDocument(untrusted))).toContain('"big": 18446744073709551615')
  })
})
