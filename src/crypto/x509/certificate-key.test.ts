import { generateKeyPairSync } from "node:crypto"
import { beforeAll, describe, expect, it } from "vitest"
import { encodeDer, encodeDerInteger, encodeDerOid } from "../../codec/der.ts"
import { contextTag } from "../../codec/der-values.ts"
import type { SigningKey } from "../../core/ports.ts"
import { generatePrivateKey } from "../generate.ts"
import { localSigningKey } from "../local-key.ts"
import { signatureHolds } from "./check-issued.ts"
import { parseCertificate } from "./parse-certificate.ts"
import { bits, codeOf, craft as craftWith, hex, type Parts, seq, wellMade } from "./testdata/craft.ts"

let key: SigningKey
let issued: Uint8Array
const craft = (parts: Parts): Uint8Array => craftWith(key, parts)

beforeAll(async () => {
  key = localSigningKey(await generatePrivateKey("ecdsa-p256"))
  issued = await wellMade(key)
})

describe("keys and algorithms", () => {
  const spkiOf = (pair: { publicKey: { export(options: { type: "spki"; format: "der" }): Uint8Array } }) =>
    new Uint8Array(pair.publicKey.export({ type: "spki", format: "der" }))

  it.each<[string, string, () => Uint8Array]>([
    ["RSA of 1024 bits", "rsa 1024", () => spkiOf(generateKeyPairSync("rsa", { modulusLength: 1024 }))],
    ["P-224", "ec 1.3.132.0.33", () => spkiOf(generateKeyPairSync("ec", { namedCurve: "secp224r1" }))],
    ["secp256k1", "ec 1.3.132.0.10", () => spkiOf(generateKeyPairSync("ec", { namedCurve: "secp256k1" }))],
    ["Ed448", "1.3.101.113", () => spkiOf(generateKeyPairSync("ed448"))],
    ["X25519", "1.3.101.110", () => spkiOf(generateKeyPairSync("x25519"))],
    [
      "adv: CVE-2020-7919 DSA",
      "1.2.840.10040.4.1",
      () => spkiOf(generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 })),
    ],
    [
      "adv: CVE-2024-24783 a key of a kind nobody knows",
      "1.2.3.4",
      () => seq(seq(encodeDerOid("1.2.3.4")), bits(Uint8Array.of(1))),
    ],
  ])("has no key for %s", (_, description, spki) => {
    const certificate = parseCertificate(craft({ spki: spki() }))
    expect(certificate.publicKey).toBeUndefined()
    expect(certificate.keyDescription).toBe(description)
    expect(signatureHolds(parseCertificate(issued), certificate)).toBe(false)
  })

  const EC = encodeDerOid("1.2.840.10045.2.1")
  const P256 = encodeDerOid("1.2.840.10045.3.1.7")
  const P = (1n << 256n) - (1n << 224n) + (1n << 192n) + (1n << 96n) - 1n
  const point = (x: bigint, y: bigint) =>
    hex(`04${x.toString(16).padStart(64, "0")}${y.toString(16).padStart(64, "0")}`)

  it.each<[string, () => Uint8Array]>([
    [
      "adv: CVE-2020-0601 explicit parameters",
      () => spkiOf(generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" })),
    ],
    ["explicit parameters left out", () => seq(seq(EC), bits(point(1n, 1n)))],
    ["adv: CVE-2022-23806 a point off the curve", () => seq(seq(EC, P256), bits(point(1n, 1n)))],
    ["adv: CVE-2022-23806 a coordinate beyond the field", () => seq(seq(EC, P256), bits(point(P, 0n)))],
    ["adv: CVE-2022-23806 infinity", () => seq(seq(EC, P256), bits(hex("00")))],
    ["adv: CVE-2022-23806 a compressed point of nothing", () => seq(seq(EC, P256), bits(hex(`02${"ff".repeat(32)}`)))],
    ["an empty point", () => seq(seq(EC, P256), bits(new Uint8Array(0)))],
    [
      "RSA without parameters",
      () =>
        seq(
          seq(encodeDerOid("1.2.840.113549.1.1.1")),
          bits(seq(encodeDerInteger((1n << 2047n) | 1n), encodeDerInteger(3n))),
        ),
    ],
    [
      "RSA with a negative modulus",
      () => seq(seq(encodeDerOid("1.2.840.113549.1.1.1"), hex("0500")), bits(seq(hex("020180"), encodeDerInteger(3n)))),
    ],
    ["Ed25519 of 31 bytes", () => seq(seq(encodeDerOid("1.3.101.112")), bits(new Uint8Array(31)))],
    ["a key with three members", () => seq(seq(EC, P256), bits(point(1n, 1n)), hex("0500"))],
  ])("refuses %s", (_, spki) => {
    expect(codeOf(() => parseCertificate(craft({ spki: spki() })))).toBe("E_KEY_TYPE")
  })

  const PSS = "1.2.840.113549.1.1.10"
  const SHA256 = seq(encodeDerOid("2.16.840.1.101.3.4.2.1"), hex("0500"))
  const SHA384 = seq(encodeDerOid("2.16.840.1.101.3.4.2.2"), hex("0500"))
  const mgf = (hash: Uint8Array) => seq(encodeDerOid("1.2.840.113549.1.1.8"), hash)
  const pss = (hash: Uint8Array, mask: Uint8Array, salt: bigint, ...more: readonly Uint8Array[]) =>
    seq(
      encodeDer(contextTag(0, true), hash),
      encodeDer(contextTag(1, true), mask),
      encodeDer(contextTag(2, true), encodeDerInteger(salt)),
      ...more,
    )

  it.each<[string, Uint8Array, string, boolean]>([
    ["SHA-256", seq(encodeDerOid(PSS), pss(SHA256, mgf(SHA256), 32n)), "SHA256-RSAPSS", true],
    [
      "trailer written out",
      seq(encodeDerOid(PSS), pss(SHA384, mgf(SHA384), 48n, hex("a303020101"))),
      "SHA384-RSAPSS",
      true,
    ],
    ["another trailer", seq(encodeDerOid(PSS), pss(SHA256, mgf(SHA256), 32n, hex("a303020102"))), PSS, false],
    ["another salt", seq(encodeDerOid(PSS), pss(SHA256, mgf(SHA256), 20n)), PSS, false],
    ["another mask hash", seq(encodeDerOid(PSS), pss(SHA256, mgf(SHA384), 32n)), PSS, false],
    ["another mask", seq(encodeDerOid(PSS), pss(SHA256, seq(encodeDerOid("1.2.3"), SHA256), 32n)), PSS, false],
    ["defaults, which are SHA-1", seq(encodeDerOid(PSS), seq()), PSS, false],
    ["no parameters", seq(encodeDerOid(PSS)), PSS, false],
    ["parameters that are none", seq(encodeDerOid(PSS), hex("0500")), PSS, false],
    [
      "something behind",
      seq(encodeDerOid(PSS), pss(SHA256, mgf(SHA256), 32n, hex("a303020101"), hex("0500"))),
      PSS,
      false,
    ],
  ])("RSA-PSS with %s", (_, inner, name, accepted) => {
    const certificate = parseCertificate(craft({ inner }))
    expect(certificate.signatureName).toBe(name)
    expect(certificate.signatureScheme !== undefined).toBe(accepted)
  })

  it.each([
    ["1.2.840.113549.1.1.4", "MD5-RSA", "0500"],
    ["1.2.840.113549.1.1.5", "SHA1-RSA", "0500"],
    ["1.3.14.3.2.29", "SHA1-RSA", "0500"],
    ["1.2.840.10045.4.1", "ECDSA-SHA1", ""],
    ["1.2.840.10040.4.3", "DSA-SHA1", ""],
    ["1.3.101.112", "Ed25519", "0500"],
    ["1.2.840.10045.4.3.2", "ECDSA-SHA256", "3000"],
    ["1.2.3", "1.2.3", ""],
  ])("has no scheme for %s", (oid, name, parameters) => {
    const certificate = parseCertificate(craft({ inner: seq(encodeDerOid(oid), hex(parameters)) }))
    expect(certificate.signatureName).toBe(name)
    expect(certificate.signatureScheme).toBeUndefined()
    expect(signatureHolds(certificate, parseCertificate(issued))).toBe(false)
  })

  it("never uses a key with the algorithm of another kind", async () => {
    const rsaKey = localSigningKey(await generatePrivateKey("rsa-2048"))
    const rsaHolder = parseCertificate(craft({ spki: rsaKey.publicKey.spki }))
    expect(signatureHolds(parseCertificate(issued), rsaHolder)).toBe(false)
  })
})
