import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { berParts, berToDer } from "./ber.ts"
import { derChildren, parseDer } from "./der.ts"
import { decodeHex, encodeHex } from "./hex.ts"

const hex = (text: string): Uint8Array => decodeHex(text.replaceAll(" ", ""), { what: "test data", max: 1 << 20 })
const convert = (text: string): string => encodeHex(berToDer(hex(text), "document", 1 << 20))

describe("BER to DER", () => {
  it.each([
    ["DER stays", "30 06 02 01 05 04 01 ff", "3006020105" + "0401ff"],
    ["indefinite length", "30 80 02 01 05 00 00", "3003020105"],
    ["indefinite in indefinite", "30 80 a0 80 05 00 00 00 00 00", "3004a0020500"],
    ["indefinite in definite", "30 06 a0 80 05 00 00 00", "3004a0020500"],
    ["long lengths", "30 81 03 02 01 05", "3003020105"],
    ["lengths with zeros in front", "30 84 00 00 00 05 02 82 00 01 05", "3003020105"],
    ["octets in pieces", "24 80 04 02 01 02 04 01 03 00 00", "0403010203"],
    ["pieces in pieces", "24 09 24 04 04 02 01 02 04 01 03", "0403010203"],
    ["no pieces", "24 80 00 00", "0400"],
    ["bits in pieces", "23 80 03 02 00 aa 03 02 00 bb 00 00", "030300aabb"],
    ["text in pieces", "2c 80 04 01 61 0c 01 62 00 00", "0c026162"],
    ["a set keeps its order", "31 06 02 01 02 02 01 01", "3106020102020101"],
    ["an implicit tag is not joined", "a0 80 04 01 01 04 01 02 00 00", "a006040101040102"],
    ["empty", "30 80 00 00", "3000"],
  ])("%s", (_, input, output) => {
    expect(convert(input)).toBe(output)
  })

  it("writes lengths of every size as openssl reads them", () => {
    for (const size of [127, 128, 255, 256, 65_535, 65_536]) {
      const input = Uint8Array.of(0x30, 0x80, 0x04, 0x83, size >> 16, (size >> 8) & 255, size & 255)
      const der = berToDer(Uint8Array.of(...input, ...new Uint8Array(size), 0, 0), "document", 1 << 20)
      expect(derChildren(parseDer(der, "document"), "document")[0]?.contents.length).toBe(size)
      const text = execFileSync("openssl", ["asn1parse", "-inform", "DER"], { input: der, encoding: "utf8" })
      expect(text).toMatch(new RegExp(`l=\\s*${size} prim: OCTET STRING`))
    }
  })

  it.each([
    ["nothing", ""],
    ["a tag alone", "30"],
    ["too short", "30 05 02 01 05"],
    ["a constructed NULL", "30 02 25 00"],
    ["a constructed INTEGER", "22 03 02 01 05"],
    ["a primitive SEQUENCE", "30 02 10 00"],
    ["a primitive SET", "11 00"],
    ["trailing bytes", "30 03 02 01 05 00"],
    ["no end of contents", "30 80 02 01 05"],
    ["half an end of contents", "30 80 02 01 05 00"],
    ["an end of contents alone", "00 00"],
    ["end of contents in a definite length", "30 02 00 00"],
    ["end of contents with a length", "30 80 00 01 00 00 00"],
    ["indefinite primitive", "04 80 01 00 00"],
    ["multi-byte tag", "3f 1f 00"],
    ["length of 5 octets", "30 85 00 00 00 00 00"],
    ["length without octets", "30 82 01"],
    ["reserved length", "30 ff 00"],
    ["two GiB claimed", "30 84 7f ff ff ff 02 01 05"],
    ["a child longer than its parent", "30 03 02 02 05 05 05"],
    ["an integer among octets", "24 03 02 01 05"],
    ["octets among bits", "23 03 04 01 00"],
    ["bits left over in a piece", "23 08 03 02 04 a0 03 02 00 bb"],
    ["a piece of bits without its first octet", "23 02 03 00"],
  ])("refuses %s", (_, input) => {
    expect(() => convert(input)).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }))
  })

  it.each([200, 200_000])("adv: CVE-2025-66031 %i nested elements", (levels) => {
    const bytes = new Uint8Array(levels * 2).map((_, at) => (at % 2 === 0 ? 0x30 : 0x80))
    expect(() => berToDer(bytes, "document", 1 << 20)).toThrow(expect.objectContaining({ code: "E_LIMIT_EXCEEDED" }))
  })

  it("adv: GO-2025-4011 refuses too many elements and too many bytes", () => {
    const many = new Uint8Array(202_000).map((_, at) => (at % 2 === 0 ? 5 : 0))
    many.set([0x30, 0x80])
    const limit: unknown = expect.objectContaining({ code: "E_LIMIT_EXCEEDED" })
    expect(() => berToDer(many, "document", 1 << 20)).toThrow(limit)
    // The sequence is one of them, the end of its contents is none.
    const elements = (count: number): Uint8Array => Uint8Array.of(0x30, 0x80, ...many.subarray(2, 2 * count), 0, 0)
    expect(berToDer(elements(10_000), "document", 1 << 20)).toHaveLength(4 + 19_998)
    expect(() => berToDer(elements(10_001), "document", 1 << 20)).toThrow(limit)
    expect(() => berToDer(hex("30 03 02 01 05"), "document", 4)).toThrow(limit)
  })
})

describe("parts of a BER element", () => {
  it.each([
    ["30 80 02 01 05 30 80 05 00 00 00 00 00", ["020105", "308005000000"]],
    ["30 07 02 81 01 05 30 01", undefined],
    ["30 06 02 81 01 05 30 00", ["02810105", "3000"]],
    ["30 00", []],
    ["04 01 00", undefined],
  ])("%s", (input, parts) => {
    const read = (): string[] => berParts(hex(input), "document", 100).map(encodeHex)
    if (parts === undefined) expect(read).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }))
    else expect(read()).toEqual(parts)
  })
})
