import { describe, expect, it } from "vitest"
import type { Candidate } from "../core/candidate.ts"
import type { LogEntry } from "../core/sigstore.ts"
import { holdsEvidence } from "./holds-evidence.ts"
import { seenEvidence } from "./seen-evidence.ts"

const junk = new Uint8Array([0x30, 0x80, 1, 2, 3])
const entry: LogEntry = {
  logIndex: 2n ** 63n - 1n,
  logId: new Uint8Array([0xab]),
  kind: "k".repeat(5000),
  version: "",
  integratedTime: 2n ** 63n - 1n,
  canonicalizedBody: junk,
}

function beside(change: Partial<NonNullable<Candidate["evidence"]>>): NonNullable<Candidate["evidence"]> {
  return { form: "bundle", entries: [], timestamps: [], stamped: junk, ...change }
}

describe("seenEvidence", () => {
  it.each<[string, Uint8Array]>([
    ["junk", junk],
    ["nothing", new Uint8Array(0)],
    ["text", new TextEncoder().encode("-----BEGIN CERTIFICATE-----")],
  ])("leaves out what cannot be read: %s", (_case, bytes) => {
    const material = { kind: "certificate", certificates: [bytes], keyAllowed: true } as const
    const seen = seenEvidence({ material, evidence: beside({ timestamps: [bytes] }) })
    expect(seen).toEqual({ logEntries: [], timestamps: [{ authority: "" }] })
  })

  it("shows bounded texts and no time that no calendar has", () => {
    const { logEntries } = seenEvidence({ material: { kind: "key" }, evidence: beside({ entries: [entry] }) })
    const [seen] = logEntries
    expect(seen).toMatchObject({ log: "ab", logIndex: "9223372036854775807", proof: "none" })
    expect(seen).not.toHaveProperty("at")
    expect(seen?.kind.length).toBeLessThan(2100)
  })

  it.each([
    [{}, "none"],
    [{ signedEntryTimestamp: junk }, "promise"],
    [{ inclusionProof: proof() }, "inclusion"],
    [{ signedEntryTimestamp: junk, inclusionProof: proof() }, "promise and inclusion"],
  ] as const)("tells what an entry brings: %#", (change, brings) => {
    const evidence = beside({ entries: [{ ...entry, ...change, integratedTime: 1n }] })
    const { logEntries } = seenEvidence({ material: { kind: "key" }, evidence })
    expect(logEntries[0]).toMatchObject({ at: 1000, proof: brings })
  })
})

describe("holdsEvidence", () => {
  it("is true for a certificate, an entry or a timestamp", () => {
    const certificate = { kind: "certificate", certificates: [], keyAllowed: false } as const
    expect(holdsEvidence({ material: certificate })).toBe(true)
    expect(holdsEvidence({ material: { kind: "key" } })).toBe(false)
    expect(holdsEvidence({ material: { kind: "key" }, evidence: beside({}) })).toBe(false)
    expect(holdsEvidence({ material: { kind: "key" }, evidence: beside({ entries: [entry] }) })).toBe(true)
    expect(holdsEvidence({ material: { kind: "key" }, evidence: beside({ timestamps: [junk] }) })).toBe(true)
  })
})

function proof(): NonNullable<LogEntry["inclusionProof"]> {
  return { logIndex: 0n, rootHash: junk, treeSize: 1n, hashes: [], checkpoint: "" }
}
