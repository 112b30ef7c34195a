import { describe, expect, it } from "vitest"
import type { SeenEvidence, SignatureReport } from "../../../core/report.ts"
import { evidenceFacts } from "./evidence.ts"
import { issuerText, timeText, verifiedText, witnessTexts } from "./verified.ts"

const AT = Date.parse("2026-11-20T12:00:00Z")
const EVIL = "\x1b[32mverified\x1b[0m\nverified  app\u202e"

const evidence: SeenEvidence = {
  certificate: {
    alternativeNames: ["alice@example.com"],
    issuer: "https://issuer.example",
    extensions: { sourceRepositoryUri: "https://github.com/acme/app" },
    authority: "CN=intermediate,O=acme",
    notBefore: AT,
    notAfter: AT + 600_000,
    serial: "1f",
    thumbprint: "ab".repeat(32),
  },
  logEntries: [{ log: "c0".repeat(32), logIndex: "7", kind: "hashedrekord 0.0.1", at: AT, proof: "promise" }],
  timestamps: [{ at: AT + 1, authority: "CN=clock" }],
}

function text(seen: SeenEvidence): string {
  return evidenceFacts(seen)
    .flatMap(([label, lines]) => [label, ...(typeof lines === "string" ? [lines] : lines)])
    .join("\n")
}

describe("evidenceFacts", () => {
  it("says certificate, entry and timestamp in words, and that they were only seen", () => {
    expect(text(evidence)).toBe(
      [
        "certificate seen",
        "identity: alice@example.com",
        "identity issuer: https://issuer.example",
        "certified by: CN=intermediate,O=acme",
        "valid: 2026-11-20T12:00:00Z to 2026-11-20T12:10:00Z",
        "serial: 1f",
        `SHA-256: ${"ab".repeat(32)}`,
        "source repository uri: https://github.com/acme/app",
        "log entry seen",
        `7 (hashedrekord 0.0.1) of log ${"c0".repeat(32)}, 2026-11-20T12:00:00Z, with promise`,
        "timestamp seen",
        "2026-11-20T12:00:00.001Z, authority certified by CN=clock",
      ].join("\n"),
    )
  })

  it("says what is not there", () => {
    const bare: SeenEvidence = {
      logEntries: [{ log: "", logIndex: "0", kind: "", proof: "none" }],
      timestamps: [{ authority: "" }],
    }
    expect(text(bare)).toContain("0 of log , no time, nothing that proves it")
    expect(text(bare)).toContain("unreadable")
    expect(evidenceFacts(undefined)).toEqual([])
    expect(evidenceFacts({ logEntries: [], timestamps: [] })).toEqual([])
  })

  it("writes nothing that steers a terminal", () => {
    const { certificate } = evidence
    if (certificate === undefined) throw new Error("no certificate")
    const hostile: SeenEvidence = {
      certificate: {
        ...certificate,
        alternativeNames: [EVIL],
        issuer: EVIL,
        authority: EVIL,
        extensions: { buildTrigger: EVIL },
      },
      logEntries: [{ log: "00", logIndex: "1", kind: EVIL, proof: "none" }],
      timestamps: [{ at: AT, authority: EVIL }],
    }
    for (const line of text(hostile).split("\n")) expect(line).not.toMatch(/[\x00-\x1f\x7f\u202e]|^verified {2}/)
  })
})

describe("a verified identity", () => {
  const report = {
    format: "cosign-v3",
    kind: "signature",
    location: { store: "file", where: "", reference: "" },
    signer: {
      kind: "keyless",
      fingerprint: "OIDC:https://issuer.example alice@example.com",
      name: "alice@example.com",
      issuer: "https://issuer.example",
      alternativeNames: ["alice@example.com"],
      extensions: {},
      authority: "https://fulcio.example",
      serial: "1f",
      thumbprint: "ab",
    },
    time: { at: AT, source: "log", verified: true },
    witnesses: [
      { kind: "log", log: "https://rekor.example", logIndex: "7", at: AT, proof: "promise and inclusion" },
      { kind: "log", log: "https://rekor2.example", logIndex: "8", proof: "inclusion" },
      { kind: "timestamp", authority: "https://clock.example", at: AT },
    ],
  } as unknown as SignatureReport
  const signature = { report, content: { kind: "message", digestAlgorithm: "sha256", digest: "00" } } as const

  it("is named with its issuer, its time and who vouches for it", () => {
    expect(verifiedText(signature)).toBe("cosign-v3, signed by alice@example.com, file")
    expect(verifiedText(signature, 2)).toBe("2 signatures by alice@example.com: cosign-v3, file")
    expect(issuerText(report)).toBe("https://issuer.example")
    expect(timeText(report)).toBe("2026-11-20T12:00:00Z, by the transparency log")
    expect(witnessTexts(report)).toEqual([
      "https://rekor.example entry 7, 2026-11-20T12:00:00Z (promise and inclusion)",
      "https://rekor2.example entry 8 (inclusion)",
      "https://clock.example, 2026-11-20T12:00:00Z (timestamp)",
    ])
  })

  it.each([
    ["timestamp", true, "by a trusted timestamp"],
    ["log", true, "by the transparency log"],
    ["claimed", true, "by the signing authority"],
    ["claimed", false, "as the signer claims"],
    ["caller", false, "judged at the time of this verification"],
    ["caller", true, "judged at the time of this verification"],
  ] as const)("at a time of the %s (verified: %s)", (source, verified, words) => {
    expect(timeText({ time: { at: AT, source, verified } })).toBe(`2026-11-20T12:00:00Z, ${words}`)
  })
})
