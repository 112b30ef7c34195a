import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import { encodeEnvelope, parseEnvelope } from "./envelope.ts"
import { pae } from "./pae.ts"

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)
const valid = {
  payloadType: "http://example.com/HelloWorld",
  payload: "aGVsbG8gd29ybGQ=",
  signatures: [{ sig: "AQID" }],
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

describe("pae", () => {
  it("is the example of the DSSE specification", () => {
    expect(text(pae("http://example.com/HelloWorld", bytes("hello world")))).toBe(
      "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
    )
    expect(text(pae("", new Uint8Array()))).toBe("DSSEv1 0  0 ")
  })

  it("counts bytes of UTF-8, not characters", () => {
    expect(text(pae("é", bytes("€")))).toBe("DSSEv1 2 é 3 €")
  })

  it("never gives the same bytes for two inputs", () => {
    const part = fc.string({ unit: fc.constantFrom("1", " ", "a", "2"), maxLength: 4 })
    fc.assert(
      fc.property(part, part, part, part, (type1, payload1, type2, payload2) => {
        const same = text(pae(type1, bytes(payload1))) === text(pae(type2, bytes(payload2)))
        expect(same).toBe(type1 === type2 && payload1 === payload2)
      }),
      { numRuns: 500 },
    )
  })
})

describe("parseEnvelope", () => {
  it("reads what cosign 2 and 3 write, and writes it back to the byte", () => {
    const cosign2 =
      '{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":"MEUC"}]}'
    const cosign3 = '{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"MEUC"}]}'
    expect(text(encodeEnvelope("cosign2", parseEnvelope(cosign2)))).toBe(cosign2)
    expect(text(encodeEnvelope("cosign3", parseEnvelope(bytes(cosign3))))).toBe(cosign3)
    expect(parseEnvelope(cosign2)).toEqual(parseEnvelope(cosign3))
    const named = '{"payload":"","payloadType":"t","signatures":[{"sig":"MEUC","keyid":"k"}]}'
    expect(text(encodeEnvelope("cosign3", parseEnvelope(named)))).toBe(named)
  })

  it("takes the URL alphabet, never without padding", () => {
    expect(parseEnvelope(JSON.stringify({ ...valid, payload: "-_8=" })).payload).toEqual(Uint8Array.of(0xfb, 0xff))
    expect(codeOf(() => parseEnvelope(JSON.stringify({ ...valid, payload: "-_8" })))).toBe("E_FORMAT_MALFORMED")
  })

  it.each<[string, unknown]>([
    ["null", null],
    ["an array", []],
    ["a string", "x"],
    ["no payload", { ...valid, payload: undefined }],
    ["payload null", { ...valid, payload: null }],
    ["payload a number", { ...valid, payload: 1 }],
    ["payload with a newline", { ...valid, payload: "aGVs\nbG8=" }],
    ["payload with both alphabets", { ...valid, payload: "+-8=" }],
    ["no payload type", { ...valid, payloadType: undefined }],
    ["empty payload type", { ...valid, payloadType: "" }],
    ["signatures missing", { ...valid, signatures: undefined }],
    ["signatures null", { ...valid, signatures: null }],
    ["adv: sigstore-python #1062: no signature", { ...valid, signatures: [] }],
    ["signature null", { ...valid, signatures: [null] }],
    ["signature without sig", { ...valid, signatures: [{ keyid: "k" }] }],
    ["empty sig", { ...valid, signatures: [{ sig: "" }] }],
    ["sig with a blank", { ...valid, signatures: [{ sig: "AQ ID" }] }],
    ["keyid a number", { ...valid, signatures: [{ sig: "AQID", keyid: 1 }] }],
    ["keyid null", { ...valid, signatures: [{ sig: "AQID", keyid: null }] }],
    ["too many signatures", { ...valid, signatures: Array.from({ length: 17 }, () => ({ sig: "AQID" })) }],
  ])("refuses: %s", (_, value) => {
    expect(codeOf(() => parseEnvelope(JSON.stringify(value)))).toBe("E_FORMAT_MALFORMED")
  })

  it("adv: sigstore-python #1062: two signatures are refused where one is the rule", () => {
    const two = JSON.stringify({ ...valid, signatures: [{ sig: "AQID" }, { sig: "BAUG" }] })
    expect(parseEnvelope(two).signatures).toHaveLength(2)
    expect(codeOf(() => parseEnvelope(two, { maxSignatures: 1 }))).toBe("E_FORMAT_MALFORMED")
  })

  it("adv: duplicate keys (RFC 7515, I-JSON): a second payloadType is refused", () => {
    const twice = `{"payloadType":"a","payloadType":"b","payload":"e30=","signatures":[{"sig":"AQID"}]}`
    expect(codeOf(() => parseEnvelope(twice))).toBe("E_FORMAT_MALFORMED")
  })

  it("bounds the document and the signature", () => {
    expect(codeOf(() => parseEnvelope(JSON.stringify(valid), { maxBytes: 20 }))).toBe("E_LIMIT_EXCEEDED")
    const long = JSON.stringify({ ...valid, signatures: [{ sig: "AAAA".repeat(400) }] })
    expect(codeOf(() => parseEnvelope(long))).toBe("E_LIMIT_EXCEEDED")
  })

  it("round trips and throws nothing but ToolError", () => {
    const some = fc.uint8Array({ minLength: 1, maxLength: 40 })
    const generation = fc.constantFrom<"cosign2" | "cosign3">("cosign2", "cosign3")
    fc.assert(
      fc.property(some, some, fc.string({ minLength: 1 }), generation, (payload, sig, payloadType, which) => {
        const envelope = { payloadType, payload, signatures: [{ keyid: "", sig }] }
        expect(parseEnvelope(encodeEnvelope(which, envelope))).toEqual(envelope)
      }),
    )
    fc.assert(fc.property(fc.jsonValue(), (value) => void codeOf(() => parseEnvelope(JSON.stringify(value)))))
  })
})
