import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { beforeAll, describe, expect, it } from "vitest"
import type { Candidate } from "../../../src/core/candidate.ts"
import type { PublicKey } from "../../../src/core/ports.ts"
import type { IdentityRule, LogEntry, SigstoreEvidence, TrustedRoot } from "../../../src/core/sigstore.ts"
import { digestOf } from "../../../src/crypto/hash.ts"
import { generatePrivateKey } from "../../../src/crypto/generate.ts"
import { localSigningKey } from "../../../src/crypto/local-key.ts"
import { loadPrehash } from "../../../src/crypto/prehash.ts"
import { publicKeyFromSpki } from "../../../src/crypto/public-key.ts"
import { parseCertificate } from "../../../src/crypto/x509/parse-certificate.ts"
import { buildCertificate, type ExtensionSpec } from "../../../src/crypto/x509/build-certificate.ts"
import { alternativeNamesExtension } from "../../../src/crypto/x509/build-extensions.ts"
import { parseTrustedRoot } from "../../../src/envelopes/trusted-root/trusted-root.ts"
import {
  generalName,
  namesExtension,
  rawExtension,
  signerExtensions,
  textExtension,
} from "../../../src/servers/authority/signer-fixture.ts"
import { blobFormats } from "../../../src/formats/index.ts"
import {
  evaluateSigstore,
  type SigstoreJudgement,
  type SigstoreQuestion,
} from "../../../src/trust/sigstore/evaluate.ts"
import { MOCK_ISSUER, MOCK_SUBJECT, type MockInstance, mockInstance } from "./mock-instance.ts"

await loadPrehash()

type Json = Record<string, unknown>
type Evidenced = Candidate & { readonly evidence: SigstoreEvidence }

// The instance makes its root certificates now, whatever its clock says.
const SIGNED_AT = Math.floor(Date.now() / 1000) * 1000 + 60_000
const LATER = SIGNED_AT + 86_400_000
const MESSAGE = new TextEncoder().encode("a message")
const OTHER = new TextEncoder().encode("another message")

const RULE: IdentityRule = {
  subject: { kind: "exact", value: MOCK_SUBJECT },
  issuer: { kind: "exact", value: MOCK_ISSUER },
  extensions: {},
  text: MOCK_SUBJECT,
}

let instance: MockInstance
let root: TrustedRoot
let stamped: Evidenced
let plain: Evidenced

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function candidateOf(bundle: Json): Evidenced {
  const candidate = blobFormats.parseBundle(encode(bundle))
  if (candidate.evidence === undefined) throw new Error("no evidence")
  return { ...candidate, evidence: candidate.evidence }
}

beforeAll(async () => {
  instance = await mockInstance(new Date(SIGNED_AT))
  root = parseTrustedRoot(encode(instance.trustedRoot))
  stamped = candidateOf(await instance.signMessage(MESSAGE))
  plain = candidateOf(await instance.signMessage(MESSAGE, { timestamp: false }))
})

function artifactOf(bytes: Uint8Array): NonNullable<SigstoreQuestion["artifact"]> {
  return { digests: { sha256: digestOf("sha256", bytes), sha512: digestOf("sha512", bytes) }, bytes }
}

function judge(candidate: SigstoreQuestion["candidate"], changes: Partial<SigstoreQuestion> = {}): SigstoreJudgement {
  return evaluateSigstore({
    candidate,
    root,
    signer: { kind: "identities", identities: [RULE], sct: "require" },
    witnesses: { logs: 1, timestamps: 0 },
    at: LATER,
    artifact: artifactOf(MESSAGE),
    ...changes,
  })
}

/** Codes of what refuses. */
function codes({ findings }: SigstoreJudgement): readonly (string | undefined)[] {
  return findings
    .filter(({ outcome, logged }) => outcome !== "passed" && outcome !== "skipped" && logged !== true)
    .map(({ code }) => code)
}

function withEvidence(candidate: Evidenced, changes: Partial<SigstoreEvidence>): Evidenced {
  return { ...candidate, evidence: { ...candidate.evidence, ...changes } }
}

function withEntry(candidate: Evidenced, change: (entry: LogEntry) => LogEntry): Evidenced {
  return withEvidence(candidate, { entries: candidate.evidence.entries.map(change) })
}

function publicKeyOf({ material }: Evidenced): PublicKey {
  const [der] = material.kind === "certificate" ? material.certificates : []
  return parseCertificate(der!).publicKey!
}

/** Without the log's promise, so that nobody signed the time. */
function unpromised(entry: LogEntry): LogEntry {
  const { logIndex, logId, kind, version, integratedTime, canonicalizedBody, inclusionProof } = entry
  const rest = { logIndex, logId, kind, version, integratedTime, canonicalizedBody }
  return inclusionProof === undefined ? rest : { ...rest, inclusionProof }
}

/** The same signature as a layer with annotations has it. */
function legacy(candidate: Evidenced): Evidenced {
  const bare = ({ inclusionProof: _, ...entry }: LogEntry): LogEntry => ({ ...entry, kind: "", version: "" })
  const { material } = candidate
  const changed = {
    ...withEntry(candidate, bare),
    format: "cosign-v2",
    signed: { kind: "message", message: MESSAGE },
    material: material.kind === "certificate" ? { ...material, keyAllowed: true } : material,
  } as const
  return withEvidence(changed, { form: "legacy" })
}

describe("evaluateSigstore: identities", () => {
  it("verifies a bundle and says by whom, when and what vouches for it", () => {
    const judged = judge(stamped)
    expect(codes(judged)).toEqual([])
    expect(judged.signer).toMatchObject({
      kind: "keyless",
      name: MOCK_SUBJECT,
      issuer: MOCK_ISSUER,
      fingerprint: `OIDC:${MOCK_ISSUER} ${MOCK_SUBJECT}`,
      authority: "https://fulcio.example",
      alternativeNames: [MOCK_SUBJECT],
    })
    expect(judged.time).toEqual({ at: SIGNED_AT, source: "log", verified: true })
    expect(judged.witnesses).toMatchObject([
      { kind: "log", log: "https://rekor.example", at: SIGNED_AT, proof: "promise and inclusion" },
      { kind: "timestamp", authority: "https://tsa.example", at: SIGNED_AT },
    ])
    expect(judged.findings.map(({ check }) => check)).toEqual([
      "log.entry",
      "timestamp",
      "certificate.chain",
      "certificate.trusted",
      "certificate.sct",
      "signature.cryptographic",
      "signer.identity",
    ])
  })

  it("verifies the legacy form, in its own order", () => {
    const judged = judge(legacy(stamped))
    expect(codes(judged)).toEqual([])
    expect(judged.witnesses[0]).toMatchObject({ proof: "promise" })
    expect(judged.findings.map(({ check }) => check)).toEqual([
      "timestamp",
      "log.entry",
      "certificate.chain",
      "certificate.trusted",
      "signer.identity",
      "certificate.sct",
      "signature.cryptographic",
    ])
  })

  it("names the signer although it is another one than wanted", () => {
    const stranger: IdentityRule = { ...RULE, subject: { kind: "exact", value: "x" } }
    const judged = judge(stamped, { signer: { kind: "identities", identities: [stranger], sct: "require" } })
    expect(codes(judged)).toEqual(["E_CERT_IDENTITY"])
    expect(judged.signer?.name).toBe(MOCK_SUBJECT)
  })

  it.each<[string, Partial<SigstoreQuestion>, string]>([
    ["another artifact", { artifact: artifactOf(OTHER) }, "E_SIG_INVALID"],
    ["two logs wanted", { witnesses: { logs: 2, timestamps: 0 } }, "E_SIG_THRESHOLD"],
    ["two timestamps wanted", { witnesses: { logs: 1, timestamps: 2 } }, "E_SIG_THRESHOLD"],
  ])("refuses with %s, and names no signer", (_, changes, code) => {
    for (const candidate of [
      stamped,
      withEvidence(stamped, { timestamps: [...stamped.evidence.timestamps, ...stamped.evidence.timestamps] }),
    ]) {
      const judged = judge(candidate, changes)
      expect(codes(judged)).toContain(code)
      expect(judged.signer).toBeUndefined()
    }
  })

  it.each<[string, (trusted: TrustedRoot) => Partial<TrustedRoot>, string]>([
    ["no log", () => ({ tlogs: [] }), "E_TLOG_KEY_UNKNOWN"],
    ["no certificate authority", () => ({ certificateAuthorities: [] }), "E_CERT_UNTRUSTED"],
    ["no certificate transparency log", () => ({ ctlogs: [] }), "E_CERT_SCT"],
    [
      "a certificate authority that is no longer trusted",
      ({ certificateAuthorities: [ca] }) => ({
        certificateAuthorities: [{ ...ca!, validFor: { start: 0, end: SIGNED_AT - 1 } }],
      }),
      "E_CERT_UNTRUSTED",
    ],
    [
      "a log whose key was not valid then",
      ({ tlogs: [log] }) => ({ tlogs: [{ ...log!, validFor: { start: SIGNED_AT + 1 } }] }),
      "E_TLOG_KEY_UNKNOWN",
    ],
    [
      "a certificate transparency log that was not trusted then",
      ({ ctlogs: [log] }) => ({ ctlogs: [{ ...log!, validFor: { start: SIGNED_AT + 1000 } }] }),
      "E_CERT_SCT",
    ],
    [
      "the keys of the two logs exchanged",
      ({ tlogs: [log], ctlogs: [ct] }) => ({ tlogs: [{ ...log!, key: ct!.key }], ctlogs: [{ ...ct!, key: log!.key }] }),
      "E_CERT_SCT",
    ],
  ])("refuses with a root that has %s", (_, change, code) => {
    const changed = { ...root, ...change(root) }
    for (const candidate of [plain, legacy(plain)]) {
      const found = codes(judge(candidate, { root: changed }))
      const either = code === "E_TLOG_KEY_UNKNOWN" ? [code, "E_TLOG_PROOF"] : [code]
      expect(found.some((item) => either.includes(item ?? ""))).toBe(true)
    }
  })

  it("needs no SCT where none is asked for", () => {
    const signer = { kind: "identities", identities: [RULE], sct: "ignore" } as const
    expect(codes(judge(stamped, { root: { ...root, ctlogs: [] }, signer }))).toEqual([])
  })

  it("adv: sigstore/cosign #5012 refuses to judge without an identity", () => {
    expect(() => judge(stamped, { signer: { kind: "identities", identities: [], sct: "require" } })).toThrow(
      expect.objectContaining({ code: "E_TRUST_MISSING" }) as Error,
    )
    expect(() => judge(stamped, { signer: { kind: "keys", keys: [] } })).toThrow(
      expect.objectContaining({ code: "E_TRUST_MISSING" }) as Error,
    )
  })
})

describe("evaluateSigstore: times", () => {
  it.each([
    ["as it stands", SIGNED_AT / 1000],
    ["of nothing", 0],
    ["far in the future", 4_102_444_800],
  ])("adv: sigstore-js #1659 believes no time %s that no promise signs", (_, seconds) => {
    const entry = (old: LogEntry): LogEntry => ({ ...unpromised(old), integratedTime: BigInt(seconds) })
    expect(codes(judge(withEntry(plain, entry)))).toEqual(["E_TIME_MISSING"])
    // With a timestamp there is a time, and the log's word does not count.
    expect(judge(withEntry(stamped, entry)).time?.source).toBe("timestamp")
  })

  it("adv: sigstore/cosign #4881 says what is wrong when timestamps are needed and none holds", () => {
    const needed = { witnesses: { logs: 1, timestamps: 1 } }
    expect(codes(judge(plain, needed))).toEqual(["E_TIME_MISSING"])
    expect(codes(judge(legacy(plain), needed))).toEqual(["E_TIME_MISSING"])
    const untrusted = { ...root, timestampAuthorities: [] }
    expect(codes(judge(stamped, { ...needed, root: untrusted }))).toEqual(["E_TSA_UNTRUSTED"])
    const foreign = withEvidence(stamped, { timestamps: [new Uint8Array([0x30, 0])] })
    expect(codes(judge(foreign, needed))).toEqual(["E_TSA_INVALID"])
  })

  it("takes timestamps alone for times where they alone are to count", () => {
    const only = { witnesses: { logs: 1, timestamps: 0, times: "timestamps" } } as const
    expect(codes(judge(stamped, only))).toEqual([])
    expect(codes(judge(plain, only))).toEqual(["E_TIME_MISSING"])
  })

  it("tells of a timestamp that does not hold, and goes on with the log's time", () => {
    const judged = judge(withEvidence(stamped, { timestamps: [new Uint8Array([0x30, 0])] }))
    expect(codes(judged)).toEqual([])
    expect(judged.findings).toContainEqual(
      expect.objectContaining({ check: "timestamp", outcome: "failed", logged: true }),
    )
  })

  it("judges the certificate at the time of verification only where no witness is asked for", () => {
    const nobody = { witnesses: { logs: 0, timestamps: 0 } }
    expect(codes(judge(plain, { ...nobody, at: SIGNED_AT + 1000 }))).toEqual([])
    expect(judge(plain, { ...nobody, at: SIGNED_AT + 1000 }).time).toMatchObject({ source: "caller", verified: false })
    expect(codes(judge(plain, { ...nobody, at: LATER }))).toEqual(["E_TIME_MISSING"])
    expect(codes(judge(plain, { ...nobody, at: SIGNED_AT - 1000 }))).toEqual(["E_CERT_NOT_YET_VALID"])
    // A timestamp is a time, asked for or not.
    expect(codes(judge(stamped, { ...nobody, at: LATER }))).toEqual([])
    expect(judge(legacy(plain), { ...nobody, at: LATER }).findings).toContainEqual(
      expect.objectContaining({ observed: "expected a signed timestamp to verify an expired certificate" }),
    )
  })

  it("every time that is vouched for counts: one outside the certificate's validity refuses the signature", async () => {
    const late = await mockInstance(new Date(SIGNED_AT + 3_600_000))
    const lateRoot = parseTrustedRoot(encode(late.trustedRoot))
    const mixed: TrustedRoot = {
      ...lateRoot,
      timestampAuthorities: root.timestampAuthorities,
      certificateAuthorities: lateRoot.certificateAuthorities,
    }
    const signature = candidateOf(await late.signMessage(MESSAGE, { timestamp: false }))
    const early = withEvidence(signature, {
      timestamps: stamped.evidence.timestamps,
      stamped: stamped.evidence.stamped,
    })
    expect(codes(judge(signature, { root: mixed }))).toEqual([])
    expect(codes(judge(early, { root: mixed }))).toEqual(["E_CERT_NOT_YET_VALID"])
  })

  it("adv: GHSA-wqqc-jjcq-vfxm counts no entry of a log that was retired when the signature was stamped", () => {
    const [log] = root.tlogs
    const retired = { ...root, tlogs: [{ ...log!, validFor: { start: 0, end: SIGNED_AT - 1000 } }] }
    expect(codes(judge(withEntry(stamped, unpromised), { root: retired }))).toEqual(["E_TLOG_KEY_UNKNOWN"])
    expect(codes(judge(withEntry(stamped, unpromised)))).toEqual([])
  })

  it.each([
    ["a timestamp says when", () => stamped],
    ["nothing says when", () => plain],
  ])("adv: GHSA-wqqc-jjcq-vfxm nor for who trusts a key alone, where %s", (_case, given) => {
    const [log] = root.tlogs
    const key = publicKeyOf(given())
    const keyed = withEntry({ ...given(), material: { kind: "key" } }, unpromised)
    const by = (end?: number): readonly (string | undefined)[] => {
      const tlogs = [{ ...log!, validFor: end === undefined ? { start: 0 } : { start: 0, end } }]
      return codes(judge(keyed, { root: { ...root, tlogs }, signer: { kind: "keys", keys: [{ name: "k", key }] } }))
    }
    expect(by()).toEqual([])
    expect(by(SIGNED_AT - 1000)).toEqual(["E_TLOG_KEY_UNKNOWN"])
    expect(by(SIGNED_AT)).toEqual(given() === stamped ? [] : ["E_TLOG_KEY_UNKNOWN"])
    expect(by(LATER)).toEqual([])
  })
})

describe("evaluateSigstore: what belongs together", () => {
  it("adv: GHSA-ccxc-vr6p-4858 refuses the entry of another signature", async () => {
    const other = candidateOf(await instance.signMessage(OTHER, { timestamp: false }))
    for (const form of [(item: Evidenced) => item, legacy]) {
      const mixed = withEvidence(form(plain), { entries: form(other).evidence.entries })
      expect(codes(judge(mixed))[0]).toBe("E_TLOG_ENTRY_MISMATCH")
    }
  })

  it("adv: GHSA-8gw7-4j42-w388 refuses a signature and a certificate that the entry is not about", async () => {
    const other = candidateOf(await instance.signMessage(MESSAGE, { timestamp: false }))
    expect(codes(judge({ ...plain, signatures: other.signatures }))).toContain("E_TLOG_ENTRY_MISMATCH")
    expect(codes(judge({ ...plain, signatures: [{ bytes: new Uint8Array(70) }] }))).toContain("E_SIG_INVALID")
    const certified = judge({ ...plain, material: other.material })
    expect(codes(certified)).toContain("E_TLOG_ENTRY_MISMATCH")
    const [given] = other.material.kind === "certificate" ? other.material.certificates : []
    expect(codes(judge(plain, { certificate: given! }))).toEqual(["E_CERT_IDENTITY"])
    const [own] = plain.material.kind === "certificate" ? plain.material.certificates : []
    expect(codes(judge(plain, { certificate: own! }))).toEqual([])
    expect(codes(judge({ ...plain, material: { kind: "key" } }, { certificate: own! }))).toEqual([])
  })

  it("adv: sigstore-js #1702 refuses an entry that comes twice", () => {
    const twice = withEvidence(stamped, { entries: [...stamped.evidence.entries, ...stamped.evidence.entries] })
    for (const logs of [1, 2]) {
      expect(codes(judge(twice, { witnesses: { logs, timestamps: 0 } }))[0]).toBe("E_TLOG_ENTRY_MISMATCH")
    }
  })

  it("adv: GHSA-9vcr-p3rj-q5q6 counts two rows of one key as one log", () => {
    const [log] = root.tlogs
    const rows = { ...root, tlogs: [log!, { ...log!, baseUrl: "https://alias.example", logId: Uint8Array.of(1) }] }
    const [entry] = stamped.evidence.entries
    const doubled = withEvidence(stamped, { entries: [entry!, { ...entry!, logId: Uint8Array.of(1) }] })
    const judged = judge(doubled, { root: rows, witnesses: { logs: 2, timestamps: 0 } })
    expect(codes(judged).length).toBeGreaterThan(0)
    expect(judged.signer).toBeUndefined()
  })

  it("adv: GHSA-cq38-jh5f-37mq looks at no more than 32 entries and timestamps", () => {
    const [entry] = stamped.evidence.entries
    const [stamp] = stamped.evidence.timestamps
    const entries = Array.from({ length: 33 }, (_, index) => ({ ...entry!, logIndex: BigInt(index) }))
    expect(codes(judge(withEvidence(stamped, { entries })))).toEqual(["E_LIMIT_EXCEEDED"])
    const timestamps = Array<Uint8Array>(33).fill(stamp!)
    expect(codes(judge(withEvidence(stamped, { timestamps })))).toEqual(["E_LIMIT_EXCEEDED"])
    expect(codes(judge(withEvidence(stamped, { timestamps: timestamps.slice(1) })))).toEqual([])
  })

  it("refuses evidence without certificate, or with one that cannot be read", () => {
    expect(codes(judge({ ...plain, material: { kind: "key", hint: "x" } }))).toEqual(["E_SIG_UNTRUSTED"])
    const junk = { kind: "certificate", certificates: [Uint8Array.of(0x30, 0)], keyAllowed: false } as const
    expect(codes(judge({ ...plain, material: junk }))).toEqual(["E_CERT_CHAIN"])
    const { format, material, signed, signatures } = plain
    expect(codes(judge({ format, material, signed, signatures }))).toContain("E_TLOG_MISSING")
  })
})

describe("evaluateSigstore: certificates", () => {
  const certify = async (extensions: readonly ExtensionSpec[]): Promise<Uint8Array> => {
    const key = localSigningKey(await generatePrivateKey("ecdsa-p256"))
    return buildCertificate({
      subject: [["CN", MOCK_SUBJECT]],
      issuer: [["CN", "somebody"]],
      serial: 1n,
      notBefore: SIGNED_AT,
      notAfter: SIGNED_AT + 600_000,
      publicKey: key.publicKey.spki,
      extensions: [...signerExtensions, ...extensions],
      signWith: key,
      scheme: { scheme: "ecdsa", hash: "sha256" },
    })
  }
  const withCertificate = (der: Uint8Array): Evidenced => ({
    ...plain,
    material: { kind: "certificate", certificates: [der], keyAllowed: false },
  })

  it.each<[string, readonly ExtensionSpec[]]>([
    ["two issuers", [rawExtension(1, MOCK_ISSUER), rawExtension(1, "https://other.example")]],
    ["two new issuers", [textExtension(8, MOCK_ISSUER), textExtension(8, MOCK_ISSUER)]],
    ["two sets of names", [alternativeNamesExtension(["email:a@b.c"]), alternativeNamesExtension(["email:d@e.f"])]],
    ["a name beyond ASCII", [namesExtension(generalName(1, "é@example.com"))]],
  ])("adv: sigstore-js policy extension compare refuses %s", async (_, extensions) => {
    for (const form of [(item: Evidenced) => item, legacy]) {
      expect(codes(judge(form(withCertificate(await certify(extensions)))))).toEqual(["E_CERT_IDENTITY"])
    }
  })

  it("adv: Wycheproof-like: CN fallback takes no common name for an identity", async () => {
    const der = await certify([textExtension(8, MOCK_ISSUER)])
    for (const form of [(item: Evidenced) => item, legacy]) {
      const { findings } = judge(form(withCertificate(der)))
      expect(findings).toContainEqual(expect.objectContaining({ check: "signer.identity", code: "E_CERT_IDENTITY" }))
    }
  })

  it("adv: CVE-2026-27138 takes no changed certificate for good, and stumbles over none", () => {
    const [der] = plain.material.kind === "certificate" ? plain.material.certificates : []
    for (let at = 0; at < der!.length; at++) {
      const judged = judge(withCertificate(der!.with(at, (der![at] ?? 0) ^ 0x41)))
      expect(judged.signer).toBeUndefined()
      expect(codes(judged)).not.toContain("E_INTERNAL")
    }
  })
})

describe("evaluateSigstore: keys", () => {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const key = publicKeyFromSpki(new Uint8Array(pair.publicKey.export({ format: "der", type: "spki" })))
  const signature = new Uint8Array(sign("sha256", MESSAGE, pair.privateKey))
  const keys = { kind: "keys", keys: [{ name: "cosign.pub", key }] } as const
  const keyed: SigstoreQuestion["candidate"] = {
    format: "cosign-v3",
    material: { kind: "key", hint: createHash("sha256").update(key.spki).digest("base64") },
    signed: { kind: "artifact" },
    signatures: [{ bytes: signature }],
  }

  it("needs nothing but the key where no witness is asked for", () => {
    const nothing: TrustedRoot = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] }
    const judged = judge(keyed, { root: nothing, signer: keys, witnesses: { logs: 0, timestamps: 0 } })
    expect(codes(judged)).toEqual([])
    expect(judged.signer).toMatchObject({ kind: "key", name: "cosign.pub" })
  })

  it("needs the witnesses that are asked for", () => {
    expect(codes(judge(keyed, { signer: keys }))).toEqual(["E_TLOG_MISSING"])
    expect(codes(judge(keyed, { signer: keys, witnesses: { logs: 0, timestamps: 1 } }))).toEqual(["E_TIME_MISSING"])
  })

  it("adv: sigstore/cosign d104fc40 compares the entry where there is no certificate", () => {
    const foreign = { ...keyed, evidence: { ...plain.evidence, stamped: signature } }
    for (const form of ["bundle", "legacy"] as const) {
      const judged = judge({ ...foreign, evidence: { ...foreign.evidence, form } }, { signer: keys })
      expect(codes(judged)).toContain("E_TLOG_ENTRY_MISMATCH")
    }
  })

  it("refuses a bundle that was made with a certificate", () => {
    expect(judge(plain, { signer: keys }).findings).toContainEqual(
      expect.objectContaining({ observed: "expected key signature, not certificate", code: "E_SIG_UNTRUSTED" }),
    )
  })
})
