import { createPublicKey } from "node:crypto"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { decryptCosignKey } from "../../src/crypto/cosign-key-file.ts"
import { localSigningKey } from "../../src/crypto/local-key.ts"
import { parsePublicKey, publicKeyPem, sameKey } from "../../src/crypto/public-key.ts"
import { defaultScheme } from "../../src/crypto/schemes.ts"
import { verifySignature } from "../../src/crypto/verify.ts"

const read = (name: string): Uint8Array => readFileSync(new URL(`keys/insecure-test-${name}`, import.meta.url))
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const insecure = bytes("insecure")

describe("keys made by cosign", () => {
  it.each([
    ["cosign1", insecure, "ecdsa-p256"],
    ["cosign2", insecure, "ecdsa-p256"],
    ["cosign3", insecure, "ecdsa-p256"],
    ["cosign3-ed25519", insecure, "ed25519"],
    ["cosign3-rsa", insecure, "rsa"],
    ["cosign3-p384-empty-password", new Uint8Array(), "ecdsa-p384"],
  ])("%s opens and is the key of its public file", async (name, password, type) => {
    const key = localSigningKey(await decryptCosignKey(read(`${name}.key`), password))
    const half = parsePublicKey(read(`${name}.pub`))
    expect(half.type).toBe(type)
    expect(sameKey(key.publicKey, half)).toBe(true)
    expect(publicKeyPem(half)).toBe(new TextDecoder().decode(read(`${name}.pub`)))
    const scheme = defaultScheme(half)
    expect(verifySignature(half, scheme, insecure, await key.sign(insecure, scheme))).toBe(true)
  })

  it.each([
    ["cosign2", "MEUCIDvRFDJu1K3l/x/wosXV01K5osU42mFgEvE9wMNEXGeCAiEAnmTDTbmyGMRcdidCF8wfvVXIYbYy4fILYMlf+DIuhWM="],
    ["cosign3", "MEQCIGjWtudCaRgjuizcT7raHTkrrfuvhOdoHflNxxjEdV9cAiBp5nvj5uTfBUtz1UyZpn6MunRTKB47914z2debThWDlQ=="],
  ])("%s: a signature made by it verifies, over another text it does not", (name, signature) => {
    const key = parsePublicKey(read(`${name}.pub`))
    const raw = Uint8Array.from(atob(signature), (c) => c.charCodeAt(0))
    expect(verifySignature(key, defaultScheme(key), bytes("hi\n"), raw)).toBe(true)
    expect(verifySignature(key, defaultScheme(key), bytes("hi"), raw)).toBe(false)
    const other = parsePublicKey(read(name === "cosign2" ? "cosign3.pub" : "cosign2.pub"))
    expect(verifySignature(other, defaultScheme(other), bytes("hi\n"), raw)).toBe(false)
  })

  it.each([["cosign2"], ["cosign3"]])("%s does not open with another password", async (name) => {
    for (const password of ["wrong", "", "insecure\n", "Insecure"]) {
      await expect(decryptCosignKey(read(`${name}.key`), bytes(password))).rejects.toMatchObject({
        code: "E_KEY_PASSWORD",
        details: { cosign: "decrypt: encrypted: decryption failed" },
      })
    }
  })

  it("the key pair's public file is what OpenSSL reads", () => {
    const pem = new TextDecoder().decode(read("cosign3.pub"))
    expect(createPublicKey(pem).asymmetricKeyDetails?.namedCurve).toBe("prime256v1")
  })
})
