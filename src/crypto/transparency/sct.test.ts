import { describe, expect, it } from "vitest"
import { DER_TAG, encodeDer, encodeDerOid } from "../../codec/der.ts"
import { contextTag } from "../../codec/der-values.ts"
import { decodeHex, encodeHex } from "../../codec/hex.ts"
import { ToolError } from "../../core/errors.ts"
import { generatePrivateKey, type KeyName } from "../generate.ts"
import { localSigningKey } from "../local-key.ts"
import { defaultScheme } from "../schemes.ts"
import { buildCertificate, type ExtensionSpec } from "../x509/build-certificate.ts"
import { parseCertificate } from "../x509/parse-certificate.ts"
import { buildDetachedSct, parseDetachedSct } from "./detached-sct.ts"
import { CT_EXTENSION, precertificateTbs } from "./precertificate.ts"
import {
  buildSctExtension,
  encodeSct,
  issuerKeyHash,
  parseSct,
  parseSctExtension,
  type Sct,
  sctAlgorithm,
  type SctEntry,
  sctMessage,
  verifySct,
} from "./sct.ts"

const hex = (text: string): Uint8Array => decodeHex(text, { max: 10_000, what: "test" })
const NULL = encodeDer(DER_TAG.null)

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

const sct: Sct = {
  logId: new Uint8Array(32).fill(7),
  timestamp: 1_512_556_025_588n,
  extensions: new Uint8Array(0),
  signed: { hashCode: 4, signatureCode: 3, signature: Uint8Array.of(1, 2, 3) },
}

describe("SCT bytes", () => {
  it("are those of RFC 6962", () => {
    const time = sct.timestamp.toString(16).padStart(16, "0")
    const expected = `00${"07".repeat(32)}${time}000004030003010203`
    expect(encodeHex(encodeSct(sct))).toBe(expected)
    expect(parseSct(hex(expected))).toEqual(sct)
    const list = `04${(expected.length / 2 + 4).toString(16)}${(expected.length / 2 + 2).toString(16).padStart(4, "0")}`
    expect(encodeHex(buildSctExtension([sct]))).toBe(
      `${list}${(expected.length / 2).toString(16).padStart(4, "0")}${expected}`,
    )
    expect(parseSctExtension(buildSctExtension([sct, sct]))).toEqual([sct, sct])
    const tbs = Uint8Array.of(0x30, 0)
    const precert: SctEntry = { kind: "precert", issuerKeyHash: new Uint8Array(32).fill(9), tbs }
    expect(encodeHex(sctMessage(sct, precert))).toBe(`0000${time}0001${"09".repeat(32)}00000230000000`)
    const x509: SctEntry = { kind: "x509", certificate: tbs }
    expect(encodeHex(sctMessage({ ...sct, extensions: Uint8Array.of(5) }, x509))).toBe(
      `0000${time}00000000023000000105`,
    )
  })

  const whole = encodeHex(encodeSct(sct))
  it.each([
    ["nothing", ""],
    ["another version", `01${whole.slice(2)}`],
    ["a short id", "00".repeat(20)],
    ["no end", whole.slice(0, -2)],
    ["trailing bytes", `${whole}00`],
    ["extensions beyond the end", whole.replace("00000403", "ffff0403")],
  ])("refuse %s", (_, text) => {
    expect(codeOf(() => parseSct(hex(text)))).toBe("E_FORMAT_MALFORMED")
  })

  it.each([
    ["no DER", Uint8Array.of(1, 2)],
    ["another tag", encodeDer(DER_TAG.sequence)],
    ["an empty octet string", encodeDer(DER_TAG.octetString)],
    ["an empty list", encodeDer(DER_TAG.octetString, Uint8Array.of(0, 0))],
    ["an empty SCT", encodeDer(DER_TAG.octetString, Uint8Array.of(0, 2, 0, 0))],
    ["a list longer than said", encodeDer(DER_TAG.octetString, Uint8Array.of(0, 0, 1))],
    ["a list shorter than said", encodeDer(DER_TAG.octetString, Uint8Array.of(0, 9, 0, 0))],
    ["too many", buildSctExtension(Array.from({ length: 33 }, () => sct))],
  ])("refuse a list with %s", (_, value) => {
    expect(codeOf(() => parseSctExtension(value))).toBe("E_FORMAT_MALFORMED")
  })

  it("are read from the answer of a log, too", () => {
    const text = buildDetachedSct(sct)
    expect(JSON.parse(text)).toEqual({
      sct_version: 0,
      id: Buffer.alloc(32, 7).toString("base64"),
      timestamp: Number(sct.timestamp),
      extensions: "",
      signature: Buffer.from("04030003010203", "hex").toString("base64"),
    })
    const read = (over: object): string =>
      codeOf(() =>
        parseDetachedSct(new TextEncoder().encode(JSON.stringify({ ...(JSON.parse(text) as object), ...over }))),
      )
    expect(parseDetachedSct(new TextEncoder().encode(text))).toEqual(sct)
    expect(read({ extensions: undefined })).toBe("accepted")
    for (const over of [
      { sct_version: 1 },
      { sct_version: undefined },
      { id: "AAAA" },
      { id: null },
      { timestamp: -1 },
      { timestamp: "soon" },
      { timestamp: null },
      { signature: "" },
      { signature: "BAM=" },
      { signature: [] },
      { extensions: {} },
    ]) {
      expect(read(over), JSON.stringify(over)).toBe("E_FORMAT_MALFORMED")
    }
    expect(codeOf(() => parseDetachedSct(new Uint8Array(70_000)))).toBe("E_LIMIT_EXCEEDED")
  })
})

describe("SCT signatures", () => {
  it.each(["ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"] satisfies KeyName[])(
    "hold for the log's key: %s",
    async (name) => {
      const key = localSigningKey(await generatePrivateKey(name))
      const scheme = defaultScheme(key.publicKey)
      const entry: SctEntry = { kind: "x509", certificate: Uint8Array.of(1, 2, 3) }
      const algorithm = sctAlgorithm(scheme)!
      const signed = { ...algorithm, signature: await key.sign(sctMessage(sct, entry), scheme) }
      expect(verifySct({ ...sct, signed }, entry, key.publicKey)).toBe(true)
      expect(verifySct({ ...sct, signed }, { ...entry, certificate: Uint8Array.of(1, 2, 4) }, key.publicKey)).toBe(
        false,
      )
      for (const other of [{ hashCode: 0 }, { hashCode: 2 }, { signatureCode: 0 }, { signatureCode: 2 }]) {
        expect(verifySct({ ...sct, signed: { ...signed, ...other } }, entry, key.publicKey)).toBe(false)
      }
      const stranger = localSigningKey(await generatePrivateKey(name === "rsa-2048" ? "ecdsa-p256" : "rsa-2048"))
      expect(verifySct({ ...sct, signed }, entry, stranger.publicKey)).toBe(false)
    },
  )

  it("have no name for schemes that TLS 1.2 does not know", () => {
    expect(sctAlgorithm({ scheme: "ed25519ph" })).toBeUndefined()
    expect(sctAlgorithm({ scheme: "rsa-pss", hash: "sha256" })).toBeUndefined()
    expect(sctAlgorithm({ scheme: "ecdsa", hash: "sha224" })).toBeUndefined()
  })
})

const key = localSigningKey(await generatePrivateKey("ed25519"))

describe("precertificates", () => {
  const other: ExtensionSpec = {
    oid: "1.2.3.4",
    critical: false,
    value: encodeDer(DER_TAG.octetString, new Uint8Array(200)),
  }
  const list: ExtensionSpec = { oid: CT_EXTENSION.sctList, critical: false, value: buildSctExtension([sct]) }
  const poison: ExtensionSpec = { oid: CT_EXTENSION.poison, critical: true, value: NULL }

  async function make(extensions: readonly ExtensionSpec[]): Promise<Uint8Array> {
    return buildCertificate({
      subject: [["CN", "holder"]],
      issuer: [["CN", "issuer"]],
      serial: 5n,
      notBefore: 0,
      notAfter: 1000,
      publicKey: key.publicKey.spki,
      extensions,
      signWith: key,
      scheme: { scheme: "ed25519" },
    })
  }

  it("have one TBSCertificate with poison, with SCTs and with neither", async () => {
    const bare = parseCertificate(await make([other])).tbs
    for (const extensions of [[other], [poison, other], [other, poison], [list, other], [other, list, poison]]) {
      expect(encodeHex(precertificateTbs(await make(extensions)))).toBe(encodeHex(bare))
    }
    expect(encodeHex(precertificateTbs(await make([poison])))).toBe(encodeHex(parseCertificate(await make([])).tbs))
    expect(encodeHex(precertificateTbs(await make([other, other, list])))).not.toBe(encodeHex(bare))
  })

  it("refuse a list or poison that comes twice, and what is no certificate", async () => {
    expect(codeOf(() => precertificateTbs(Uint8Array.of(1)))).toBe("E_FORMAT_MALFORMED")
    expect(codeOf(() => precertificateTbs(encodeDer(DER_TAG.sequence)))).toBe("E_FORMAT_MALFORMED")
    for (const twice of [
      [list, list],
      [poison, poison],
    ]) {
      const der = await make(twice)
      expect(codeOf(() => precertificateTbs(der))).toBe("E_FORMAT_MALFORMED")
    }
  })

  it("keep every other byte as received, well-formed DER or not", () => {
    // The flag of the extension says what is the default anyway: a re-encoding would drop it.
    const odd = encodeDer(
      DER_TAG.sequence,
      encodeDerOid("1.2.3"),
      encodeDer(DER_TAG.boolean, Uint8Array.of(0)),
      encodeDer(DER_TAG.octetString, NULL),
    )
    const sctList = encodeDer(DER_TAG.sequence, encodeDerOid(list.oid), encodeDer(DER_TAG.octetString, list.value))
    const wrap = (...extensions: Uint8Array[]): Uint8Array =>
      encodeDer(
        DER_TAG.sequence,
        encodeDer(DER_TAG.integer, Uint8Array.of(5)),
        encodeDer(contextTag(3, true), encodeDer(DER_TAG.sequence, ...extensions)),
      )
    const certificate = encodeDer(DER_TAG.sequence, wrap(odd, sctList))
    expect(encodeHex(precertificateTbs(certificate))).toBe(encodeHex(wrap(odd)))
  })

  it("name their issuer by its key", () => {
    expect(encodeHex(issuerKeyHash(new Uint8Array(0)))).toMatch(/^e3b0c442/)
  })
})
