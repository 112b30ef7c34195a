import { generateKeyPairSync } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ToolError } from "../core/errors.ts"
import {
  DER_TAG,
  bigintToBytes,
  bytesToBigint,
  derBitString,
  derChildren,
  derInteger,
  derOid,
  derSequence,
  encodeDer,
  encodeDerInteger,
  encodeDerOid,
  parseDer,
} from "./der.ts"

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"))

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

describe("DER", () => {
  it("reads a key made by OpenSSL", () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const spki = publicKey.export({ type: "spki", format: "der" })
    const [algorithm, key] = derSequence(parseDer(spki, "key"), "key")
    const [oid, curve] = derSequence(algorithm, "algorithm")
    expect(derOid(oid, "oid")).toBe("1.2.840.10045.2.1")
    expect(derOid(curve, "oid")).toBe("1.2.840.10045.3.1.7")
    expect(derBitString(key, "key")).toHaveLength(65)
  })

  it.each([
    ["empty", ""],
    ["no length", "30"],
    ["content cut short", "30 02 05"],
    ["trailing byte", "05 00 00"],
    ["indefinite length", "30 80 00 00"],
    ["length not minimal, short form fits", "04 81 01 00"],
    ["length with a leading zero", `04 82 00 80 ${"00".repeat(128)}`],
    ["length of five octets", "04 85 00 00 00 00 01 00"],
    ["length beyond the end", "04 84 ff ff ff ff 00"],
    ["multi-byte tag", "1f 81 01 00"],
    ["length cut short", "04 82 01"],
  ])("refuses: %s", (_, bytes) => {
    expect(codeOf(() => parseDer(hex(bytes), "test"))).toBe("E_FORMAT_MALFORMED")
  })

  it.each([
    ["02 01 00", 0n],
    ["02 01 7f", 127n],
    ["02 02 00 80", 128n],
    ["02 01 80", -128n],
    ["02 02 ff 7f", -129n],
  ])("INTEGER %s", (bytes, value) => {
    expect(derInteger(parseDer(hex(bytes), "test"), "test")).toBe(value)
  })

  it.each([["02 00"], ["02 02 00 7f"], ["02 02 ff 80"], ["03 01 00"]])("refuses INTEGER %s", (bytes) => {
    expect(codeOf(() => derInteger(parseDer(hex(bytes), "test"), "test"))).toBe("E_FORMAT_MALFORMED")
  })

  it.each([["06 00"], ["06 02 80 01"], ["06 01 81"], ["06 03 2a 80 01"]])("refuses OBJECT IDENTIFIER %s", (bytes) => {
    expect(codeOf(() => derOid(parseDer(hex(bytes), "test"), "test"))).toBe("E_FORMAT_MALFORMED")
  })

  it("refuses unused bits and primitive elements with children", () => {
    expect(codeOf(() => derBitString(parseDer(hex("03 02 01 fe"), "test"), "test"))).toBe("E_FORMAT_MALFORMED")
    expect(codeOf(() => derBitString(parseDer(hex("03 00"), "test"), "test"))).toBe("E_FORMAT_MALFORMED")
    expect(codeOf(() => derChildren(parseDer(hex("04 00"), "test"), "test"))).toBe("E_FORMAT_MALFORMED")
  })

  it("bounds the depth", () => {
    let bytes = encodeDer(DER_TAG.null)
    for (let i = 0; i < 200; i++) bytes = encodeDer(DER_TAG.sequence, bytes)
    const walk = () => {
      for (let at = parseDer(bytes, "test"); at.tag === DER_TAG.sequence;) at = derChildren(at, "test")[0]!
    }
    expect(codeOf(walk)).toBe("E_LIMIT_EXCEEDED")
  })

  it("round trips integers, object identifiers and bytes", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 600n }), fc.nat(), (value, arc) => {
        expect(derInteger(parseDer(encodeDerInteger(value), "test"), "test")).toBe(value)
        expect(bytesToBigint(bigintToBytes(value))).toBe(value)
        const oid = `2.999.${arc}.0`
        expect(derOid(parseDer(encodeDerOid(oid), "test"), "test")).toBe(oid)
      }),
    )
    expect(encodeDerOid("1.2.840.113549.1.1.1")).toEqual(hex("06 09 2a 86 48 86 f7 0d 01 01 01"))
    expect(() => bigintToBytes(256n, 1)).toThrow(RangeError)
    expect(() => bigintToBytes(-1n)).toThrow(RangeError)
  })

  it("throws nothing but ToolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        codeOf(() => {
          derSequence(parseDer(bytes, "test"), "test").forEach((child) => derInteger(child, "test"))
        })
      }),
      { numRuns: 1000 },
    )
  })
})
