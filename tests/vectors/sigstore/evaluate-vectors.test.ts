import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { asToolError } from "../../../src/core/errors.ts"
import type { Finding } from "../../../src/core/report.ts"
import type { IdentityRule, TrustedRoot, WitnessRule } from "../../../src/core/sigstore.ts"
import { digestOf } from "../../../src/crypto/hash.ts"
import { loadPrehash } from "../../../src/crypto/prehash.ts"
import { parsePublicKey } from "../../../src/crypto/public-key.ts"
import { parseTrustedRoot } from "../../../src/envelopes/trusted-root/trusted-root.ts"
import { blobFormats } from "../../../src/formats/index.ts"
import { evaluateSigstore, type SigstoreJudgement } from "../../../src/trust/sigstore/evaluate.ts"

await loadPrehash()

const shared = join(import.meta.dirname, "../../../../shared/vectors")
const folder = join(shared, "sigstore-bundle")
const present = existsSync(folder)
if (!present) console.warn(`skipped: no vectors in ${folder}`)

const AT = Date.UTC(2026, 10, 20)
const DEFAULT_IDENTITY =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
const DEFAULT_ISSUER = "https://token.actions.githubusercontent.com"

function read(...parts: readonly string[]): Uint8Array {
  return new Uint8Array(readFileSync(join(shared, ...parts)))
}

function text(fallback: string, ...parts: readonly string[]): string {
  return existsSync(join(shared, ...parts)) ? new TextDecoder().decode(read(...parts)).trim() : fallback
}

function rootOf(...parts: readonly string[]): TrustedRoot {
  const own = join(...parts)
  return parseTrustedRoot(
    existsSync(join(shared, own)) ? read(own) : read("trusted-roots/trusted-root-public-good.json"),
  )
}

function identity(subject: string, issuer: string): IdentityRule {
  return {
    subject: { kind: "exact", value: subject },
    issuer: { kind: "exact", value: issuer },
    extensions: {},
    text: subject,
  }
}

interface Outcome {
  readonly verified: boolean
  readonly codes: readonly string[]
  readonly findings: readonly Finding[]
  readonly judgement?: SigstoreJudgement
}

/** Codes of what refuses. */
function refusing(findings: readonly Finding[]): readonly string[] {
  return findings
    .filter(({ outcome, logged }) => (outcome === "failed" || outcome === "unknown") && logged !== true)
    .map(({ code = "none" }) => code)
}

/** Verify as the conformance suite asks for it: an entry in a log, an SCT, and the artifact. */
function verify(name: string): Outcome {
  const base = ["sigstore-bundle", name]
  const artifact = existsSync(join(shared, ...base, "artifact"))
    ? read(...base, "artifact")
    : read("sigstore-bundle/a.txt")
  const key = existsSync(join(shared, ...base, "key.pub")) ? parsePublicKey(read(...base, "key.pub")) : undefined
  try {
    const candidate = blobFormats.parseBundle(read(...base, "bundle.sigstore.json"))
    const digests = {
      sha256: digestOf("sha256", artifact),
      sha384: digestOf("sha384", artifact),
      sha512: digestOf("sha512", artifact),
    }
    const judgement = evaluateSigstore({
      candidate,
      root: rootOf(...base, "trusted_root.json"),
      signer:
        key === undefined
          ? {
              kind: "identities",
              identities: [
                identity(text(DEFAULT_IDENTITY, ...base, "identity"), text(DEFAULT_ISSUER, ...base, "issuer")),
              ],
              sct: "require",
            }
          : { kind: "keys", keys: [{ name: "key.pub", key }] },
      witnesses: { logs: 1, timestamps: 0 },
      at: AT,
      artifact: { digests, bytes: artifact },
    })
    const hex = Buffer.from(digests.sha256).toString("hex")
    const subject = { digest: `sha256:${hex}` as const }
    const bound = candidate.bind(subject, { kind: candidate.kind, annotations: {}, anyPredicate: true })
    const findings = [...judgement.findings, ...bound]
    const codes = refusing(findings)
    return { verified: codes.length === 0 && judgement.signer !== undefined, codes, findings, judgement }
  } catch (thrown) {
    const { code } = asToolError(thrown)
    return { verified: false, codes: [code], findings: [] }
  }
}

/** What refuses them, first of all; the name of a vector says what is wrong with it. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  E_FORMAT_MALFORMED: [
    "bundle-empty-certificate-chain_fail",
    "bundle-invalid-base64-signature_fail",
    "bundle-negative-log-index_fail",
    "rekor2-no-inclusion-proof_fail",
  ],
  E_CERT_CHAIN: ["bundle-with-root-cert_fail"],
  E_CERT_EXPIRED: ["integrated-time-in-future_fail", "intoto-set-outside-signing-cert-validity_fail"],
  E_CERT_SCT: ["invalid-ct-key_fail"],
  E_SIG_SUBJECT_MISMATCH: ["message-digest-mismatch_fail"],
  E_SIG_UNTRUSTED: ["managed-key-no-key_fail"],
  E_TLOG_PROOF: [
    "checkpoint-bad-keyhint_fail",
    "inclusion-proof-corrupted-hash_fail",
    "rekor2-checkpoint-missing-log-signature_fail",
    "rekor2-checkpoint-missing-root-hash_fail",
  ],
  E_TLOG_ENTRY_MISMATCH: [
    "dsse-invalid-sig_fail",
    "dsse-mismatch-sig_fail",
    "rekor2-dsse-invalid-sig_fail",
    "rekor2-dsse-mismatch-sig_fail",
    "signature-mismatch_fail",
    "wrong-hashedrekord-artifact_fail",
    "wrong-hashedrekord-entry_fail",
  ],
  E_TSA_INVALID: ["rekor2-timestamp-payload-mismatch_fail"],
  E_TSA_UNTRUSTED: [
    "rekor2-timestamp-outside-trust-root-tsa-validity_fail",
    "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail",
  ],
}
/** Whose first fault may be of either kind: the signature in the entry is cut short as well. */
const EITHER: readonly string[] = ["intoto-log-entry-mismatch_fail"]

describe("sigstore-bundle", () => {
  if (!present) {
    it.skip(`vectors are missing: ${folder}`, () => undefined)
    return
  }
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []))
  it.each(names.filter((name) => !name.endsWith("_fail")))("%s verifies", (name) => {
    const { codes, findings, verified } = verify(name)
    expect(codes, JSON.stringify(findings)).toEqual([])
    expect(verified).toBe(true)
  })
  it.each(names.filter((name) => name.endsWith("_fail")))(
    "adv: sigstore/sigstore-conformance %s is refused",
    (name) => {
      const { codes, verified, findings } = verify(name)
      expect(verified).toBe(false)
      const expected = Object.entries(REFUSED).flatMap(([code, list]) => (list.includes(name) ? [code] : []))
      const fitting = EITHER.includes(name) ? ["E_FORMAT_MALFORMED", "E_TLOG_ENTRY_MISMATCH"] : expected
      expect(fitting, JSON.stringify(findings)).toContain(codes[0])
    },
  )
})

describe("sigstore-js-bundles", () => {
  if (!present) {
    it.skip(`vectors are missing: ${folder}`, () => undefined)
    return
  }
  const names = readdirSync(join(shared, "sigstore-js-bundles")).filter((name) => name.endsWith(".sigstore"))
  const root = rootOf("sigstore-js-bundles", "none")
  const judge = (name: string, rule: IdentityRule, changes: Partial<WitnessRule> = {}): SigstoreJudgement =>
    evaluateSigstore({
      candidate: blobFormats.parseBundle(read("sigstore-js-bundles", name)),
      root,
      signer: { kind: "identities", identities: [rule], sct: "require" },
      witnesses: { logs: 1, timestamps: 0, ...changes },
      at: AT,
    })
  const anybody = identity("nobody@example.com", "https://issuer.example")

  it.each(names)("%s verifies with its own identity and nobody else's", (name) => {
    const { signer, findings } = judge(name, anybody)
    expect(refusing(findings), JSON.stringify(findings)).toEqual(["E_CERT_IDENTITY"])
    if (signer?.kind !== "keyless") throw new Error("no signer")
    const own = judge(name, identity(signer.name, signer.issuer))
    expect(refusing(own.findings)).toEqual([])
    expect(own.time?.verified).toBe(true)
    expect(own.witnesses).toHaveLength(1)
  })

  it.each(names)("%s does not verify with another root, or with more witnesses than it has", (name) => {
    const { signer } = judge(name, anybody)
    if (signer?.kind !== "keyless") throw new Error("no signer")
    const rule = identity(signer.name, signer.issuer)
    expect(refusing(judge(name, rule, { logs: 2 }).findings)).toContain("E_SIG_THRESHOLD")
    expect(refusing(judge(name, rule, { timestamps: 1 }).findings)).toContain("E_TIME_MISSING")
    expect(refusing(judge(name, rule, { times: "timestamps" }).findings)).toContain("E_TIME_MISSING")
    expect(refusing(judge(name, rule, { logs: 0 }).findings)).toContain("E_TIME_MISSING")
  })
})
