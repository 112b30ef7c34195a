import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ToolError } from "../core/errors.ts"
import { type CborKey, type CborValue, encodeCbor, parseCbor } from "./cbor.ts"
import { decodeHex, encodeHex } from "./hex.ts"

const hex = (text: string): Uint8Array => decodeHex(text, { max: 2 ** 20, what: "test" })
const parse = (text: string): CborValue => parseCbor(hex(text), { what: "test" })

/** Bytes and values of RFC 8949, appendix A. */
const EXAMPLES: readonly (readonly [string, CborValue])[] = [
  ["00", 0],
  ["17", 23],
  ["1818", 24],
  ["1903e8", 1000],
  ["1a000f4240", 1_000_000],
  ["1b000000e8d4a51000", 1_000_000_000_000],
  ["1bffffffffffffffff", 18_446_744_073_709_551_615n],
  ["3bffffffffffffffff", -18_446_744_073_709_551_616n],
  ["20", -1],
  ["3863", -100],
  ["3903e7", -1000],
  ["f4", false],
  ["f5", true],
  ["f6", null],
  ["40", new Uint8Array(0)],
  ["4401020304", Uint8Array.of(1, 2, 3, 4)],
  ["60", ""],
  ["62225c", '"\\'],
  ["62c3bc", "\u00fc"],
  ["64f0908591", "\u{10151}"],
  ["80", []],
  ["83010203", [1, 2, 3]],
  ["8301820203820405", [1, [2, 3], [4, 5]]],
  ["a0", new Map()],
  [
    "a201020304",
    new Map<CborKey, CborValue>([
      [1, 2],
      [3, 4],
    ]),
  ],
  ["826161a161626163", ["a", new Map([["b", "c"]])]],
  ["c11a514b67b0", { kind: "tag", tag: 1, value: 1_363_896_240 }],
  ["d82076687474703a2f2f7777772e6578616d706c652e636f6d", { kind: "tag", tag: 32, value: "http://www.example.com" }],
]

describe("parseCbor", () => {
  it.each(EXAMPLES)("reads %s", (text, value) => {
    expect(parse(text)).toEqual(value)
  })

  it.each([
    ["f93c00", 1],
    ["fb3ff199999999999a", 1.1],
    ["fa47c35000", 100_000],
    ["c249010000000000000000", undefined],
  ])("keeps floats and tags apart from integers in %s", (text, value) => {
    expect(parse(text)).toMatchObject(value === undefined ? { kind: "tag", tag: 2 } : { kind: "float", value })
  })

  it.each([
    ["", "ends at offset 0"],
    ["1800", "a longer form than needed"],
    ["190017", "a longer form than needed"],
    ["1a0000ffff", "a longer form than needed"],
    ["1b00000000ffffffff", "a longer form than needed"],
    ["3817", "a longer form than needed"],
    ["580101", "a longer form than needed"],
    ["d80140", "a longer form than needed"],
    ["9f01ff", "an indefinite length"],
    ["bf0102ff", "an indefinite length"],
    ["5f4101ff", "an indefinite length"],
    ["7f6161ff", "an indefinite length"],
    ["1c", "reserved head"],
    ["fc", "reserved head"],
    ["f7", "simple value"],
    ["e0", "simple value"],
    ["f8ff", "simple value"],
    ["0000", "bytes behind its end"],
    ["a201020103", "uplicate"],
    ["a2616101616102", "uplicate"],
    ["a1410102", "map key"],
    ["a1f93c0002", "map key"],
    ["a18001", "map key"],
    ["6180", "UTF-8"],
    ["63eda080", "UTF-8"],
    ["62c080", "UTF-8"],
    ["4201", "claims 2 bytes"],
    ["5bffffffffffffffff", "claims 18446744073709551615 bytes"],
    ["7affffffff", "claims 4294967295 bytes"],
    ["19ff", "ends within"],
    ["81", "claims 1 items"],
    ["8201", "claims 2 items"],
    ["c1", "claims 1 items"],
  ])("refuses %s: %s", (text, why) => {
    expect(() => parse(text)).toThrow(why)
  })

  it.each([
    ["9bffffffffffffffff", "claims 18446744073709551615 items"],
    ["baffffffff", "claims 8589934590 items"],
  ])("adv: CBOR limits: %s is refused before room is made", (text, why) => {
    expect(() => parse(text)).toThrow(why)
  })

  it("adv: CBOR limits: depth and elements are bounded", () => {
    const nested = (levels: number): Uint8Array => new Uint8Array(levels + 1).fill(0x81, 0, levels)
    expect(parseCbor(nested(32), { what: "test" })).toBeDefined()
    const limited = expect.objectContaining({ code: "E_LIMIT_EXCEEDED" }) as Error
    expect(() => parseCbor(nested(33), { what: "test" })).toThrow(limited)
    expect(() => parseCbor(nested(100_000), { what: "test" })).toThrow(limited)
    expect(() => parseCbor(nested(100_000).fill(0xc1, 0, 100_000), { what: "test" })).toThrow(limited)
    const wide = new Uint8Array(131_072 + 5)
    wide.set([0x9a, 0, 2, 0, 0])
    expect(() => parseCbor(wide, { what: "test" })).toThrow(limited)
    expect(() => parseCbor(new Uint8Array(11), { what: "test", maxBytes: 10 })).toThrow(limited)
  })

  it("gives byte strings that are copies", () => {
    const bytes = hex("4101")
    const value = parseCbor(bytes, { what: "test" })
    bytes[1] = 7
    expect(value).toEqual(Uint8Array.of(1))
  })

  it("takes __proto__ as any other key", () => {
    expect(parse("a1695f5f70726f746f5f5f01")).toEqual(new Map([["__proto__", 1]]))
  })
})

describe("encodeCbor", () => {
  it.each(EXAMPLES)("writes %s", (text, value) => {
    expect(encodeHex(encodeCbor(value))).toBe(text)
  })

  it("sorts keys by their encoding", () => {
    const map = new Map<CborKey, CborValue>([
      ["b", 1],
      ["aa", 2],
      [-1, 3],
      [100, 4],
      [10, 5],
    ])
    // RFC 8949 section 4.2.1: 10, 100, -1, "b", "aa".
    expect(encodeHex(encodeCbor(map))).toBe("a50a05186404200361620162616102")
  })

  it.each([[1.5], [Number.NaN], [2 ** 60], ["\ud800"], [{ kind: "float", value: 1 } as const]])(
    "refuses %j",
    (value) => {
      expect(() => encodeCbor(value)).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error)
    },
  )
})

describe("properties", () => {
  const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.integer(),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
      fc.string({ unit: "binary" }),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie("value"), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.oneof(fc.integer(), fc.string({ unit: "binary" })), tie("value")), { maxLength: 4 })
        .map((entries) => new Map<CborKey, CborValue>(entries)),
    ),
  }))

  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(parseCbor(encodeCbor(original), { what: "test" })).toEqual(original)
      }),
    )
  })

  it("never fails in another way than its own", () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(255), (original, at, byte) => {
        const bytes = encodeCbor(original)
        bytes[at % bytes.length] = byte
        try {
          parseCbor(bytes, { what: "test" })
        } catch (error) {
          expect(error).toBeInstanceOf(ToolError)
        }
      }),
    )
  })
})
