import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { encodeBase64 } from "../../../codec/base64.ts"
import { generatePrivateKey } from "../../../crypto/generate.ts"
import { localSigningKey } from "../../../crypto/local-key.ts"
import { parseDetachedSct } from "../../../crypto/transparency/detached-sct.ts"
import { precertificateTbs } from "../../../crypto/transparency/precertificate.ts"
import { issuerKeyHash, verifySct } from "../../../crypto/transparency/sct.ts"
import { parseCertificate } from "../../../crypto/x509/parse-certificate.ts"
import { createRootAuthority } from "../../authority/certificate-authority.ts"
import { loadOrMakeMaterial, type SandboxMaterial } from "../material/keys.ts"
import { createCtLog, type CtLog } from "./ct-log.ts"

const START = Date.UTC(2026, 10, 20, 12)
const clock = { now: (): number => START }
const randomness = { bytes: (count: number): Uint8Array => new Uint8Array(randomBytes(count)) }
const POISON = { oid: "1.3.6.1.4.1.11129.2.4.3", critical: true, value: Uint8Array.of(5, 0) }

let folder: string
let material: SandboxMaterial
let log: CtLog
/** DER: issued by the log's issuer, the second one as a precertificate. */
let certificate: Uint8Array
let precertificate: Uint8Array
let stranger: Uint8Array
let issuer: Uint8Array

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-ct-"))
  material = await loadOrMakeMaterial(folder, { clock, randomness })
  const authority = await createRootAuthority([["CN", "issuer"]], await key(), { clock, randomness })
  issuer = authority.certificate.raw
  log = createCtLog({ key: material.keys.ct.signer, clock, issuers: [issuer] })
  const issue = async (extensions: readonly (typeof POISON)[]): Promise<Uint8Array> =>
    (await authority.issue({ subject: [["CN", "leaf"]], publicKey: (await key()).publicKey.spki, extensions })).raw
  certificate = await issue([])
  precertificate = await issue([POISON])
  stranger = (await createRootAuthority([["CN", "issuer"]], await key(), { clock, randomness })).certificate.raw
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function key(): Promise<ReturnType<typeof localSigningKey>> {
  return localSigningKey(await generatePrivateKey())
}

const post = async (path: string, body: string): Promise<Response> => log.app.request(path, { method: "POST", body })
const chain = (...certificates: readonly Uint8Array[]): string =>
  JSON.stringify({ chain: certificates.map((der) => encodeBase64(der)) })

describe("a certificate transparency log", () => {
  it("promises certificates", async () => {
    const answer = await post("/ct/v1/add-chain", chain(certificate, issuer))
    const sct = parseDetachedSct(new Uint8Array(await answer.arrayBuffer()))
    expect(sct.timestamp).toBe(BigInt(START))
    expect(verifySct(sct, { kind: "x509", certificate }, material.keys.ct.signer.publicKey)).toBe(true)
  })

  it("promises precertificates", async () => {
    const answer = await post("/ct/v1/add-pre-chain", chain(precertificate, issuer))
    const sct = parseDetachedSct(new Uint8Array(await answer.arrayBuffer()))
    const hash = issuerKeyHash(parseCertificate(issuer).spki)
    const entry = { kind: "precert", issuerKeyHash: hash, tbs: precertificateTbs(precertificate) } as const
    expect(verifySct(sct, entry, material.keys.ct.signer.publicKey)).toBe(true)
  })

  it.each([
    ["a certificate as a precertificate", "/ct/v1/add-pre-chain", () => chain(certificate, issuer), 400],
    ["a precertificate as a certificate", "/ct/v1/add-chain", () => chain(precertificate, issuer), 400],
    ["a certificate of somebody else by the same name", "/ct/v1/add-chain", () => chain(stranger, issuer), 400],
    ["another issuer beside it", "/ct/v1/add-chain", () => chain(certificate, stranger), 400],
    ["no certificate", "/ct/v1/add-chain", () => chain(), 400],
    ["no chain", "/ct/v1/add-chain", () => "{}", 400],
    ["what is no certificate", "/ct/v1/add-chain", () => chain(Uint8Array.of(1, 2, 3)), 400],
    ["no JSON", "/ct/v1/add-chain", () => "[", 400],
    ["a member nobody knows", "/ct/v1/add-chain", () => '{"chain":[],"more":1}', 400],
    ["what is too long", "/ct/v1/add-chain", () => "x".repeat(300_000), 413],
  ])("refuses %s", async (_, path, body, status) => {
    expect((await post(path, body())).status).toBe(status)
  })

  it("says its key", async () => {
    expect(await (await log.app.request("/key")).text()).toContain("BEGIN PUBLIC KEY")
  })
})
