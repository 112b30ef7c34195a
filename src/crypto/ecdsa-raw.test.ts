import { generateKeyPairSync, sign, verify } from "node:crypto"
import { describe, expect, it } from "vitest"
import { derEcdsaSignature, rawEcdsaSignature } from "./ecdsa-raw.ts"

const message = new TextEncoder().encode("message")

describe.each([
  ["P-256", 64, "sha256"],
  ["P-384", 96, "sha384"],
  ["P-521", 132, "sha512"],
] as const)("ECDSA on %s", (namedCurve, bytes, hash) => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve })

  it("OpenSSL verifies both forms of what it signed in the other", () => {
    for (let round = 0; round < 20; round++) {
      const der = new Uint8Array(sign(hash, message, privateKey))
      const raw = rawEcdsaSignature(der, bytes)
      expect(raw).toHaveLength(bytes)
      expect(verify(hash, message, { key: publicKey, dsaEncoding: "ieee-p1363" }, raw!)).toBe(true)
      const p1363 = new Uint8Array(sign(hash, message, { key: privateKey, dsaEncoding: "ieee-p1363" }))
      expect(verify(hash, message, publicKey, derEcdsaSignature(p1363, bytes)!)).toBe(true)
    }
  })

  it("refuses other widths, zeros and what is no signature", () => {
    const der = new Uint8Array(sign(hash, message, privateKey))
    const raw = rawEcdsaSignature(der, bytes)!
    expect(derEcdsaSignature(raw.subarray(1), bytes)).toBeUndefined()
    expect(derEcdsaSignature(Uint8Array.of(0, ...raw), bytes)).toBeUndefined()
    expect(derEcdsaSignature(new Uint8Array(bytes), bytes)).toBeUndefined()
    expect(derEcdsaSignature(raw.fill(0, 0, bytes / 2), bytes)).toBeUndefined()
    expect(rawEcdsaSignature(der.subarray(1), bytes)).toBeUndefined()
    expect(rawEcdsaSignature(Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 0), bytes)).toBeUndefined()
    if (bytes > 64) expect(rawEcdsaSignature(der, 64)).toBeUndefined()
  })
})
