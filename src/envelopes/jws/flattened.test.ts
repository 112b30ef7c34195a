import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { encodeBase64Url } from "../../codec/base64.ts"
import { ToolError } from "../../core/errors.ts"
import { draftJws, parseJws, type UnverifiedJws } from "./flattened.ts"

const encoder = new TextEncoder()
const base64 = (text: string | Uint8Array): string =>
  encodeBase64Url(typeof text === "string" ? encoder.encode(text) : text)

const PROTECTED = '{"alg":"PS256","crit":["x"],"x":1}'

/** A sound document with changed members; `undefined` takes one out. */
function document(changes: Readonly<Record<string, unknown>> = {}): string {
  const sound = { payload: base64('{"a":1}'), protected: base64(PROTECTED), header: {}, signature: "AQID" }
  return JSON.stringify({ ...sound, ...changes })
}

const parse = (text: string): UnverifiedJws => parseJws(encoder.encode(text), { known: ["io.example.known"] })
const malformed = expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error

describe("parseJws", () => {
  it("keeps the texts that the signature covers", () => {
    // RFC 7515 appendix A.6.4 in part: members may come in any order, unknown ones are ignored.
    const jws = parse(
      `{"other":[1], "signature":"AQID" ,"protected":"${base64(PROTECTED)}","payload":"${base64("{ }")}"}`,
    )
    expect(new TextDecoder().decode(jws.signingInput)).toBe(`${base64(PROTECTED)}.${base64("{ }")}`)
    expect(jws).toMatchObject({ critical: ["x"], header: {}, signature: Uint8Array.of(1, 2, 3) })
    expect(jws.payload).toEqual(encoder.encode("{ }"))
  })

  it("gives an absent signature as no bytes", () => {
    expect(parse(document({ signature: "" })).signature).toHaveLength(0)
  })

  it.each([
    ["no payload", { payload: undefined }],
    ["no protected header", { protected: undefined }],
    ["no signature", { signature: undefined }],
    ["a payload that is no text", { payload: {} }],
    ["a protected header that is an object", { protected: { alg: "PS256" } }],
    ["an empty protected header", { protected: "" }],
    ["a protected header that is a list", { protected: base64("[]") }],
    ["two documents in the protected header", { protected: base64(`${PROTECTED}{}`) }],
    ["a header that is a list", { header: [] }],
    ["a header that is null", { header: null }],
    ["another spelling of payload", { Payload: "e30" }],
    ["another spelling of protected", { PROTECTED: base64(PROTECTED) }],
    ["a spelling that Go folds", { ſignature: "AQID" }],
    ["another spelling of alg", { protected: base64('{"alg":"PS256","Alg":"none"}') }],
    ["another spelling of a known header", { protected: base64('{"alg":"PS256","io.example.KNOWN":1}') }],
  ])("refuses %s", (_, changes) => {
    expect(() => parse(document(changes))).toThrow(malformed)
  })

  it.each([
    ["the general form", { signatures: [{ protected: base64(PROTECTED), signature: "AQID" }] }],
    ["two signatures", { signature: undefined, signatures: [{}, {}] }],
    ["an empty list of signatures", { signatures: [] }],
    ["a header both protected and not", { header: { alg: "PS256" } }],
    ["another one both protected and not", { header: { x: 1 } }],
  ])("adv: CVE-2016-9122: refuses %s", (_, changes) => {
    expect(() => parse(document(changes))).toThrow(malformed)
  })

  it.each([
    ["an empty list", '{"alg":"PS256","crit":[]}'],
    ["no list", '{"alg":"PS256","crit":"x","x":1}'],
    ["an item that is no text", '{"alg":"PS256","crit":[1],"1":1}'],
    ["an empty name", '{"alg":"PS256","crit":[""],"":1}'],
    ["a name twice", '{"alg":"PS256","crit":["x","x"],"x":1}'],
    ["a name that is absent", '{"alg":"PS256","crit":["x"]}'],
    ["a name of the object itself", '{"alg":"PS256","crit":["toString"]}'],
    ["a standard name", '{"alg":"PS256","crit":["alg"]}'],
    ["itself", '{"alg":"PS256","crit":["crit"]}'],
    ["null", '{"alg":"PS256","crit":null}'],
  ])("adv: crit handling: refuses %s", (_, header) => {
    expect(() => parse(document({ protected: base64(header) }))).toThrow(malformed)
  })

  it("adv: crit handling: refuses an unprotected crit", () => {
    const changes = { protected: base64('{"alg":"PS256","x":1}'), header: { crit: ["x"] } }
    expect(() => parse(document(changes))).toThrow(malformed)
  })

  it.each([
    { protected: base64('{"alg":"PS256","crit":["b64"],"b64":false}') },
    { protected: base64('{"alg":"PS256","b64":true}') },
    { header: { b64: false } },
  ])("adv: b64: refuses %j", (changes) => {
    expect(() => parse(document(changes))).toThrow("b64")
  })

  it.each(["AQI=", "AQ==", "A+Ag", "A/Ag", "AQ ID", "AQID\n", "AQ\u0001D", "AQJ", "AR", "A", "\u0410QID"])(
    "adv: CVE-2022-25898: refuses %j as base64url",
    (text) => {
      expect(() => parse(document({ signature: text }))).toThrow(malformed)
      expect(() => parse(document({ payload: text }))).toThrow(malformed)
    },
  )

  it.each([
    ["0xff", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ["an overlong form", Uint8Array.of(0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d)],
    ["a lone surrogate", encoder.encode('{"alg":"\\ud800"}')],
    ["a byte order mark", encoder.encode(`\ufeff${PROTECTED}`)],
  ])("adv: panva/jose 5df3fed: refuses %s in the protected header", (_, bytes) => {
    expect(() => parse(document({ protected: base64(bytes) }))).toThrow(malformed)
  })

  it.each([
    document().replace("{", '{"payload":"e30",'),
    document().replace('"header":{}', '"header":{"x5c":[],"x5c":[]}'),
    document({ protected: base64('{"alg":"PS256","alg":"none"}') }),
    document({ protected: base64('{"alg":"PS256","__proto__":1,"__proto__":2}') }),
  ])("adv: duplicate keys: refuses %s", (text) => {
    expect(() => parse(text)).toThrow(malformed)
  })

  it("takes __proto__ as any other header", () => {
    const jws = parse(document({ protected: base64('{"alg":"PS256","__proto__":{"crit":["x"]}}') }))
    expect(jws.critical).toEqual([])
    expect(Object.keys(jws.protectedHeader)).toEqual(["alg", "__proto__"])
  })

  it("is bounded", () => {
    const limited = expect.objectContaining({ code: "E_LIMIT_EXCEEDED" }) as Error
    expect(() => parseJws(encoder.encode(document()), { maxBytes: 10 })).toThrow(limited)
    const deep = `{"alg":${"[".repeat(40)}${"]".repeat(40)}}`
    expect(() => parse(document({ protected: base64(deep) }))).toThrow(limited)
    expect(() => parse(document({ signature: base64(new Uint8Array(2000)) }))).toThrow(limited)
  })

  it("adv: GHSA-78h2-9frx-2jm8: refuses compact and encrypted forms", () => {
    for (const text of ["e30.e30.AQID", "e30.e30.e30.e30.e30", '"e30.e30.AQID"', "[]", "null", ""]) {
      expect(() => parse(text)).toThrow(malformed)
    }
  })
})

describe("draftJws", () => {
  it("writes members in Go's order and escapes as Go does", () => {
    const draft = draftJws({ payload: encoder.encode("{}"), protectedHeader: encoder.encode('{"alg":"ES256"}') })
    expect(new TextDecoder().decode(draft.signingInput)).toBe("eyJhbGciOiJFUzI1NiJ9.e30")
    expect(new TextDecoder().decode(draft.finish(Uint8Array.of(255, 239), { agent: "<&>" }))).toBe(
      '{"payload":"e30","protected":"eyJhbGciOiJFUzI1NiJ9","header":{"agent":"\\u003c\\u0026\\u003e"},"signature":"_-8"}',
    )
  })

  it("is read back", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 })
    fc.assert(
      fc.property(bytes, fc.string({ unit: "binary" }), bytes, (payload, value, signature) => {
        const protectedHeader = encoder.encode(JSON.stringify({ alg: "ES256", value }))
        const draft = draftJws({ payload, protectedHeader })
        const jws = parseJws(draft.finish(signature, { value2: value }))
        expect(jws).toMatchObject({ payload, signature, signingInput: draft.signingInput })
        expect(jws.protectedHeader["value"]).toBe(value)
      }),
    )
  })

  it("never fails in another way than its own", () => {
    const sound = encoder.encode(document())
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(255), (at, byte) => {
        const bytes = Uint8Array.from(sound)
        bytes[at] = byte
        try {
          parseJws(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(ToolError)
        }
      }),
    )
  })
})
