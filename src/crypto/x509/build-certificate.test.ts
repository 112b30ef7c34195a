import { X509Certificate } from "node:crypto"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { SignatureScheme, SigningKey } from "../../core/ports.ts"
import { generatePrivateKey } from "../generate.ts"
import { localSigningKey } from "../local-key.ts"
import { buildCertificate, type CertificateSpec } from "./build-certificate.ts"
import {
  alternativeNamesExtension,
  authorityKeyExtension,
  basicConstraintsExtension,
  crlExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
  ocspExtension,
  subjectKeyExtension,
} from "./build-extensions.ts"
import { EKU } from "./extensions.ts"
import { parseCertificate } from "./parse-certificate.ts"

const newKey = async (name: string): Promise<SigningKey> => localSigningKey(await generatePrivateKey(name))

function specOf(key: SigningKey, more: Partial<CertificateSpec> = {}): CertificateSpec {
  const name = [
    ["C", "US"],
    ["O", "Nötary, Inc."],
    ["CN", "test"],
  ] as const
  return {
    subject: name,
    issuer: name,
    serial: 0xf00dn,
    notBefore: Date.UTC(2026, 0, 1),
    notAfter: Date.UTC(2051, 1, 28, 23, 59, 59),
    publicKey: key.publicKey.spki,
    extensions: [],
    signWith: key,
    scheme: { scheme: "ecdsa", hash: "sha256" },
    ...more,
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

describe("buildCertificate", () => {
  it.each<[string, string, SignatureScheme]>([
    ["ecdsa-p256", "ECDSA-SHA256", { scheme: "ecdsa", hash: "sha256" }],
    ["ecdsa-p384", "ECDSA-SHA384", { scheme: "ecdsa", hash: "sha384" }],
    ["ecdsa-p521", "ECDSA-SHA512", { scheme: "ecdsa", hash: "sha512" }],
    ["rsa-2048", "SHA256-RSA", { scheme: "rsa-pkcs1", hash: "sha256" }],
    ["rsa-2048", "SHA384-RSAPSS", { scheme: "rsa-pss", hash: "sha384" }],
    ["ed25519", "Ed25519", { scheme: "ed25519" }],
  ])("makes certificates that OpenSSL verifies: %s with %s", async (name, algorithm, scheme) => {
    const key = await newKey(name)
    const der = await buildCertificate(specOf(key, { scheme }))
    const node = new X509Certificate(der)
    expect(node.verify(node.publicKey)).toBe(true)
    expect(parseCertificate(der).signatureName).toBe(algorithm)
  })

  it("writes what OpenSSL reads", async () => {
    const key = await newKey("ecdsa-p256")
    const extensions = [
      basicConstraintsExtension(true, 3),
      keyUsageExtension(["keyCertSign", "cRLSign", "decipherOnly"]),
      extendedKeyUsageExtension([EKU.codeSigning, EKU.timeStamping], true),
      alternativeNamesExtension(["DNS:a.example", "email:a@b.example", "URI:https://c.example/d"]),
      ocspExtension(["http://ocsp.example/1", "http://ocsp.example/2"]),
      crlExtension(["http://crl.example/1", "http://crl.example/2"]),
      subjectKeyExtension(key.publicKey.spki),
      authorityKeyExtension(key.publicKey.spki),
    ]
    const der = await buildCertificate(specOf(key, { extensions }))
    const node = new X509Certificate(der)
    expect(node.subject).toBe("C=US\nO=Nötary\\, Inc.\nCN=test")
    expect(node.serialNumber).toBe("F00D")
    expect(node.validFromDate.toISOString()).toBe("2026-01-01T00:00:00.000Z")
    expect(node.validToDate.toISOString()).toBe("2051-02-28T23:59:59.000Z")
    expect(node.ca).toBe(true)
    expect(node.subjectAltName).toBe("DNS:a.example, email:a@b.example, URI:https://c.example/d")
    expect(node.infoAccess?.trim().split("\n")).toEqual([
      "OCSP - URI:http://ocsp.example/1",
      "OCSP - URI:http://ocsp.example/2",
    ])
    expect(node.keyUsage).toEqual([EKU.codeSigning, EKU.timeStamping])
    expect(node.checkIssued(node)).toBe(true)
    const ours = parseCertificate(der)
    expect(ours.subject.text).toBe("CN=test,O=Nötary\\, Inc.,C=US")
    expect(ours.basicConstraints).toEqual({ ca: true, pathLength: 3 })
    expect([...(ours.keyUsage ?? [])]).toEqual(["keyCertSign", "cRLSign", "decipherOnly"])
    expect(ours.alternativeNames).toEqual(["DNS:a.example", "email:a@b.example", "URI:https://c.example/d"])
    expect(ours.crlUrls).toEqual(["http://crl.example/1", "http://crl.example/2"])
    expect(ours.ocspUrls).toEqual(["http://ocsp.example/1", "http://ocsp.example/2"])
  })

  it.each<[string, string, Partial<CertificateSpec>]>([
    ["serial number 0", "E_USAGE", { serial: 0n }],
    ["negative serial number", "E_USAGE", { serial: -1n }],
    ["unknown attribute", "E_USAGE", { subject: [["XX", "a"]] }],
    ["a scheme of another key", "E_KEY_TYPE", { scheme: { scheme: "rsa-pkcs1", hash: "sha256" } }],
    ["a scheme no certificate has", "E_KEY_TYPE", { scheme: { scheme: "ed25519ph" } }],
    ["a hash no certificate has", "E_KEY_TYPE", { scheme: { scheme: "rsa-pss", hash: "sha224" } }],
    ["a key that is no DER", "E_FORMAT_MALFORMED", { publicKey: Uint8Array.of(1) }],
    ["an issuer that is no name", "E_FORMAT_MALFORMED", { issuer: Uint8Array.of(5, 0) }],
  ])("refuses %s", async (_, code, more) => {
    expect(await codeOf(buildCertificate(specOf(await newKey("ecdsa-p256"), more)))).toBe(code)
  })

  it("refuses alternative names it cannot write", () => {
    expect(() => alternativeNamesExtension(["IP:1.2.3.4"])).toThrow(ToolError)
  })
})
