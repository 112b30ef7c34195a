import { X509Certificate } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { beforeAll, describe, expect, it } from "vitest"
import { encodeDer, encodeDerInteger, encodeDerOid } from "../../codec/der.ts"
import { contextTag } from "../../codec/der-values.ts"
import type { SigningKey } from "../../core/ports.ts"
import { generatePrivateKey } from "../generate.ts"
import { localSigningKey } from "../local-key.ts"
import { signatureHolds } from "./check-issued.ts"
import { encodeName } from "./build-certificate.ts"
import { EXTENSION } from "./extensions.ts"
import { parseCertificate } from "./parse-certificate.ts"
import {
  codeOf,
  craft as craftWith,
  extensionBytes,
  extensionsOf,
  hex,
  type Parts,
  seq,
  wellMade,
} from "./testdata/craft.ts"

const FOLDER = new URL("../../../../shared/vectors/notation/x509/testdata/", import.meta.url)
const present = existsSync(FOLDER)
if (!present) console.warn("skipped: vectors notation/x509 are absent")

const NAME = encodeName([["CN", "test"]])
const ascii = (tag: number, text: string) => encodeDer(tag, new TextEncoder().encode(text))

let key: SigningKey
let issued: Uint8Array
const craft = (parts: Parts): Uint8Array => craftWith(key, parts)

beforeAll(async () => {
  key = localSigningKey(await generatePrivateKey("ecdsa-p256"))
  issued = await wellMade(key)
})

describe("parseCertificate", () => {
  it.skipIf(!present).each([
    ["der.der", "rsa 2048", "SHA256-RSA"],
    ["pem.crt", "rsa 2048", "SHA256-RSA"],
    ["openssl-minimum-self-signed.pem", "rsa 4096", "SHA256-RSA"],
    ["timestamp_leaf.crt", "rsa 4096", "SHA256-RSA"],
    ["timestamp_intermediate.crt", "rsa 4096", "SHA256-RSA"],
    ["timestamp_root.crt", "rsa 4096", "SHA384-RSA"],
  ])("agrees with Node about %s", (file, kind, algorithm) => {
    const node = new X509Certificate(readFileSync(new URL(file, FOLDER)))
    const ours = parseCertificate(node.raw)
    expect(ours.thumbprint).toBe(node.fingerprint256.replaceAll(":", "").toLowerCase())
    expect(ours.serial).toBe(BigInt(`0x${node.serialNumber}`))
    expect(ours.notBefore).toBe(node.validFromDate.getTime())
    expect(ours.notAfter).toBe(node.validToDate.getTime())
    expect(ours.basicConstraints?.ca ?? false).toBe(node.ca)
    expect(ours.spki).toEqual(new Uint8Array(node.publicKey.export({ format: "der", type: "spki" })))
    expect([ours.keyDescription, ours.signatureName]).toEqual([kind, algorithm])
    expect(parseCertificate(node.raw)).toBe(ours)
  })

  it("does not see later changes of the bytes", () => {
    const bytes = Uint8Array.from(issued)
    const certificate = parseCertificate(bytes)
    bytes.fill(0)
    expect(certificate.raw).toEqual(issued)
    expect(signatureHolds(parseCertificate(issued), certificate)).toBe(true)
  })

  it("forgets the certificates used longest ago", () => {
    const first = parseCertificate(issued)
    for (let i = 0; i < 300; i++) parseCertificate(craft({ serial: encodeDerInteger(BigInt(i)) }))
    expect(parseCertificate(issued)).not.toBe(first)
  })

  it.each<[string, () => Parts]>([
    ["version 1", () => ({ version: new Uint8Array(0) })],
    ["version 2 with identifiers", () => ({ version: hex("a003020101"), tail: [hex("81020041"), hex("82020042")] })],
    ["serial number 0", () => ({ serial: hex("020100") })],
    ["no extensions", () => ({})],
    [
      "critical flag that says what is the default",
      () => ({ tail: [extensionsOf(extensionBytes(EXTENSION.basicConstraints, hex("3000"), hex("010100")))] }),
    ],
    [
      "basicConstraints that say what is the default",
      () => ({ tail: [extensionsOf(extensionBytes(EXTENSION.basicConstraints, hex("3003010100")))] }),
    ],
    ["an empty subject", () => ({ subject: seq() })],
    [
      "alternative names of other kinds",
      () => ({
        tail: [
          extensionsOf(
            extensionBytes(EXTENSION.alternativeNames, seq(encodeDer(contextTag(4, true), NAME), hex("88032a0304"))),
          ),
        ],
      }),
    ],
    ["unknown extension", () => ({ tail: [extensionsOf(extensionBytes("1.2.3.4", hex("ffff")))] })],
    [
      "distribution point without a name",
      () => ({ tail: [extensionsOf(extensionBytes(EXTENSION.crlDistributionPoints, seq(seq(hex("81020780")))))] }),
    ],
  ])("accepts %s", (_, parts) => {
    expect(codeOf(() => parseCertificate(craft(parts())))).toBe("accepted")
  })

  const withExtension = (oid: string, value: string, flag = "") => ({
    tail: [extensionsOf(extensionBytes(oid, hex(value), hex(flag)))],
  })

  it.each<[string, () => Parts]>([
    ["version 1 written out", () => ({ version: hex("a003020100") })],
    ["version 4", () => ({ version: hex("a003020103") })],
    ["version under another class", () => ({ version: hex("6003020102") })],
    ["two versions", () => ({ version: hex("a006020102020102") })],
    ["negative serial number", () => ({ serial: hex("020180") })],
    ["serial number not in its shortest form", () => ({ serial: hex("02020001") })],
    ["no serial number", () => ({ serial: new Uint8Array(0) })],
    ["algorithms that differ", () => ({ outer: seq(encodeDerOid("1.2.840.10045.4.3.3")) })],
    ["algorithms whose parameters differ", () => ({ outer: seq(encodeDerOid("1.2.840.10045.4.3.2"), hex("0500")) })],
    ["one time", () => ({ validity: seq(ascii(0x17, "260101000000Z")) })],
    ["three times", () => ({ validity: seq(...[1, 2, 3].map(() => ascii(0x17, "260101000000Z"))) })],
    ["time with fractions", () => ({ validity: seq(ascii(0x18, "20260101000000.5Z"), ascii(0x17, "360101000000Z")) })],
    ["extensions in version 1", () => ({ version: new Uint8Array(0), ...withExtension("1.2.3", "0500") })],
    ["extensions in version 2", () => ({ version: hex("a003020101"), ...withExtension("1.2.3", "0500") })],
    ["identifiers out of order", () => ({ tail: [hex("82020042"), hex("81020041")] })],
    ["identifier that is no bit string", () => ({ tail: [hex("81020841")] })],
    ["extensions twice", () => ({ tail: [1, 2].map(() => extensionsOf(extensionBytes("1.2.3", hex("0500")))) })],
    [
      "something behind the extensions",
      () => ({ tail: [extensionsOf(extensionBytes("1.2.3", hex("0500"))), hex("0500")] }),
    ],
    ["something behind the signature", () => ({ behind: [hex("0500")] })],
    ["no extension in the list", () => ({ tail: [extensionsOf()] })],
    [
      "the same extension twice",
      () => ({ tail: [extensionsOf(extensionBytes("1.2.3", hex("0500")), extensionBytes("1.2.3", hex("0500")))] }),
    ],
    ["critical flag 1", () => withExtension("1.2.3", "0500", "010101")],
    [
      "extension with too many members",
      () => ({ tail: [extensionsOf(seq(encodeDerOid("1.2.3"), hex("0400"), hex("0500")))] }),
    ],
    ["extension without value", () => ({ tail: [extensionsOf(seq(encodeDerOid("1.2.3")))] })],
    ["keyUsage with too many unused bits", () => withExtension(EXTENSION.keyUsage, "03020857")],
    ["keyUsage with bits after the last", () => withExtension(EXTENSION.keyUsage, "03020781")],
    ["keyUsage that is no bit string", () => withExtension(EXTENSION.keyUsage, "04020780")],
    ["keyUsage with something behind", () => withExtension(EXTENSION.keyUsage, "030207800500")],
    ["negative path length", () => withExtension(EXTENSION.basicConstraints, "30060101ff0201ff")],
    ["huge path length", () => withExtension(EXTENSION.basicConstraints, "300b0101ff0206010000000000")],
    ["basicConstraints with three members", () => withExtension(EXTENSION.basicConstraints, "30090101ff020100020100")],
    ["empty extended key usage", () => withExtension(EXTENSION.extendedKeyUsage, "3000")],
    ["empty alternative names", () => withExtension(EXTENSION.alternativeNames, "3000")],
    ["alternative name that is no ASCII", () => withExtension(EXTENSION.alternativeNames, "3003820180")],
    ["alternative name of an unknown kind", () => withExtension(EXTENSION.alternativeNames, "3003890141")],
    ["IP address of 5 bytes", () => withExtension(EXTENSION.alternativeNames, "300787050102030405")],
    ["critical subjectKeyIdentifier", () => withExtension(EXTENSION.subjectKeyIdentifier, "04020102", "0101ff")],
    ["critical authorityInfoAccess", () => withExtension(EXTENSION.authorityInfoAccess, "3000", "0101ff")],
    ["distribution point by a relative name", () => withExtension(EXTENSION.crlDistributionPoints, "30063004a002a100")],
  ])("refuses %s", (_, parts) => {
    expect(codeOf(() => parseCertificate(craft(parts())))).toBe("E_FORMAT_MALFORMED")
  })

  it.each([
    ["87 04 7f000001", "IP:127.0.0.1"],
    ["87 10 20010db8000000000000000000000001", "IP:2001:db8::1"],
    ["87 10 00000000000000000000000000000000", "IP:::"],
    ["87 10 00000000000000000000ffff01020304", "IP:1.2.3.4"],
    ["87 10 20010000000100020003000000000004", "IP:2001:0:1:2:3::4"],
    ["87 10 00010002000300040005000600070008", "IP:1:2:3:4:5:6:7:8"],
    ["82 00", "DNS:"],
    ["81 09 6140622e0078782e78", "email:a@b.\0xx.x"],
  ])("alternative name %s", (value, text) => {
    const parts = { tail: [extensionsOf(extensionBytes(EXTENSION.alternativeNames, seq(hex(value))))] }
    expect(parseCertificate(craft(parts)).alternativeNames).toEqual([text])
  })
})
