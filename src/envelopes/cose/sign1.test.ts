import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type CborKey, type CborValue, encodeCbor } from "../../codec/cbor.ts"
import { decodeHex, encodeHex } from "../../codec/hex.ts"
import { ToolError } from "../../core/errors.ts"
import { draftSign1, parseSign1, type UnverifiedSign1 } from "./sign1.ts"

type Entries = readonly (readonly [CborKey, CborValue])[]

const hex = (text: string): Uint8Array => decodeHex(text, { max: 2 ** 20, what: "test" })
const map = (entries: Entries): ReadonlyMap<CborKey, CborValue> => new Map(entries)
const malformed = expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error

/** A sound message with a changed part. */
function message(
  changes: {
    protectedHeader?: CborValue
    header?: Entries
    unprotected?: CborValue
    payload?: CborValue
    signature?: CborValue
  } = {},
): Uint8Array {
  const header = encodeCbor(map(changes.header ?? [[1, -7]]))
  const { protectedHeader = header, unprotected = map([]), payload = hex("7b7d"), signature = hex("01") } = changes
  return encodeCbor({ kind: "tag", tag: 18, value: [protectedHeader, unprotected, payload, signature] })
}

const parse = (changes: Parameters<typeof message>[0]): UnverifiedSign1 => parseSign1(message(changes))

/** A countersignature with a changed part. */
function countersignature(
  changes: { header?: CborValue; unprotected?: Entries; signature?: CborValue } = {},
): CborValue {
  const { header = hex("a10126"), unprotected = [], signature = hex("01") } = changes
  return [header, map(unprotected), signature]
}

describe("headers, judged as go-cose 1.3.0 does", () => {
  const ok = countersignature()
  const alone: Entries = [[1, -7]]

  it.each<[string, Entries, Entries]>([
    ["a type", [...alone, [16, "a/b"]], []],
    ["a type that is a number", [...alone, [16, 0]], []],
    ["a type that is not signed", alone, [[16, "a/b"]]],
    ["an IV", [...alone, [5, hex("01")]], []],
    ["a partial IV that is not signed", alone, [[6, hex("01")]]],
    ["a countersignature", alone, [[7, ok]]],
    ["two countersignatures", alone, [[11, [ok, ok]]]],
    [
      "both kinds",
      alone,
      [
        [7, ok],
        [11, [ok]],
      ],
    ],
    ["one without protected header", alone, [[7, countersignature({ header: hex("") })]]],
    ["one with critical headers", alone, [[7, countersignature({ header: hex("a202816178617801") })]]],
    ["the largest integers", [...alone, [2n ** 63n - 1n, -(2n ** 63n)]], []],
    ["a tag that is signed", [...alone, ["x", { kind: "tag", tag: 1, value: 5 }]], []],
    ["a tag signed by a countersignature", alone, [[7, countersignature({ header: hex("a16178c105") })]]],
    [
      "abbreviated ones",
      alone,
      [
        [9, hex("01")],
        [12, hex("")],
      ],
    ],
  ])("%s is read", (_, header, unprotected) => {
    expect(parse({ header, unprotected: map(unprotected) }).signature).toEqual(hex("01"))
  })

  it.each<[string, Entries, Entries]>([
    ["a type without slash", [...alone, [16, "JOSE"]], []],
    ["an empty type", [...alone, [16, ""]], []],
    ["a space before the type", [...alone, [16, " a/b"]], []],
    ["a negative type", [...alone, [16, -1]], []],
    ["a type that is bytes", [...alone, [16, hex("01")]], []],
    ["a type without slash that is not signed", alone, [[16, "JOSE"]]],
    ["an IV and a partial one that is not signed", [...alone, [5, hex("01")]], [[6, hex("01")]]],
    ["a partial IV and an IV that is not signed", [...alone, [6, hex("01")]], [[5, hex("01")]]],
    ["a countersignature that is bytes", alone, [[7, hex("01")]]],
    ["a countersignature that is a map", alone, [[7, map([])]]],
    ["a countersignature that is null", alone, [[7, null]]],
    ["one of two parts", alone, [[7, [hex("a10126"), map([])]]]],
    ["one of four parts", alone, [[7, [hex("a10126"), map([]), hex("01"), hex("01")]]]],
    ["one with an empty signature", alone, [[7, countersignature({ signature: hex("") })]]],
    ["one whose protected header is a map", alone, [[7, countersignature({ header: map([[1, -7]]) })]]],
    ["one whose protected header is no map", alone, [[7, countersignature({ header: hex("80") })]]],
    ["one whose protected header is no CBOR", alone, [[7, countersignature({ header: hex("a1") })]]],
    ["one with a label twice", alone, [[7, countersignature({ header: hex("a201260126") })]]],
    ["one with an unprotected crit", alone, [[7, countersignature({ unprotected: [[2, [1]]] })]]],
    ["one with an absent critical header", alone, [[7, countersignature({ header: hex("a102816178") })]]],
    ["one with a key id that is a text", alone, [[7, countersignature({ unprotected: [[4, "x"]] })]]],
    ["one with a protected countersignature", alone, [[7, countersignature({ header: hex("a10740") })]]],
    ["a tag that is not signed", alone, [["x", { kind: "tag", tag: 1, value: 5 }]]],
    ["a tag deep in what is not signed", alone, [["x", [map([["y", { kind: "tag", tag: 1, value: 5 }]])]]]],
    [
      "a tag in a countersignature",
      alone,
      [[7, countersignature({ unprotected: [["x", { kind: "tag", tag: 1, value: 5 }]] })]],
    ],
    ["a label beyond 64 bits with sign", [...alone, [2n ** 63n, 1]], []],
    ["a negative label beyond them that is not signed", alone, [[-(2n ** 63n) - 1n, 1]]],
    ["a value beyond them", [...alone, ["x", [2n ** 63n]]], []],
    ["a tagged value beyond them", [...alone, ["x", { kind: "tag", tag: 1, value: 2n ** 64n - 1n }]], []],
    ["one of version 2 that is bytes", alone, [[11, hex("01")]]],
    ["a list with something else", alone, [[7, [ok, 1]]]],
    ["an abbreviated one that is a text", alone, [[9, "x"]]],
    ["an abbreviated one of version 2 that is a list", alone, [[12, [ok]]]],
  ])("%s is refused", (_, header, unprotected) => {
    expect(() => parse({ header, unprotected: map(unprotected) })).toThrow(malformed)
  })

  it("nested countersignatures, none and too many are refused, which go-cose reads", () => {
    const nested = countersignature({ unprotected: [[7, ok]] })
    const many = Array.from({ length: 17 }, () => ok)
    for (const value of [nested, [nested], [], many]) {
      expect(() => parse({ unprotected: map([[7, value]]) })).toThrow("counter signature")
    }
    expect(parse({ unprotected: map([[7, many.slice(1)]]) }).critical).toEqual([])
  })
})

describe("parseSign1", () => {
  it("reads what it must", () => {
    const sign1 = parse({
      header: [
        [1, -7],
        [2, ["x", 100]],
        ["x", 1],
        [100, "y"],
      ],
      unprotected: map([[33, []]]),
    })
    expect(sign1).toMatchObject({ critical: ["x", 100], payload: hex("7b7d"), signature: hex("01") })
    // Sig_structure: 84 6a "Signature1", the protected bytes as received, no external data, the payload.
    expect(encodeHex(sign1.toBeSigned)).toBe("846a5369676e61747572653150a401260282617818641864617961780140427b7d")
  })

  it("signs over the protected bytes as received, sorted or not", () => {
    const unsorted = hex("a20363612f620126")
    const { toBeSigned } = parse({ protectedHeader: unsorted })
    expect(encodeHex(toBeSigned)).toBe(`846a5369676e61747572653148${encodeHex(unsorted)}40427b7d`)
  })

  it.each([
    ["nothing", ""],
    ["no tag", "8443a10126a0427b7d4101"],
    ["another tag", "d18443a10126a0427b7d4101"],
    ["the tag in a longer form", "d8128443a10126a0427b7d4101"],
    ["a tag around it", "d9d9f7d28443a10126a0427b7d4101"],
    ["an array of three", "d28343a10126a0427b7d"],
    ["an array of five", "d28543a10126a0427b7d410100"],
    ["an array in a longer form", "d2980443a10126a0427b7d4101"],
    ["bytes behind it", "d28443a10126a0427b7d410100"],
    ["an indefinite array", "d29f43a10126a0427b7d4101ff"],
    ["an indefinite unprotected map", "d28443a10126bfff427b7d4101"],
    ["an indefinite protected map", "d28444bf0126ffa0427b7d4101"],
    ["an indefinite payload", "d28443a10126a05f427b7dff4101"],
    ["a length in a longer form", "d2845803a10126a0427b7d4101"],
    ["an integer in a longer form", "d28444a1013806a0427b7d4101"],
    ["a label in a longer form", "d28444a1180126a0427b7d4101"],
    ["a protected header that is a map", "d284a10126a0427b7d4101"],
    ["a protected header that is a text", "d28463613a62a0427b7d4101"],
    ["bytes behind the protected map", "d28444a1012600a0427b7d4101"],
    ["a protected header that is an array", "d2844180a0427b7d4101"],
    ["an unprotected header that is bytes", "d28443a1012640427b7d4101"],
    ["a detached payload", "d28443a10126a0f64101"],
    ["a payload that is a text", "d28443a10126a0627b7d4101"],
    ["an empty signature", "d28443a10126a0427b7d40"],
    ["a signature that is null", "d28443a10126a0427b7df6"],
    ["a label twice", "d28445a201260126a0427b7d4101"],
    ["an unprotected label twice", "d28443a10126a2044101044101427b7d4101"],
    ["a label that is bytes", "d28446a20126410100a0427b7d4101"],
    ["a label that is a float", "d28447a20126f93c0000a0427b7d4101"],
    ["an algorithm that is a float", "d28445a101f93c00a0427b7d4101"],
  ])("adv: veraison/go-cose #63: refuses %s", (_, text) => {
    expect(() => parseSign1(hex(text))).toThrow(malformed)
  })

  it.each([
    [
      "an empty list",
      [
        [1, -7],
        [2, []],
      ],
    ],
    [
      "no list",
      [
        [1, -7],
        [2, "x"],
        ["x", 1],
      ],
    ],
    [
      "an absent text label",
      [
        [1, -7],
        [2, ["x"]],
      ],
    ],
    [
      "an absent integer label",
      [
        [1, -7],
        [2, [100]],
      ],
    ],
    [
      "a number for a text",
      [
        [1, -7],
        [2, [100]],
        ["100", 1],
      ],
    ],
    [
      "a label of another type",
      [
        [1, -7],
        [2, [null]],
      ],
    ],
    [
      "a label twice",
      [
        [1, -7],
        [2, ["x", "x"]],
        ["x", 1],
      ],
    ],
  ] as readonly [string, Entries][])("adv: crit handling: refuses %s", (_, header) => {
    expect(() => parse({ header })).toThrow("crit")
  })

  it("adv: crit handling: refuses more than 256 labels, before it looks at them", () => {
    const labels = Array.from({ length: 257 }, (_, i) => `l${i}`)
    const header = (listed: readonly string[]): Entries => [
      [1, -7],
      [2, listed],
      ...labels.map((label) => [label, 0] as const),
    ]
    expect(parse({ header: header(labels.slice(1)) }).critical).toHaveLength(256)
    expect(() => parse({ header: header(labels) })).toThrow("crit: saw 257 labels, expected at most 256")
    expect(() =>
      parse({
        header: [
          [1, -7],
          [2, labels],
        ],
      }),
    ).toThrow("crit: saw 257 labels, expected at most 256")
  })

  it.each(["header", "unprotected"])("refuses more headers than anybody writes: %s", (place) => {
    const entries = (count: number): Entries => Array.from({ length: count }, (_, i) => [`l${i}`, i] as const)
    const changes = (count: number): Parameters<typeof message>[0] =>
      place === "header" ? { header: [[1, -7], ...entries(count)] } : { unprotected: map(entries(count)) }
    expect(parse(changes(2040)).signature).toEqual(hex("01"))
    expect(() => parse(changes(2048))).toThrow("CBOR has more than 4096 elements")
  })

  it("adv: crit handling: refuses an unprotected crit", () => {
    expect(() =>
      parse({
        header: [
          [1, -7],
          ["x", 1],
        ],
        unprotected: map([[2, ["x"]]]),
      }),
    ).toThrow("crit: not allowed")
  })

  it.each([
    ["no algorithm", [[3, "a/b"]], []],
    ["an empty protected header", [], []],
    ["an algorithm beside it alone", [], [[1, -7]]],
    ["a label in both headers", [[1, -7]], [[1, -7]]],
    [
      "another label in both headers",
      [
        [1, -7],
        ["x", 1],
      ],
      [["x", 1]],
    ],
    ["an algorithm that is bytes", [[1, hex("26")]], []],
    ["an algorithm that is null", [[1, null]], []],
    [
      "a content type that is bytes",
      [
        [1, -7],
        [3, hex("26")],
      ],
      [],
    ],
    [
      "a content type that is negative",
      [
        [1, -7],
        [3, -1],
      ],
      [],
    ],
    [
      "an empty content type",
      [
        [1, -7],
        [3, ""],
      ],
      [],
    ],
    [
      "a space before the content type",
      [
        [1, -7],
        [3, " a/b"],
      ],
      [],
    ],
    [
      "a space behind the content type",
      [
        [1, -7],
        [3, "a/b "],
      ],
      [],
    ],
    [
      "a content type without slash",
      [
        [1, -7],
        [3, "ab"],
      ],
      [],
    ],
    [
      "a content type with two slashes",
      [
        [1, -7],
        [3, "a/b/c"],
      ],
      [],
    ],
    [
      "a key id that is a text",
      [
        [1, -7],
        [4, "x"],
      ],
      [],
    ],
    ["an unprotected key id that is a text", [[1, -7]], [[4, "x"]]],
    [
      "both initialization vectors",
      [
        [1, -7],
        [5, hex("00")],
        [6, hex("00")],
      ],
      [],
    ],
    [
      "a protected countersignature",
      [
        [1, -7],
        [9, hex("00")],
      ],
      [],
    ],
    [
      "a protected countersignature of version 2",
      [
        [1, -7],
        [12, hex("00")],
      ],
      [],
    ],
  ] as readonly [string, Entries, Entries][])("refuses %s", (_, header, unprotected) => {
    expect(() => parse({ header, unprotected: map(unprotected) })).toThrow(malformed)
  })

  it("refuses a protected header that is no bytes but null", () => {
    expect(() => parse({ protectedHeader: null })).toThrow(malformed)
    expect(() => parse({ protectedHeader: new Uint8Array(0) })).toThrow("algorithm not found")
  })

  it("adv: CBOR limits: is bounded", () => {
    expect(() => parseSign1(hex("d2849bffffffffffffffff"))).toThrow(malformed)
    expect(() => parseSign1(hex("d2845bffffffffffffffff"))).toThrow(malformed)
    expect(() => parseSign1(hex("d28443a10126baffffffff"))).toThrow(malformed)
    const limited = expect.objectContaining({ code: "E_LIMIT_EXCEEDED" }) as Error
    expect(() => parseSign1(message(), { maxBytes: 4 })).toThrow(limited)
    const deep = Uint8Array.of(0xd2, 0x84, 0x43, 0xa1, 1, 0x26, ...new Array<number>(100).fill(0x81), 0)
    expect(() => parseSign1(deep)).toThrow(limited)
    expect(() => parseSign1(new Uint8Array(0))).toThrow("invalid COSE_Sign1_Tagged object")
  })
})

describe("draftSign1", () => {
  it("is read back", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(bytes, bytes, fc.string({ unit: "binary" }), (payload, signature, text) => {
        const draft = draftSign1(
          map([
            ["z", text],
            [1, -7],
          ]),
          payload,
        )
        const sign1 = parseSign1(draft.finish(signature, map([["agent", text]])))
        expect(sign1).toMatchObject({ payload, signature, toBeSigned: draft.toBeSigned })
        expect(sign1.unprotectedHeader.get("agent")).toBe(text)
      }),
    )
  })

  it("never fails in another way than its own", () => {
    const sound = message({
      header: [
        [1, -7],
        [2, ["x"]],
        [3, "a/b"],
        ["x", 1],
      ],
      unprotected: map([[33, [hex("3000")]]]),
    })
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(255), (at, byte) => {
        const bytes = Uint8Array.from(sound)
        bytes[at] = byte
        try {
          parseSign1(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(ToolError)
        }
      }),
    )
  })
})
