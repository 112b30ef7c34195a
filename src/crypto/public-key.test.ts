import { execFileSync } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { DER_TAG, encodeDer, encodeDerInteger, encodeDerOid } from "../codec/der.ts"
import { encodePem, firstPem } from "../codec/pem.ts"
import { ToolError } from "../core/errors.ts"
import { fingerprint, keyHint, OID, parsePublicKey, publicKeyOf, sameKey } from "./public-key.ts"

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" })
const spki = Uint8Array.from(ec.publicKey.export({ type: "spki", format: "der" }))
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const NULL = encodeDer(DER_TAG.null)

function makeSpki(algorithm: readonly Uint8Array[], key: Uint8Array): Uint8Array {
  const bits = encodeDer(DER_TAG.bitString, Uint8Array.of(0), key)
  return encodeDer(DER_TAG.sequence, encodeDer(DER_TAG.sequence, ...algorithm), bits)
}

function rsaSpki(n: bigint, e: bigint): Uint8Array {
  return makeSpki([encodeDerOid(OID.rsa), NULL], encodeDer(DER_TAG.sequence, encodeDerInteger(n), encodeDerInteger(e)))
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

const N = (1n << 2047n) + 12345n
const point = spki.slice(-65)
const offCurve = Uint8Array.from(point)
offCurve[64] = (offCurve[64] ?? 0) ^ 1
const compressed = Uint8Array.of(2 + ((point[64] ?? 0) & 1), ...point.subarray(1, 33))

describe("parsePublicKey", () => {
  it.each([
    ["P-256", "ec", { namedCurve: "P-256" }, "ecdsa-p256", 256],
    ["P-384", "ec", { namedCurve: "P-384" }, "ecdsa-p384", 384],
    ["P-521", "ec", { namedCurve: "P-521" }, "ecdsa-p521", 521],
    ["RSA", "rsa", { modulusLength: 3072 }, "rsa", 3072],
    ["Ed25519", "ed25519", {}, "ed25519", 256],
  ] as const)("reads what OpenSSL writes: %s", (_, kind, options, type, bits) => {
    const { publicKey } = generateKeyPairSync(kind as "rsa", options as { modulusLength: number })
    const der = Uint8Array.from(publicKey.export({ type: "spki", format: "der" }))
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString()
    for (const input of [der, bytes(pem), bytes(`# comment\n${pem}rest`)]) {
      const key = parsePublicKey(input)
      expect([key.type, key.bits]).toEqual([type, bits])
      expect(key.spki).toEqual(der)
      expect(sameKey(key, publicKeyOf(publicKey))).toBe(true)
    }
  })

  it("keeps bytes of its own", () => {
    const given = Uint8Array.from(spki)
    const key = parsePublicKey(given)
    given.fill(0)
    expect(key.spki).toEqual(spki)
  })

  it("reads PKCS#1 and, only if asked, certificates", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const pkcs1 = rsa.publicKey.export({ type: "pkcs1", format: "pem" }).toString()
    expect(sameKey(parsePublicKey(bytes(pkcs1)), publicKeyOf(rsa.publicKey))).toBe(true)
    const args = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      "/CN=t",
      "-keyout",
      "/dev/null",
    ]
    let pem: string
    try {
      pem = execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    } catch {
      console.warn("openssl is absent: certificate case skipped")
      return
    }
    expect(codeOf(() => parsePublicKey(bytes(pem)))).toBe("E_KEY_TYPE")
    const key = parsePublicKey(bytes(pem), { certificate: true })
    expect(key.type).toBe("ecdsa-p256")
    const der = firstPem(pem)!.bytes
    expect(sameKey(parsePublicKey(der, { certificate: true }), key)).toBe(true)
    expect(codeOf(() => parsePublicKey(der))).not.toBe("accepted")
  })

  it.each([
    ["empty", new Uint8Array(), "E_KEY_TYPE"],
    ["no PEM", bytes("hello"), "E_KEY_TYPE"],
    ["a private key", bytes(ec.privateKey.export({ type: "pkcs8", format: "pem" }).toString()), "E_KEY_TYPE"],
    ["a broken block", bytes("-----BEGIN PUBLIC KEY-----\nMFk!\n-----END PUBLIC KEY-----"), "E_FORMAT_MALFORMED"],
    ["too large", new Uint8Array(2 ** 20 + 1), "E_LIMIT_EXCEEDED"],
    ["trailing byte", Uint8Array.of(...spki, 0), "E_FORMAT_MALFORMED"],
    ["trailing byte in PEM", bytes(encodePem("PUBLIC KEY", Uint8Array.of(...spki, 0))), "E_FORMAT_MALFORMED"],
    [
      "secp256k1",
      Uint8Array.from(
        generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey.export({ type: "spki", format: "der" }),
      ),
      "E_KEY_TYPE",
    ],
    [
      "adv: CVE-2020-0601 explicit curve",
      Uint8Array.from(
        generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" }).publicKey.export({
          type: "spki",
          format: "der",
        }),
      ),
      "E_KEY_TYPE",
    ],
    [
      "X25519",
      Uint8Array.from(generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "der" })),
      "E_KEY_TYPE",
    ],
    [
      "Ed448",
      Uint8Array.from(generateKeyPairSync("ed448").publicKey.export({ type: "spki", format: "der" })),
      "E_KEY_TYPE",
    ],
    [
      "RSA-PSS only key",
      Uint8Array.from(
        generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "der" }),
      ),
      "E_KEY_TYPE",
    ],
    [
      "RSA 1024",
      Uint8Array.from(
        generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ type: "spki", format: "der" }),
      ),
      "E_KEY_TYPE",
    ],
    ["RSA 2047", rsaSpki((1n << 2046n) + 1n, 65537n), "E_KEY_TYPE"],
    ["RSA 8193", rsaSpki((1n << 8192n) + 1n, 65537n), "E_KEY_TYPE"],
    ["RSA even modulus", rsaSpki(N + 1n, 65537n), "E_KEY_TYPE"],
    ["RSA exponent 1", rsaSpki(N, 1n), "E_KEY_TYPE"],
    ["RSA exponent 0", rsaSpki(N, 0n), "E_KEY_TYPE"],
    ["RSA even exponent", rsaSpki(N, 65536n), "E_KEY_TYPE"],
    ["RSA huge exponent", rsaSpki(N, 2n ** 31n + 1n), "E_KEY_TYPE"],
    [
      "RSA without NULL",
      makeSpki([encodeDerOid(OID.rsa)], encodeDer(0x30, encodeDerInteger(N), encodeDerInteger(3n))),
      "E_FORMAT_MALFORMED",
    ],
    [
      "RSA with a third integer",
      makeSpki(
        [encodeDerOid(OID.rsa), NULL],
        encodeDer(0x30, encodeDerInteger(N), encodeDerInteger(3n), encodeDerInteger(3n)),
      ),
      "E_FORMAT_MALFORMED",
    ],
    [
      "adv: go-jose invalid curve: point off the curve",
      makeSpki([encodeDerOid(OID.ec), encodeDerOid(OID.p256)], offCurve),
      "E_FORMAT_MALFORMED",
    ],
    ["compressed point", makeSpki([encodeDerOid(OID.ec), encodeDerOid(OID.p256)], compressed), "E_FORMAT_MALFORMED"],
    [
      "adv: CVE-2022-23806 point at infinity",
      makeSpki([encodeDerOid(OID.ec), encodeDerOid(OID.p256)], Uint8Array.of(0)),
      "E_FORMAT_MALFORMED",
    ],
    ["point of another curve", makeSpki([encodeDerOid(OID.ec), encodeDerOid(OID.p384)], point), "E_FORMAT_MALFORMED"],
    [
      "Ed25519 with NULL",
      makeSpki([encodeDerOid(OID.ed25519), NULL], new Uint8Array(32).fill(2)),
      "E_FORMAT_MALFORMED",
    ],
    ["Ed25519 of 31 bytes", makeSpki([encodeDerOid(OID.ed25519)], new Uint8Array(31)), "E_FORMAT_MALFORMED"],
  ])("refuses: %s", (_, input, code) => {
    expect(codeOf(() => parsePublicKey(input))).toBe(code)
  })

  it.each(ED25519_TORSION_SUBGROUP)("adv: CVE-2026-33895 class: small-order key %s is refused", (text) => {
    const raw = Uint8Array.from(Buffer.from(text, "hex"))
    expect(codeOf(() => parsePublicKey(makeSpki([encodeDerOid(OID.ed25519)], raw)))).toBe("E_KEY_TYPE")
    raw[31] = (raw[31] ?? 0) ^ 0x80
    expect(codeOf(() => parsePublicKey(makeSpki([encodeDerOid(OID.ed25519)], raw)))).toBe("E_KEY_TYPE")
  })

  it("names keys by the hash of the SubjectPublicKeyInfo", () => {
    const key = publicKeyOf(ec.publicKey)
    expect(keyHint(key)).toMatch(/^[A-Za-z0-9+/]{43}=$/)
    expect(fingerprint(key)).toBe(`SHA256:${keyHint(key).slice(0, 43)}`)
    let shown: string
    try {
      shown = execFileSync("openssl", ["dgst", "-sha256", "-binary"], { input: spki }).toString("base64")
    } catch {
      console.warn("openssl is absent: fingerprint not compared")
      return
    }
    expect(keyHint(key)).toBe(shown)
  })

  it("throws nothing but ToolError on changed keys", () => {
    fc.assert(
      fc.property(fc.nat({ max: spki.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Uint8Array.from(spki)
        changed[at] = (changed[at] ?? 0) ^ mask
        expect(codeOf(() => parsePublicKey(changed))).not.toBe("accepted")
      }),
      { numRuns: 300 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (input) => void codeOf(() => parsePublicKey(input))))
  })
})
