import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  sign,
} from "node:crypto"
import { describe, expect, it } from "vitest"
import type { HashAlgorithm, SignatureScheme } from "../core/ports.ts"
import { bigintToBytes, encodeDer, encodeDerInteger } from "../codec/der.ts"
import { parseEcdsaSignature } from "./ecdsa-signature.ts"
import { digestOf } from "./hash.ts"
import { publicKeyOf } from "./public-key.ts"
import { hashOf } from "./schemes.ts"
import { verifyDigest, verifySignature } from "./verify.ts"
import { loadPrehash } from "./prehash.ts"

await loadPrehash()

const message = new TextEncoder().encode("the payload")
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" })
const ed = generateKeyPairSync("ed25519")

function rows(): readonly [string, SignatureScheme, { publicKey: KeyObject; privateKey: KeyObject }, object][] {
  const out: [string, SignatureScheme, { publicKey: KeyObject; privateKey: KeyObject }, object][] = []
  const hashes: readonly HashAlgorithm[] = ["sha224", "sha256", "sha384", "sha512"]
  for (const curve of ["P-256", "P-384", "P-521"]) {
    const pair = generateKeyPairSync("ec", { namedCurve: curve })
    for (const hash of hashes) out.push([`${curve} ${hash}`, { scheme: "ecdsa", hash }, pair, {}])
  }
  const odd = generateKeyPairSync("rsa", { modulusLength: 2049 })
  for (const hash of hashes) {
    const saltLength = createHash(hash).digest().length
    out.push([`pkcs1 ${hash}`, { scheme: "rsa-pkcs1", hash }, rsa, { padding: 1 }])
    out.push([`pss ${hash}`, { scheme: "rsa-pss", hash }, rsa, { padding: 6, saltLength }])
    // 2049 bits: the encoded message is one byte shorter than the modulus.
    out.push([`pss ${hash}, 2049 bits`, { scheme: "rsa-pss", hash }, odd, { padding: 6, saltLength }])
    out.push([`pkcs1 ${hash}, 2049 bits`, { scheme: "rsa-pkcs1", hash }, odd, { padding: 1 }])
  }
  return out
}

describe("RSA-PSS salts", () => {
  const hash = "sha256"
  const key = publicKeyOf(rsa.publicKey)
  const digest = digestOf(hash, message)
  const signed = (saltLength: number): Uint8Array =>
    Uint8Array.from(sign(hash, message, { key: rsa.privateKey, padding: 6, saltLength }))

  it.each([0, 1, 20, 31, 33, 222])("of %s bytes hold where any length does, and nowhere else", (length) => {
    const signature = signed(length)
    const any: SignatureScheme = { scheme: "rsa-pss", hash, salt: "any" }
    expect(verifySignature(key, any, message, signature)).toBe(true)
    expect(verifyDigest(key, any, digest, signature)).toBe(true)
    expect(verifySignature(key, { scheme: "rsa-pss", hash }, message, signature)).toBe(false)
    expect(verifyDigest(key, { scheme: "rsa-pss", hash }, digest, signature)).toBe(false)
    const other = digestOf(hash, signature)
    expect(verifyDigest(key, any, other, signature)).toBe(false)
    for (let byte = 0; byte < signature.length; byte += 17) {
      const bad = Uint8Array.from(signature)
      bad[byte] = (bad[byte] ?? 0) ^ 1
      expect(verifySignature(key, any, message, bad)).toBe(false)
      expect(verifyDigest(key, any, digest, bad)).toBe(false)
    }
  })

  it("of any length do not make another padding or hash hold", () => {
    const pkcs1 = Uint8Array.from(sign(hash, message, { key: rsa.privateKey, padding: 1 }))
    const raw = (encoded: Uint8Array): Uint8Array =>
      Uint8Array.from(privateEncrypt({ key: rsa.privateKey, padding: 3 }, encoded))
    const zeros = raw(new Uint8Array(256).fill(0, 0, 255).fill(0xbc, 255))
    for (const bad of [pkcs1, zeros]) {
      expect(verifySignature(key, { scheme: "rsa-pss", hash, salt: "any" }, message, bad)).toBe(false)
      expect(verifyDigest(key, { scheme: "rsa-pss", hash, salt: "any" }, digest, bad)).toBe(false)
    }
    const longer: SignatureScheme = { scheme: "rsa-pss", hash: "sha512", salt: "any" }
    expect(verifySignature(key, longer, message, signed(32))).toBe(false)
  })
})

describe("verify", () => {
  it.each(rows())("accepts what OpenSSL signs, refuses every flipped bit: %s", (_, scheme, pair, options) => {
    const hash = hashOf(scheme)!
    const key = publicKeyOf(pair.publicKey)
    const signature = Uint8Array.from(sign(hash, message, { key: pair.privateKey, ...options }))
    const digest = digestOf(hash, message)
    expect(verifySignature(key, scheme, message, signature)).toBe(true)
    expect(verifyDigest(key, scheme, digest, signature)).toBe(true)
    for (let byte = 0; byte < signature.length; byte += 7) {
      const bad = Uint8Array.from(signature)
      bad[byte] = (bad[byte] ?? 0) ^ (1 << (byte % 8))
      expect(verifySignature(key, scheme, message, bad)).toBe(false)
      expect(verifyDigest(key, scheme, digest, bad)).toBe(false)
    }
    for (const bad of [
      signature.subarray(1),
      Uint8Array.of(...signature, 0),
      Uint8Array.of(0, ...signature),
      new Uint8Array(),
    ]) {
      expect(verifySignature(key, scheme, message, bad)).toBe(false)
      expect(verifyDigest(key, scheme, digest, bad)).toBe(false)
    }
    expect(verifySignature(key, scheme, message.subarray(1), signature)).toBe(false)
  })

  it("adv: CVE-2022-24771/2/3, CVE-2026-33894: another salt length, hash or padding does not pass", () => {
    const key = publicKeyOf(rsa.publicKey)
    const maximum = sign("sha256", message, { key: rsa.privateKey, padding: 6, saltLength: 222 })
    const none = sign("sha256", message, { key: rsa.privateKey, padding: 6, saltLength: 0 })
    const pss: SignatureScheme = { scheme: "rsa-pss", hash: "sha256" }
    const pkcs1: SignatureScheme = { scheme: "rsa-pkcs1", hash: "sha256" }
    const digest = digestOf("sha256", message)
    for (const bad of [maximum, none, sign("sha256", message, rsa.privateKey)]) {
      expect(verifySignature(key, pss, message, bad)).toBe(false)
      expect(verifyDigest(key, pss, digest, bad)).toBe(false)
    }
    for (const bad of [maximum, sign("sha512", message, rsa.privateKey)]) {
      expect(verifySignature(key, pkcs1, message, bad)).toBe(false)
      expect(verifyDigest(key, pkcs1, digest, bad)).toBe(false)
    }
  })

  it("adv: CVE-2022-24771/2/3: a cube-root forgery against e = 3 does not pass", () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 3072, publicExponent: 3 })
    const key = publicKeyOf(weak.publicKey)
    const digest = digestOf("sha256", message)
    const info = Buffer.from("3031300d060960864801650304020105000420", "hex")
    const head = Buffer.concat([Buffer.from("0001ffffffffffffffff00", "hex"), info, Buffer.from(digest)])
    // Short padding, the right DigestInfo, then garbage: the cube root of that number rounded up.
    const target = BigInt(`0x${Buffer.concat([head, Buffer.alloc(384 - head.length)]).toString("hex")}`)
    let low = 0n
    let high = 1n << 1100n
    while (low < high) {
      const middle = (low + high) / 2n
      if (middle ** 3n < target) low = middle + 1n
      else high = middle
    }
    const forged = bigintToBytes(low, 384)
    expect((low ** 3n).toString(16).startsWith(target.toString(16).slice(0, 2 * head.length - 4))).toBe(true)
    expect(verifySignature(key, { scheme: "rsa-pkcs1", hash: "sha256" }, message, forged)).toBe(false)
    expect(verifyDigest(key, { scheme: "rsa-pkcs1", hash: "sha256" }, digest, forged)).toBe(false)
  })

  it("adv: CVE-2020-14966/67/68: r or s zero, the order or above, negative, and raw form are refused", () => {
    const key = publicKeyOf(ec.publicKey)
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const scheme: SignatureScheme = { scheme: "ecdsa", hash: "sha256" }
    const [r, s] = parseEcdsaSignature(sign("sha256", message, ec.privateKey))!
    const raw = sign("sha256", message, { key: ec.privateKey, dsaEncoding: "ieee-p1363" })
    const pair = (a: bigint, b: bigint) => encodeDer(0x30, encodeDerInteger(a), encodeDerInteger(b))
    expect(verifySignature(key, scheme, message, pair(r, order - s))).toBe(true)
    const bad = [pair(0n, s), pair(r, 0n), pair(order, s), pair(r, order), pair(r + order, s), pair(r, s + order), raw]
    const negative = encodeDer(0x30, encodeDer(2, Uint8Array.of(0x80)), encodeDerInteger(s))
    const three = encodeDer(0x30, encodeDerInteger(r), encodeDerInteger(s), encodeDerInteger(1n))
    for (const signature of [...bad, negative, three]) {
      expect(verifySignature(key, scheme, message, signature)).toBe(false)
      expect(verifyDigest(key, scheme, digestOf("sha256", message), signature)).toBe(false)
    }
  })

  it("RFC 8032 section 7.3: Ed25519ph", () => {
    const seed = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"
    const der = Buffer.from(`302e020100300506032b657004220420${seed}`, "hex")
    const key = publicKeyOf(createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })))
    const signature = Buffer.from(
      "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41" +
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
      "hex",
    )
    const abc = new TextEncoder().encode("abc")
    const scheme: SignatureScheme = { scheme: "ed25519ph" }
    expect(verifySignature(key, scheme, abc, signature)).toBe(true)
    expect(verifyDigest(key, scheme, digestOf("sha512", abc), signature)).toBe(true)
    expect(verifySignature(key, { scheme: "ed25519" }, abc, signature)).toBe(false)
    expect(verifySignature(key, scheme, message, signature)).toBe(false)
    for (let byte = 0; byte < 64; byte++) {
      const bad = Uint8Array.from(signature)
      bad[byte] = (bad[byte] ?? 0) ^ 1
      expect(verifySignature(key, scheme, abc, bad)).toBe(false)
    }
  })

  it.each<[string, KeyObject, SignatureScheme]>([
    ["ecdsa with an RSA key", rsa.publicKey, { scheme: "ecdsa", hash: "sha256" }],
    ["pkcs1 with an EC key", ec.publicKey, { scheme: "rsa-pkcs1", hash: "sha256" }],
    ["ed25519 with an EC key", ec.publicKey, { scheme: "ed25519" }],
    ["ecdsa with an Ed25519 key", ed.publicKey, { scheme: "ecdsa", hash: "sha256" }],
    ["sha1", rsa.publicKey, { scheme: "rsa-pkcs1", hash: "sha1" as HashAlgorithm }],
  ])("never tries a scheme that is not the key's: %s", (_, object, scheme) => {
    const key = publicKeyOf(object)
    const refused = expect.objectContaining({ code: "E_KEY_TYPE" }) as Error
    expect(() => verifySignature(key, scheme, message, new Uint8Array(64))).toThrow(refused)
    expect(() => verifyDigest(key, scheme, new Uint8Array(32), new Uint8Array(64))).toThrow(refused)
  })

  it("throws on digests of wrong length and on pure Ed25519 without the message", () => {
    const refused = expect.objectContaining({ code: "E_KEY_TYPE" }) as Error
    const key = publicKeyOf(ec.publicKey)
    for (const length of [0, 20, 31, 33, 64]) {
      expect(() =>
        verifyDigest(key, { scheme: "ecdsa", hash: "sha256" }, new Uint8Array(length), new Uint8Array(70)),
      ).toThrow(refused)
    }
    expect(() =>
      verifyDigest(publicKeyOf(ed.publicKey), { scheme: "ed25519" }, new Uint8Array(64), new Uint8Array(64)),
    ).toThrow(refused)
  })

  it("a key whose stated type is not that of its bytes is refused", () => {
    const forged = { ...publicKeyOf(ec.publicKey), type: "rsa" as const }
    expect(() => verifySignature(forged, { scheme: "rsa-pkcs1", hash: "sha256" }, message, new Uint8Array(32))).toThrow(
      expect.objectContaining({ code: "E_KEY_TYPE" }) as Error,
    )
  })
})
