import { X509Certificate } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { parseCertificate } from "./parse-certificate.ts"

const FOLDER = new URL("../../../../shared/vectors/notation/x509/testdata/", import.meta.url)
const present = existsSync(FOLDER)
if (!present) console.warn("skipped: vectors notation/x509 are absent")

describe("parseCertificate", () => {
  it.skipIf(!present).each([
    ["der.der", "rsa 2048", "SHA256-RSA"],
    ["pem.crt", "rsa 2048", "SHA256-RSA"],
    ["openssl-minimum-self-signed.pem", "rsa 4096", "SHA256-RSA"],
    ["timestamp_leaf.crt", "rsa 4096", "SHA256-RSA"],
    ["timestamp_intermediate.crt", "rsa 4096", "SHA256-RSA"],
    ["timestamp_root.crt", "rsa 4096", "SHA384-RSA"],
  ])("agrees with Node about %s", (file, key, algorithm) => {
    const node = new X509Certificate(readFileSync(new URL(file, FOLDER)))
    const ours = parseCertificate(node.raw)
    expect(ours.thumbprint).toBe(node.fingerprint256.replaceAll(":", "").toLowerCase())
    expect(ours.serial).toBe(BigInt(`0x${node.serialNumber}`))
    expect(ours.notBefore).toBe(node.validFromDate.getTime())
    expect(ours.notAfter).toBe(node.validToDate.getTime())
    expect(ours.basicConstraints?.ca ?? false).toBe(node.ca)
    expect(ours.spki).toEqual(new Uint8Array(node.publicKey.export({ format: "der", type: "spki" })))
    expect([ours.keyDescription, ours.signatureName]).toEqual([key, algorithm])
    expect(parseCertificate(node.raw)).toBe(ours)
  })
})
