import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../codec/base64.ts"
import { decodeHex, encodeHex } from "../../codec/hex.ts"
import { parseTimestampResponse } from "./response.ts"
import { parseTimestampToken } from "./token.ts"

const FOLDER = new URL("../../../../shared/vectors/sigstore-bundle/", import.meta.url)
const present = existsSync(FOLDER)
if (!present) console.warn("skipped: vectors sigstore-bundle are absent")

/** TimeStampResp of every bundle, from several authorities. */
function responses(): (readonly [name: string, bytes: Uint8Array])[] {
  return readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith("bundle.sigstore.json"))
    .flatMap((file) => {
      const text = readFileSync(new URL(file, FOLDER), "utf8")
      return [...text.matchAll(/"signedTimestamp":\s*"([^"]+)"/g)].map(
        ([, value = ""]) => [file, decodeBase64(value, { what: "timestamp", max: 1 << 16 })] as const,
      )
    })
}

describe.skipIf(!present)("tokens of public authorities", () => {
  let folder = ""
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "token-"))
  })
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it.each(present ? responses() : [])("read as openssl reads them: %s", (_, bytes) => {
    writeFileSync(join(folder, "r.tsr"), bytes)
    const run = (...args: string[]): string => execFileSync("openssl", args, { cwd: folder, encoding: "utf8" })
    const text = run("ts", "-reply", "-in", "r.tsr", "-text")
    run("ts", "-reply", "-in", "r.tsr", "-token_out", "-out", "t.der")
    const { status, token = new Uint8Array(0) } = parseTimestampResponse(bytes)
    expect(encodeHex(token)).toBe(readFileSync(join(folder, "t.der")).toString("hex"))
    const { info, cms } = parseTimestampToken(token)
    const field = (name: string): string => new RegExp(`${name}: (.*)`).exec(text)?.[1] ?? ""
    expect(status).toBe(field("Status") === "Granted." ? 0n : 1n)
    expect(info.version).toBe(BigInt(field("Version")))
    // Its configuration has a name for this one.
    expect(info.policy).toBe(field("Policy OID").replace("tsa_policy1", "1.2.3.4.1"))
    expect(info.imprint.algorithm.hash).toBe(field("Hash Algorithm"))
    const serial = /^0x(-?)(.*)$/.exec(field("Serial number"))
    expect(info.serial).toBe(BigInt(`0x${serial?.[2] ?? ""}`) * (serial?.[1] === "-" ? -1n : 1n))
    expect(Math.floor(info.genTime / 1000)).toBe(Date.parse(field("Time stamp").replace(/\.\d+/, "")) / 1000)
    expect(info.ordering).toBe(field("Ordering") === "yes")
    expect(info.nonce).toBe(field("Nonce") === "unspecified" ? undefined : BigInt(field("Nonce")))
    const printed = run("pkcs7", "-inform", "DER", "-in", "t.der", "-print_certs", "-noout")
    expect(cms.parsed).toHaveLength(printed.match(/^subject=/gm)?.length ?? 0)
  })
})

const read = (hex: string): unknown =>
  parseTimestampResponse(decodeHex(hex.replaceAll(" ", ""), { what: "test", max: 999 }))

describe("tokens that are not even BER", () => {
  it.each([
    ["short", "30 05 00"],
    ["long", "30 82 01 00 00"],
  ])("a %s length that is too large is named as tspclient-go names it", (form, hex) => {
    const text = `${form} form length octets value should be less or equal to the subsequent octets length`
    expect(() => parseTimestampToken(decodeHex(hex.replaceAll(" ", ""), { what: "test", max: 99 }))).toThrow(
      expect.objectContaining({
        code: "E_TSA_INVALID",
        what: `cms: syntax error: invalid signed data: failed to convert from BER to DER: asn1: syntax error: decoding BER length octets: ${text}`,
      }),
    )
  })
})

describe("TimeStampResp", () => {
  it.each<[string, string, object]>([
    ["granted", "30 07 30 03 02 01 00 30 00", { status: 0n, failures: [], texts: [], token: Uint8Array.of(0x30, 0) }],
    ["granted, no token", "30 05 30 03 02 01 00", { status: 0n, failures: [], texts: [] }],
    ["why not", "30 0f 30 0d 02 01 02 30 03 0c 01 61 03 03 07 04 00", { status: 2n, failures: [5], texts: ["a"] }],
    ["a negative status", "30 05 30 03 02 01 ff", { status: -1n }],
    ["indefinite lengths", "30 80 30 80 02 01 00 00 00 30 80 00 00 00 00", { token: Uint8Array.of(0x30, 0x80, 0, 0) }],
  ])("%s", (_, hex, response) => {
    expect(read(hex)).toMatchObject(response)
  })

  it.each([
    ["nothing", ""],
    ["no status", "30 00"],
    ["a set", "31 05 30 03 02 01 00"],
    ["an empty status", "30 02 30 00"],
    ["three members", "30 09 30 03 02 01 00 30 00 30 00"],
    ["a trailing byte", "30 05 30 03 02 01 00 00"],
    ["failures before texts", "30 0f 30 0d 02 01 02 03 03 07 04 00 30 03 0c 01 61"],
    ["unused bits that are set", "30 09 30 07 02 01 02 03 02 07 ff"],
    ["text that is no UTF-8", "30 0a 30 08 02 01 02 30 03 0c 01 ff"],
    ["a status of no bytes", "30 04 30 02 02 00"],
  ])("refuses %s", (_, hex) => {
    expect(() => read(hex)).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }))
  })

  it("refuses more than a mebibyte", () => {
    const large = new Uint8Array(1 << 20)
    expect(() => parseTimestampResponse(large)).toThrow(expect.objectContaining({ code: "E_LIMIT_EXCEEDED" }))
  })
})
