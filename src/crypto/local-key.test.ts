import { constants, createPublicKey, verify } from "node:crypto"
import { describe, expect, it } from "vitest"
import { digestOf, HASH_LENGTH } from "./hash.ts"
import { generatePrivateKey, keyNames } from "./generate.ts"
import { localSigningKey } from "./local-key.ts"
import { publicKeyOf } from "./public-key.ts"
import { hashOf, schemeName } from "./schemes.ts"
import { verifyDigest, verifySignature } from "./verify.ts"
import { loadPrehash } from "./prehash.ts"

await loadPrehash()

const message = new TextEncoder().encode("the payload")

describe("localSigningKey", () => {
  it.each(keyNames.filter((name) => name !== "rsa-4096"))("%s: every scheme, checked by OpenSSL", async (name) => {
    const made = await generatePrivateKey(name)
    const key = localSigningKey(made)
    for (const scheme of key.schemes) {
      const hash = hashOf(scheme)
      const signatures = [await key.sign(message, scheme)]
      if (hash !== undefined) signatures.push(await key.signDigest!(digestOf(hash, message), scheme))
      for (const signature of signatures) {
        expect(verifySignature(key.publicKey, scheme, message, signature), schemeName(scheme)).toBe(true)
        if (hash !== undefined) {
          expect(verifyDigest(key.publicKey, scheme, digestOf(hash, message), signature)).toBe(true)
        }
        if (scheme.scheme === "ed25519ph") continue
        const padding =
          scheme.scheme === "rsa-pss"
            ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: HASH_LENGTH[scheme.hash] }
            : {}
        expect(verify(hash ?? null, message, { key: createPublicKey(made), ...padding }, signature)).toBe(true)
      }
    }
  })

  it("signs a digest differently each time, and never exposes the key", async () => {
    const key = localSigningKey(await generatePrivateKey())
    const scheme = key.schemes[0]!
    const digest = digestOf("sha256", message)
    expect(await key.signDigest!(digest, scheme)).not.toEqual(await key.signDigest!(digest, scheme))
    expect(Object.keys(key).toSorted()).toEqual(["publicKey", "schemes", "sign", "signDigest"])
  })

  it("refuses other schemes, digests of wrong length and pure Ed25519 over a digest", async () => {
    const ec = localSigningKey(await generatePrivateKey())
    const ed = localSigningKey(await generatePrivateKey("ed25519"))
    const refused = { code: "E_KEY_TYPE" }
    await expect(ec.sign(message, { scheme: "ed25519" })).rejects.toMatchObject(refused)
    await expect(ec.sign(message, { scheme: "rsa-pkcs1", hash: "sha256" })).rejects.toMatchObject(refused)
    await expect(ec.signDigest!(new Uint8Array(20), { scheme: "ecdsa", hash: "sha256" })).rejects.toMatchObject(refused)
    await expect(ed.signDigest!(new Uint8Array(64), { scheme: "ed25519" })).rejects.toMatchObject(refused)
    await expect(ed.signDigest!(new Uint8Array(32), { scheme: "ed25519ph" })).rejects.toMatchObject(refused)
  })

  it("generates the kind asked for", async () => {
    expect(publicKeyOf(await generatePrivateKey()).type).toBe("ecdsa-p256")
    expect(publicKeyOf(await generatePrivateKey("rsa")).bits).toBe(3072)
    for (const name of ["", "rsa-1024", "secp256k1", "constructor"]) {
      await expect(generatePrivateKey(name)).rejects.toMatchObject({ code: "E_KEY_TYPE" })
    }
  })
})
