import { execFileSync, spawnSync } from "node:child_process"
import { X509Certificate } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { certificateFacts } from "./certificate-facts.ts"
import { generateTestCertificate, type TestCertificate } from "./test-certificate.ts"

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0)
const openssl = spawnSync("openssl", ["version"]).status === 0
if (!openssl) console.warn("MISSING: openssl is not on PATH; what it says of test certificates is skipped")

const app = (byte: number): Parameters<typeof generateTestCertificate>[0] => ({
  clock: { now: () => NOW + 999 },
  randomness: { bytes: (count) => new Uint8Array(count).fill(byte) },
})

describe.skipIf(!openssl)("what openssl says of a test certificate", () => {
  let folder = ""
  let pair: TestCertificate
  let text = ""
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countersign-test-"))
    pair = await generateTestCertificate(app(0xff), { name: "example.io", bits: 2048 })
    writeFileSync(join(folder, "crt"), pair.certificatePem)
    writeFileSync(join(folder, "key"), pair.keyPem)
    text = execFileSync("openssl", ["x509", "-in", join(folder, "crt"), "-noout", "-text"], { encoding: "utf8" })
  })
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it.each([
    /Version: 3 \(0x2\)/,
    /7f:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff/,
    /Signature Algorithm: sha256WithRSAEncryption/,
    /Issuer: C\s?=\s?US, ST\s?=\s?WA, L\s?=\s?Seattle, O\s?=\s?Notary, CN\s?=\s?example\.io/,
    /Subject: C\s?=\s?US, ST\s?=\s?WA, L\s?=\s?Seattle, O\s?=\s?Notary, CN\s?=\s?example\.io/,
    /Not Before: Nov 20 12:00:00 2026 GMT/,
    /Not After : Nov 21 12:00:00 2026 GMT/,
    /Public-Key: \(2048 bit\)/,
    /X509v3 Key Usage: critical\s+Digital Signature\n/,
    /X509v3 Extended Key Usage:\s+Code Signing\n/,
  ])("%s", (pattern) => {
    expect(text).toMatch(pattern)
  })

  it("it has no other extension, verifies by itself and belongs to the key", () => {
    expect(text.match(/X509v3 [A-Z]/g)).toHaveLength(2)
    const certificate = new X509Certificate(pair.certificatePem)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    const publicKey = execFileSync("openssl", ["pkey", "-in", join(folder, "key"), "-pubout"], { encoding: "utf8" })
    expect(publicKey).toBe(certificate.publicKey.export({ format: "pem", type: "spki" }))
    expect(pair.keyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
  })

  it("the facts shown are those of another reader", () => {
    const certificate = new X509Certificate(pair.certificatePem)
    expect(certificateFacts(new TextEncoder().encode(pair.certificatePem))).toEqual([
      {
        issuer: "CN=example.io,O=Notary,L=Seattle,ST=WA,C=US",
        subject: "CN=example.io,O=Notary,L=Seattle,ST=WA,C=US",
        notBefore: NOW,
        notAfter: pair.notAfter,
        ca: false,
        thumbprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
      },
    ])
  })
})

it.each([0, 512, 1024, 2047, 8192, -1])("%d bits are refused", async (bits) => {
  await expect(generateTestCertificate(app(1), { name: "n", bits })).rejects.toMatchObject({
    code: "E_KEY_TYPE",
    what: `rsa key size ${bits} bits is not supported`,
  })
})

it("a serial number is never zero", async () => {
  const { certificatePem } = await generateTestCertificate(app(0), { name: "n", bits: 2048 })
  expect(new X509Certificate(certificatePem).serialNumber).toBe("01")
})

it.each(["", "   "])("no certificate in %j", (text) => {
  const count = (): number => certificateFacts(new TextEncoder().encode(text)).length
  if (text === "") expect(count()).toBe(0)
  else expect(count).toThrow(/x509: malformed certificate/)
})
