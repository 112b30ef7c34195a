import { describe, expect, it } from "vitest"
import { parsePublicKey } from "../../../src/crypto/public-key.ts"
import { parseBundle } from "../../../src/envelopes/bundle/parse-bundle.ts"
import { buildEntryBody } from "../../../src/envelopes/log-entry/build-entry-body.ts"
import { parseEntryBody } from "../../../src/envelopes/log-entry/parse-entry-body.ts"
import { judgeLogEntries, type LogQuestion } from "../../../src/trust/sigstore/log-entries.ts"
import { bundleOf, oldBundleOf, present, questionOf } from "./shared.ts"

/** What comes of the entries alone: `ok`, or the code of the finding. Faults elsewhere in the bundle are not theirs. */
const cases: readonly (readonly [folder: string, outcome: string])[] = [
  ["happy-path-v0.1", "ok"],
  ["happy-path-v0.3", "ok"],
  ["checkpoint-bad-keyhint_fail", "E_TLOG_PROOF"],
  // The envelope's signature was replaced: the entry is about another one.
  ["dsse-invalid-sig_fail", "E_TLOG_ENTRY_MISMATCH"],
  ["dsse-mismatch-sig_fail", "E_TLOG_ENTRY_MISMATCH"],
  ["inclusion-proof-corrupted-hash_fail", "E_TLOG_PROOF"],
  // The log did say this time; that the certificate was not valid then is for others to see.
  ["integrated-time-in-future_fail", "ok"],
  ["intoto-log-entry-mismatch_fail", "E_TLOG_ENTRY_MISMATCH"],
  ["intoto-set-outside-signing-cert-validity_fail", "ok"],
  ["intoto-with-custom-trust-root", "ok"],
  ["invalid-ct-key_fail", "ok"],
  ["managed-key-and-trusted-root", "ok"],
  ["message-digest-mismatch_fail", "E_TLOG_ENTRY_MISMATCH"],
  ["rekor2-checkpoint-missing-log-signature_fail", "E_TLOG_PROOF"],
  ["rekor2-checkpoint-missing-root-hash_fail", "E_TLOG_PROOF"],
  ["rekor2-checkpoint-multiple-cosigs", "ok"],
  ["rekor2-checkpoint-origin-not-first", "ok"],
  ["rekor2-checkpoint-two-sigs-from-origin", "ok"],
  ["rekor2-dsse-invalid-sig_fail", "E_TLOG_ENTRY_MISMATCH"],
  ["rekor2-dsse-mismatch-sig_fail", "E_TLOG_ENTRY_MISMATCH"],
  ["rekor2-timestamp-outside-trust-root-tsa-validity_fail", "ok"],
  ["rekor2-timestamp-payload-mismatch_fail", "ok"],
  ["rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail", "ok"],
  ["rekor2-timestamp-with-expired-cert-chain", "ok"],
  ["rekor2-timestamp-without-embedded-cert", "ok"],
  ["signature-mismatch_fail", "E_TLOG_ENTRY_MISMATCH"],
  ["trust-root-tlog-validity-end-inclusive", "ok"],
  ["wrong-hashedrekord-artifact_fail", "E_TLOG_ENTRY_MISMATCH"],
  ["wrong-hashedrekord-entry_fail", "E_TLOG_ENTRY_MISMATCH"],
]

/** A key that signed nothing here. */
const stranger = parsePublicKey(
  new TextEncoder().encode(
    "-----BEGIN PUBLIC KEY-----\n" +
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEytNUNX7IgvXAT71ptN1Qnyc5lbX/\n" +
      "fHXMCgvURilpNCCgbYFinmrMDwZ7p8HLEhBHfG8zD/Xa3mSO5H7QwRMTyQ==\n" +
      "-----END PUBLIC KEY-----\n",
  ),
)

const old = [
  "bundleV01-dsse-no-proof.sigstore",
  "bundleV01-full-cert-chain.sigstore",
  "bundleV01-intoto-with-proof.sigstore",
  "bundleV02-intoto.sigstore",
  "bundleV03-intoto.sigstore",
]

function outcomeOf(question: LogQuestion): string {
  const { findings, verified } = judgeLogEntries(question)
  const bad = findings.find(({ outcome, logged }) => outcome === "failed" && logged !== true)
  if (bad === undefined) expect([verified.length, findings.length]).not.toContain(0)
  return bad === undefined ? "ok" : (bad.code ?? "no code")
}

describe("log entries of the vectors", () => {
  if (!present) {
    it.skip("vectors are missing: sigstore-bundle, sigstore-js-bundles, trusted-roots", () => undefined)
    return
  }
  it.each(cases)("%s: %s", (folder, outcome) => {
    expect(outcomeOf(questionOf(bundleOf(folder), folder))).toBe(outcome)
  })

  it.each(old)("%s holds", (name) => {
    const question = questionOf(oldBundleOf(name))
    const { verified } = judgeLogEntries(question)
    const [entry] = question.entries
    expect(verified).toMatchObject([
      { promise: true, inclusion: entry?.inclusionProof !== undefined, at: Number(entry?.integratedTime) * 1000 },
    ])
  })

  it("has no time from version 2 logs", () => {
    const { verified } = judgeLogEntries(
      questionOf(bundleOf("rekor2-checkpoint-multiple-cosigs"), "rekor2-checkpoint-multiple-cosigs"),
    )
    expect(verified).toMatchObject([{ promise: false, inclusion: true }])
    expect(verified[0]).not.toHaveProperty("at")
  })

  const good = cases.filter(([, outcome]) => outcome === "ok").map(([folder]) => folder)
  // The entries of the other ones were made by a mock that does not break lines in PEM.
  const real = good.filter((folder) => !folder.startsWith("intoto-"))
  it.each(real)("%s: the body is written as the log wrote it", (folder) => {
    for (const { canonicalizedBody } of parseBundle(bundleOf(folder)).logEntries) {
      const body = parseEntryBody(canonicalizedBody)
      expect(new TextDecoder().decode(buildEntryBody(body))).toBe(new TextDecoder().decode(canonicalizedBody))
    }
  })

  it.each(good)("%s: nothing may be changed", (folder) => {
    const question = questionOf(bundleOf(folder), folder)
    const [entry] = question.entries
    const { signed } = question
    const flip = (bytes: Uint8Array, at = 0): Uint8Array => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))
    const proof = entry!.inclusionProof!
    const version2 = entry!.version === "0.0.2" && entry!.kind !== "intoto"
    const entries = (over: object): LogQuestion => ({ ...question, entries: [{ ...entry!, ...over }] })
    const inProof = (over: object): LogQuestion => entries({ inclusionProof: { ...proof, ...over } })
    const noPromise = { signedEntryTimestamp: undefined }
    const content: LogQuestion["signed"]["content"] =
      signed.content.kind === "envelope"
        ? { ...signed.content, payload: flip(signed.content.payload) }
        : { kind: "message", digests: { sha256: new Uint8Array(32) } }
    const changed: LogQuestion[] = [
      entries({ logId: flip(entry!.logId) }),
      entries({ kind: "rekord" }),
      entries({ version: "0.0.3" }),
      entries({ kind: "", version: "" }),
      entries({ canonicalizedBody: flip(entry!.canonicalizedBody, entry!.canonicalizedBody.length - 20) }),
      entries({ ...noPromise, inclusionProof: undefined }),
      { ...question, logs: [] },
      {
        ...question,
        logs: question.logs.map((log) => ({
          ...log,
          baseUrl: version2 ? "" : log.baseUrl,
          key: version2 ? log.key : stranger,
        })),
      },
      { ...question, required: 2 },
      { ...question, entries: [] },
      { ...question, entries: [entry!, entry!] },
      { ...question, signed: { ...signed, signature: flip(signed.signature) } },
      { ...question, signed: { ...signed, verifier: { key: stranger } } },
      { ...question, signed: { ...signed, content } },
      inProof({ checkpoint: proof.checkpoint.replace(/\n(\d)/, "\n9$1") }),
      inProof({ checkpoint: `x${proof.checkpoint}` }),
      inProof({ checkpoint: "x" }),
      // A proof for an only entry has no hashes.
      ...(proof.hashes.length === 0
        ? []
        : [
            inProof({ hashes: [flip(proof.hashes[0]!), ...proof.hashes.slice(1)] }),
            inProof({ hashes: proof.hashes.slice(1) }),
          ]),
      ...(version2
        ? [entries({ logIndex: entry!.logIndex - 1n }), inProof({ hashes: [...proof.hashes, new Uint8Array(32)] })]
        : [
            entries({ logIndex: entry!.logIndex + 1n }),
            entries({ integratedTime: entry!.integratedTime + 1n }),
            entries({ integratedTime: 0n }),
            entries({ integratedTime: 2n ** 62n }),
            entries({ signedEntryTimestamp: flip(entry!.signedEntryTimestamp!, 10) }),
            inProof({ logIndex: proof.logIndex + 1n }),
            inProof({ treeSize: proof.treeSize + 1n }),
            inProof({ rootHash: flip(proof.rootHash) }),
          ]),
    ]
    const outcomes = changed.map(outcomeOf)
    expect(outcomes.filter((outcome) => outcome === "ok" || outcome === "no code" || outcome === "E_INTERNAL")).toEqual(
      [],
    )
  })
})
