import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import { buildLegacyBundle, looksLikeLegacyBundle, parseLegacyBundle } from "./legacy-bundle.ts"
import { parseRekorAnnotation, parseTimestampAnnotation } from "./rekor-bundle.ts"

const PEM = "-----BEGIN PUBLIC KEY-----\nAQID\n-----END PUBLIC KEY-----\n"
const CERT = "-----BEGIN CERTIFICATE-----\nMAID\n-----END CERTIFICATE-----\n"
const ENTRY = {
  SignedEntryTimestamp: "AQID",
  Payload: { body: "e30=", integratedTime: 1, logIndex: 2, logID: "ab" },
}

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value))
}

function base64(text: string): string {
  return btoa(text)
}

function code(action: () => unknown): string {
  try {
    action()
    return "accepted"
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
}

describe("parseLegacyBundle", () => {
  it.each([
    ["nothing but a signature", undefined, undefined],
    ["an empty cert", "", undefined],
    ["PEM", PEM, "public-key"],
    ["base64 of PEM", base64(PEM), "public-key"],
    ["PEM of a certificate", CERT, "certificate"],
    ["base64 of a certificate's PEM", base64(CERT), "certificate"],
    ["base64 of DER", "MAID", "certificate"],
    ["several lines of base64 DER", "MAID\nMAIE\n", "certificate"],
  ])("reads %s", (_, cert, kind) => {
    expect(parseLegacyBundle(bytes({ base64Signature: "AQID", cert })).material?.kind).toBe(kind)
  })

  it("reads the log entry and does not need it", () => {
    const { rekorBundle } = parseLegacyBundle(bytes({ base64Signature: "AQID", rekorBundle: ENTRY }))
    expect(rekorBundle).toMatchObject({ integratedTime: 1n, logIndex: 2n, logId: "ab" })
    expect(parseLegacyBundle(bytes({ base64Signature: "AQID", rekorBundle: null })).rekorBundle).toBeUndefined()
  })

  it.each([
    ["no signature", { cert: PEM }],
    ["an empty signature", { base64Signature: "" }],
    ["a signature that is a number", { base64Signature: 1 }],
    ["junk in the signature", { base64Signature: "AQ ID" }],
    ["a Sigstore bundle as well", { base64Signature: "AQID", mediaType: "x" }],
    ["a private key", { base64Signature: "AQID", cert: PEM.replaceAll("PUBLIC", "PRIVATE") }],
    ["broken PEM", { base64Signature: "AQID", cert: "-----BEGIN PUBLIC KEY-----\nAQID" }],
    ["a cert that is an object", { base64Signature: "AQID", cert: {} }],
    ["an array", []],
    ["a duplicate", '{"base64Signature":"AQID","base64Signature":"AQIE"}'],
  ])("refuses %s", (_, document) => {
    expect(code(() => parseLegacyBundle(bytes(document)))).toBe("E_FORMAT_MALFORMED")
  })

  it("tells the two kinds of bundle apart", () => {
    expect(looksLikeLegacyBundle({ base64Signature: "" })).toBe(true)
    expect(looksLikeLegacyBundle({ mediaType: "" })).toBe(false)
    expect(looksLikeLegacyBundle(["base64Signature"])).toBe(false)
    expect(looksLikeLegacyBundle(null)).toBe(false)
  })

  it("leaves cert out without a key", () => {
    const made = new TextDecoder().decode(buildLegacyBundle({ signature: Uint8Array.of(1, 2, 3) }))
    expect(made).toBe('{"base64Signature":"AQID"}')
  })
})

describe("log entries and timestamps beside legacy signatures", () => {
  const payload = (body: unknown): unknown => ({ ...ENTRY, Payload: { ...ENTRY.Payload, body } })
  it.each([
    ["a body that is a number", payload(1)],
    ["a null body", payload(null)],
    ["a body that is an object", payload({})],
    ["a body that is no base64", payload("***")],
    ["no payload", { SignedEntryTimestamp: "AQID" }],
    ["a null payload", { ...ENTRY, Payload: null }],
    ["a negative index", { ...ENTRY, Payload: { ...ENTRY.Payload, logIndex: -1 } }],
    ["a fractional time", { ...ENTRY, Payload: { ...ENTRY.Payload, integratedTime: 1.5 } }],
    ["null", null],
    ["an array", []],
  ])("adv: cosign-4649 refuses %s", (_, value) => {
    expect(code(() => parseRekorAnnotation(JSON.stringify(value)))).toBe("E_FORMAT_MALFORMED")
  })

  it.each(["{}", "null", "[]", '{"SignedRFC3161Timestamp":1}', '{"SignedRFC3161Timestamp":"*"}', ""])(
    "refuses the timestamp %j",
    (text) => {
      expect(code(() => parseTimestampAnnotation(text))).toBe("E_FORMAT_MALFORMED")
    },
  )

  it("reads both", () => {
    expect(parseRekorAnnotation(JSON.stringify(ENTRY)).logIndex).toBe(2n)
    expect(parseTimestampAnnotation('{"SignedRFC3161Timestamp":"AQID"}')).toEqual(Uint8Array.of(1, 2, 3))
  })
})
