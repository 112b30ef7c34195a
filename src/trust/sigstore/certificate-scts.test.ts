import { beforeAll, describe, expect, it } from "vitest"
import type { TrustedLog } from "../../core/sigstore.ts"
import type { SigningKey } from "../../core/ports.ts"
import { type KeyName, generatePrivateKey } from "../../crypto/generate.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { defaultScheme, keyDetailsOf } from "../../crypto/schemes.ts"
import { buildDetachedSct } from "../../crypto/transparency/detached-sct.ts"
import { logKeyId } from "../../crypto/transparency/note-key.ts"
import { CT_EXTENSION, precertificateTbs } from "../../crypto/transparency/precertificate.ts"
import {
  buildSctExtension,
  issuerKeyHash,
  type Sct,
  sctAlgorithm,
  type SctEntry,
  sctMessage,
} from "../../crypto/transparency/sct.ts"
import type { ExtensionSpec } from "../../crypto/x509/build-certificate.ts"
import { alternativeNamesExtension } from "../../crypto/x509/build-extensions.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { ISSUED_AT, makeCa, makeSigner, signerExtensions, type TestCa } from "../../servers/authority/signer-fixture.ts"
import type { Holder } from "../../servers/authority/timestamp-fixture.ts"
import { judgeScts, type SctQuestion } from "./certificate-scts.ts"

/** A certificate transparency log and the row that trusts it. */
interface TestLog {
  readonly key: SigningKey
  readonly row: TrustedLog
}

async function makeLog(name: KeyName = "ecdsa-p256"): Promise<TestLog> {
  const key = localSigningKey(await generatePrivateKey(name))
  const { publicKey } = key
  const row: TrustedLog = {
    baseUrl: `https://${name}.example`,
    key: publicKey,
    keyDetails: keyDetailsOf(publicKey, defaultScheme(publicKey)) ?? "",
    logId: logKeyId(publicKey),
    validFor: { start: 0 },
  }
  return { key, row }
}

async function sctOf({ key, row }: TestLog, entry: SctEntry, at = ISSUED_AT): Promise<Sct> {
  const scheme = defaultScheme(key.publicKey)
  const parts = { logId: row.logId, timestamp: BigInt(at), extensions: new Uint8Array(0) }
  const algorithm = sctAlgorithm(scheme)
  if (algorithm === undefined) throw new Error("no algorithm")
  const signature = await key.sign(sctMessage(parts, entry), scheme)
  return { ...parts, signed: { ...algorithm, signature } }
}

const names: readonly ExtensionSpec[] = [
  ...signerExtensions,
  alternativeNamesExtension(["email:user@example.com"], true),
]
let ca: TestCa
let log: TestLog
let bare: Holder

beforeAll(async () => {
  ca = await makeCa()
  log = await makeLog()
  bare = await makeSigner(ca, { extensions: names })
})

/** A certificate with SCTs of these logs inside. @param issuer - who is said to have issued it. */
async function logged(logs: readonly TestLog[], issuer = ca.intermediate, at = ISSUED_AT): Promise<Certificate> {
  const options = { serial: 7n, sameKeyAs: bare }
  const before = await makeSigner(ca, { ...options, extensions: names })
  const entry: SctEntry = {
    kind: "precert",
    issuerKeyHash: issuerKeyHash(issuer.certificate.spki),
    tbs: precertificateTbs(before.der),
  }
  const scts = await Promise.all(logs.map((item) => sctOf(item, entry, at)))
  const extension = { oid: CT_EXTENSION.sctList, critical: false, value: buildSctExtension(scts) }
  return (await makeSigner(ca, { ...options, extensions: [...names, extension] })).certificate
}

function judge(leaf: Certificate, changes: Partial<SctQuestion> = {}): string {
  const { outcome, code } = judgeScts({
    leaf,
    issuers: [ca.intermediate.certificate],
    logs: [log.row],
    form: "bundle",
    ...changes,
  })
  return code ?? outcome
}

describe("judgeScts", () => {
  it.each(["ecdsa-p256", "ecdsa-p384", "rsa-2048"] as const)("verifies an embedded SCT of %s", async (name) => {
    const own = await makeLog(name)
    const leaf = await logged([own])
    expect(judge(leaf, { logs: [own.row] })).toBe("passed")
    expect(judge(leaf, { logs: [own.row], form: "legacy" })).toBe("passed")
  })

  it("needs one trusted log of several in bundles, all of them in the legacy form", async () => {
    const stranger = await makeLog()
    const leaf = await logged([stranger, log])
    expect(judge(leaf)).toBe("passed")
    expect(judge(leaf, { form: "legacy" })).toBe("E_CERT_SCT")
    expect(judge(leaf, { form: "legacy", logs: [log.row, stranger.row] })).toBe("passed")
  })

  it.each<[string, (row: TrustedLog) => Partial<TrustedLog>, string]>([
    ["at both ends of the log's window", () => ({ validFor: { start: ISSUED_AT, end: ISSUED_AT } }), "passed"],
    ["before the log's window", () => ({ validFor: { start: ISSUED_AT + 1 } }), "E_CERT_SCT"],
    ["after the log's window", () => ({ validFor: { start: 0, end: ISSUED_AT - 1 } }), "E_CERT_SCT"],
    ["of a log with another id", () => ({ logId: new Uint8Array(32) }), "E_CERT_SCT"],
  ])("an SCT %s", async (_, change, expected) => {
    const leaf = await logged([log])
    expect(judge(leaf, { logs: [{ ...log.row, ...change(log.row) }] })).toBe(expected)
  })

  it("is not misled by a row with the id of one log and the key of another", async () => {
    const { row } = await makeLog()
    const leaf = await logged([log])
    expect(judge(leaf, { logs: [{ ...row, logId: log.row.logId }] })).toBe("E_CERT_SCT")
    // Several rows with one id, of which one fits, are as good as that one.
    expect(judge(leaf, { logs: [{ ...row, logId: log.row.logId }, log.row] })).toBe("passed")
  })

  it("refuses an SCT for another issuer, another certificate, or without issuer", async () => {
    const other = await makeCa()
    expect(judge(await logged([log], other.intermediate))).toBe("E_CERT_SCT")
    expect(judge(await logged([log]), { issuers: [other.intermediate.certificate] })).toBe("E_CERT_SCT")
    expect(judge(await logged([log]), { issuers: [] })).toBe("E_CERT_SCT")
    const leaf = await logged([log])
    const list = leaf.extensions.get(CT_EXTENSION.sctList)?.value ?? new Uint8Array(0)
    const stolen = { oid: CT_EXTENSION.sctList, critical: false, value: list }
    expect(judge((await makeSigner(ca, { extensions: [...names, stolen] })).certificate)).toBe("E_CERT_SCT")
  })

  it.each([
    ["nothing", []],
    ["an empty list", [0x04, 0x02, 0x00, 0x00]],
    ["a list that is cut", [0x04, 0x04, 0x00, 0x10, 0x00, 0x01]],
    ["no DER", [0xff, 0xff]],
  ])("refuses an SCT extension that holds %s", async (_, value) => {
    const extension = { oid: CT_EXTENSION.sctList, critical: false, value: Uint8Array.from(value) }
    const { certificate } = await makeSigner(ca, { extensions: [...names, extension] })
    expect(judge(certificate)).toBe("E_CERT_SCT")
    expect(judge(certificate, { form: "legacy" })).toBe("E_CERT_SCT")
  })

  it("says with cosign's text that there is none", () => {
    const question = { leaf: bare.certificate, issuers: [ca.intermediate.certificate], logs: [log.row] }
    expect(judgeScts({ ...question, form: "legacy" }).observed).toBe(
      "certificate does not include required embedded SCT and no detached SCT was set",
    )
    expect(judgeScts({ ...question, form: "bundle" }).observed).toBe(
      "failed to verify signed certificate timestamp: only able to verify 0 SCT entries; unable to meet threshold of 1",
    )
  })

  it("verifies a detached SCT, for this very certificate alone", async () => {
    const sct = await sctOf(log, { kind: "x509", certificate: bare.der })
    const detached = new TextEncoder().encode(buildDetachedSct(sct))
    expect(judge(bare.certificate, { detached })).toBe("passed")
    expect(judge(bare.certificate, { detached, form: "legacy" })).toBe("passed")
    expect(judge((await makeSigner(ca, { extensions: names })).certificate, { detached })).toBe("E_CERT_SCT")
    expect(judge(bare.certificate, { detached: new TextEncoder().encode("{}") })).toBe("E_CERT_SCT")
    // What lies in the certificate comes first.
    const stranger = await makeLog()
    expect(judge(await logged([stranger]), { detached })).toBe("E_CERT_SCT")
  })
})
