import { X509Certificate } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { beforeAll, describe, expect, it } from "vitest"
import { encodePem } from "../../codec/pem.ts"
import { ToolError } from "../../core/errors.ts"
import { generatePrivateKey } from "../generate.ts"
import { localSigningKey } from "../local-key.ts"
import { parseCertificateFile } from "./certificate-file.ts"
import { codeOf, wellMade } from "./testdata/craft.ts"

const FOLDER = new URL("../../../../shared/vectors/notation/x509/testdata/", import.meta.url)
const present = existsSync(FOLDER)
if (!present) console.warn("skipped: vectors notation/x509 are absent")

const bytesOf = (text: string) => new TextEncoder().encode(text)

let der: Uint8Array
let pem: string

beforeAll(async () => {
  der = await wellMade(localSigningKey(await generatePrivateKey()))
  pem = encodePem("CERTIFICATE", der)
})

describe("parseCertificateFile", () => {
  it.skipIf(!present).each([
    ["pem.crt", 1],
    ["der.der", 1],
    ["multi-pem.crt", 2],
    ["multi-der.der", 2],
    ["openssl-minimum-self-signed.pem", 1],
    ["timestamp_leaf.crt", 1],
  ])("reads %s", (file, count) => {
    const bytes = readFileSync(new URL(file, FOLDER))
    const certificates = parseCertificateFile(bytes)
    expect(certificates).toHaveLength(count)
    expect(certificates[0]?.raw).toEqual(new Uint8Array(new X509Certificate(bytes).raw))
  })

  it.skipIf(!present)("says of junk what upstream says", () => {
    let what = ""
    try {
      parseCertificateFile(readFileSync(new URL("invalid", FOLDER)))
    } catch (error) {
      if (error instanceof ToolError) what = error.what
    }
    expect(what).toBe("x509: malformed certificate")
  })

  it.each<[string, () => Uint8Array, number]>([
    ["nothing", () => new Uint8Array(0), 0],
    ["any label", () => bytesOf(encodePem("TRUSTED THING", der)), 1],
    ["text around blocks, in any encoding", () => Uint8Array.of(...bytesOf(`subject=x\n${pem}`), 0xff, 0xfe), 1],
    ["text that starts as DER does", () => bytesOf(`0 s:CN = test\n${pem}`), 1],
    ["the same twice", () => bytesOf(pem + pem), 2],
    ["DER twice", () => Uint8Array.of(...der, ...der), 2],
    ["64 blocks", () => bytesOf(pem.repeat(64)), 64],
  ])("reads %s", (_, bytes, count) => {
    expect(parseCertificateFile(bytes())).toHaveLength(count)
  })

  it.each<[string, () => Uint8Array, string]>([
    ["text", () => bytesOf("hello"), "E_FORMAT_MALFORMED"],
    ["DER and a byte", () => Uint8Array.of(...der, 0), "E_FORMAT_MALFORMED"],
    ["DER cut short", () => der.subarray(0, der.length - 1), "E_FORMAT_MALFORMED"],
    ["DER of something else", () => Uint8Array.of(5, 0), "E_FORMAT_MALFORMED"],
    ["PEM of something else", () => bytesOf(encodePem("CERTIFICATE", Uint8Array.of(5, 0))), "E_FORMAT_MALFORMED"],
    [
      "adv: sigstore-js-1678 a byte inside PEM",
      () => bytesOf(encodePem("CERTIFICATE", Uint8Array.of(...der, 0))),
      "E_FORMAT_MALFORMED",
    ],
    ["a block that does not end", () => bytesOf(pem + pem.slice(0, 60)), "E_FORMAT_MALFORMED"],
    ["adv: CVE-2018-16875 65 blocks", () => bytesOf(pem.repeat(65)), "E_LIMIT_EXCEEDED"],
    [
      "adv: CVE-2022-24675 ten thousand starts of blocks",
      () => bytesOf("-----BEGIN CERTIFICATE-----\n".repeat(10_000)),
      "E_LIMIT_EXCEEDED",
    ],
    [
      "65 certificates as DER",
      () => Uint8Array.from(Array.from({ length: 65 }, () => [...der]).flat()),
      "E_LIMIT_EXCEEDED",
    ],
    ["more than 1 MiB", () => new Uint8Array(1024 * 1024 + 1), "E_LIMIT_EXCEEDED"],
  ])("refuses %s", (_, bytes, code) => {
    expect(codeOf(() => parseCertificateFile(bytes()))).toBe(code)
  })

  it.each(["hello", encodePem("CERTIFICATE", Uint8Array.of(0x30, 0))])("names in Go's words what %j is not", (text) => {
    expect(() => parseCertificateFile(bytesOf(text))).toThrow(
      expect.objectContaining({ what: "x509: malformed certificate", why: expect.any(String) as string }),
    )
  })
})
