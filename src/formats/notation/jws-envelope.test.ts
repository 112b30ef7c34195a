import { describe, expect, it } from "vitest"
import { decodeBase64, encodeBase64, encodeBase64Url } from "../../codec/base64.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { parseJwsEnvelope } from "./jws-envelope.ts"
import { readLibrarySigned, readSigned, type Signed } from "../../../tests/vectors/notation/read-signed.ts"
import type { UnverifiedEnvelope } from "./envelope.ts"

const encoder = new TextEncoder()

type Members = Readonly<Record<string, JsonValue | undefined>>

interface Changes {
  readonly protected?: Members
  readonly header?: Members
  readonly payload?: string
  readonly signature?: string
}

const real = readSigned().find(({ key, format }) => key === "ec-256" && format === "jws") as Signed
const document = JSON.parse(new TextDecoder().decode(real.bytes)) as Record<string, string> & { header: Members }
const realProtected = JSON.parse(
  new TextDecoder().decode(
    decodeBase64(document["protected"] ?? "", { alphabet: "url", padding: "forbidden", max: 9999, what: "test" }),
  ),
) as Members

/** What notation wrote, with members changed; `undefined` takes one out. */
function changed(changes: Changes): Uint8Array {
  const header = { ...realProtected, ...changes.protected }
  return encoder.encode(
    JSON.stringify({
      ...document,
      protected: encodeBase64Url(encoder.encode(JSON.stringify(header))),
      header: { ...document.header, ...changes.header },
      ...(changes.payload === undefined ? {} : { payload: encodeBase64Url(encoder.encode(changes.payload)) }),
      ...(changes.signature === undefined ? {} : { signature: changes.signature }),
    }),
  )
}

const parse = (changes: Changes): UnverifiedEnvelope => parseJwsEnvelope(changed(changes))

const SCHEME = "io.cncf.notary.signingScheme"
const TIME = "io.cncf.notary.signingTime"
const AUTHENTIC = "io.cncf.notary.authenticSigningTime"
const EXPIRY = "io.cncf.notary.expiry"
const SA = "notary.x509.signingAuthority"
const AT = "2026-11-20T09:12:31+08:00"

describe("parseJwsEnvelope", () => {
  it("reads attributes as written", () => {
    const envelope = parse({
      protected: {
        [TIME]: AT,
        [EXPIRY]: "2026-11-20T09:12:31.25+08:00",
        custom: { a: [1] },
        must: "x",
        crit: [SCHEME, EXPIRY, "must"],
      },
      header: { "io.cncf.notary.timestampSignature": "MAA=", "io.cncf.notary.signingAgent": "", other: 1 },
    })
    expect(envelope.attributes).toEqual({
      contentType: "application/vnd.cncf.notary.payload.v1+json",
      signingScheme: "notary.x509",
      signingTime: { at: 1_795_137_151_000, zone: "+08:00" },
      expiry: { at: 1_795_137_151_250, zone: "+08:00" },
      algorithm: "ECDSA-SHA-256",
      extended: [
        { key: "custom", critical: false, value: { a: [1] } },
        { key: "must", critical: true, value: "x" },
      ],
      timestampToken: Uint8Array.of(0x30, 0),
    })
  })

  it("reads the signing authority scheme", () => {
    const { attributes } = parse({
      protected: {
        [SCHEME]: SA,
        [TIME]: undefined,
        [AUTHENTIC]: "2026-11-20T09:12:31Z",
        crit: [SCHEME, AUTHENTIC, EXPIRY],
      },
    })
    expect(attributes).toMatchObject({ signingScheme: SA, signingTime: { at: 1_795_165_951_000, zone: "Z" } })
  })

  it("passes over the signing agent in the spelling of notation's release candidates", () => {
    const name = "io.cncf.notary.SigningAgent"
    const { attributes } = parse({ header: { "io.cncf.notary.signingAgent": undefined, [name]: "x" } })
    expect(attributes).not.toHaveProperty("signingAgent")
  })

  it("takes the zero time as no expiry", () => {
    const { attributes } = parse({ protected: { [EXPIRY]: "0001-01-01T00:00:00Z", crit: [SCHEME] } })
    expect(attributes.expiry).toBeUndefined()
  })

  it.each<[string, Changes]>([
    ["certificate chain is not present", { header: { x5c: undefined } }],
    ["certificate chain is not present", { header: { x5c: [] } }],
    ["malformed leaf certificate", { header: { x5c: ["AQID"] } }],
    ["malformed leaf certificate", { header: { x5c: [""] } }],
    [
      "malformed certificate",
      { header: { x5c: [...(document.header["x5c"] as string[]), "MA"].map((one, i) => (i === 2 ? "MAAA" : one)) } },
    ],
    ["certificate chain is too large", { header: { x5c: new Array<string>(11).fill("MAA=") } }],
    ["x5c", { header: { x5c: "MAA=" } }],
    ["x5c", { header: { x5c: [1] } }],
    ["x5c", { header: { x5c: ["MAA"] } }],
    ["saw member", { header: { X5C: [] } }],
    ["saw member", { header: { "io.cncf.notary.TimestampSignature": "" } }],
    ["signingAgent", { header: { "io.cncf.notary.signingAgent": 1 } }],
    ["timestamp signature", { header: { "io.cncf.notary.timestampSignature": "!" } }],
    ["timestamp signature is too large", { header: { "io.cncf.notary.timestampSignature": "A".repeat(2 ** 21) } }],
    ["timestampSignature", { header: { "io.cncf.notary.timestampSignature": [] } }],
    ["malformed payload", { payload: "" }],
    ["malformed payload", { payload: "[]" }],
    ["malformed payload", { payload: '{"a":1,"a":2}' }],
    ["unsupported SigningScheme: ``", { protected: { [SCHEME]: "" } }],
    ["unsupported SigningScheme: `notary.x50`", { protected: { [SCHEME]: "notary.x50" } }],
    [SCHEME, { protected: { [SCHEME]: 1 } }],
    [`"${AUTHENTIC}" header must not be present for notary.x509 signing scheme`, { protected: { [AUTHENTIC]: AT } }],
    [`"${TIME}" header must not be present for ${SA} signing scheme`, { protected: { [SCHEME]: SA, [AUTHENTIC]: AT } }],
    [
      `"${AUTHENTIC}" header must be present for ${SA} signing scheme`,
      { protected: { [SCHEME]: SA, [TIME]: undefined } },
    ],
    ["signing-time not present", { protected: { [TIME]: undefined } }],
    ["signing-time not present", { protected: { [TIME]: "0001-01-01T00:00:00Z" } }],
    ["jws envelope protected header can't be decoded", { protected: { [TIME]: "2026-11-20" } }],
    ["jws envelope protected header can't be decoded", { protected: { [TIME]: "" } }],
    ["jws envelope protected header can't be decoded", { protected: { [EXPIRY]: "tomorrow" } }],
    [TIME, { protected: { [TIME]: 1_795_165_951 } }],
    [EXPIRY, { protected: { [EXPIRY]: null } }],
    ["expiry cannot be equal or before the signing time", { protected: { [TIME]: AT, [EXPIRY]: AT } }],
    ["expiry cannot be equal or before the signing time", { protected: { [TIME]: "2099-01-01T00:00:00Z" } }],
    ["signature missing in jws-json envelope", { signature: "" }],
    ["cty", { protected: { cty: 1 } }],
    ["saw member", { protected: { "io.cncf.notary.verificationplugin": "x" } }],
    ["saw member", { protected: { Cty: "x" } }],
  ])("refuses with %s (%#)", (text, changes) => {
    expect(() => parse(changes)).toThrow(text)
  })

  it.each<[string, Changes]>([
    ['missing "crit" header', { protected: { crit: undefined } }],
    ['missing "crit" header', { protected: { crit: [] } }],
    [`these required headers are not marked as critical: [${SCHEME}]`, { protected: { crit: [EXPIRY] } }],
    [`these required headers are not marked as critical: [${EXPIRY}]`, { protected: { crit: [SCHEME] } }],
    [`these required headers are not marked as critical: [${SCHEME} ${EXPIRY}]`, { protected: { crit: ["x"], x: 1 } }],
    [
      `these required headers are not marked as critical: [${AUTHENTIC}]`,
      { protected: { [SCHEME]: SA, [TIME]: undefined, [AUTHENTIC]: AT } },
    ],
    ['"x" header is marked critical but not present', { protected: { crit: [SCHEME, EXPIRY, "x"] } }],
    [`"${TIME}" header is marked critical but not present`, { protected: { crit: [SCHEME, EXPIRY, TIME] } }],
    [`"${EXPIRY}" header is marked critical but not present`, { protected: { [EXPIRY]: undefined } }],
    ["listed twice", { protected: { crit: [SCHEME, EXPIRY, EXPIRY] } }],
    ["crit", { protected: { crit: SCHEME } }],
    ["crit", { protected: { crit: [SCHEME, EXPIRY, 1] } }],
    ["crit", { header: { crit: [SCHEME] } }],
    [`"${SCHEME}" header is marked critical but not present`, { protected: { [SCHEME]: undefined } }],
    ["unsupported SigningScheme: ``", { protected: { [SCHEME]: undefined, crit: [EXPIRY] } }],
  ])("adv: crit handling: refuses with %s (%#)", (text, changes) => {
    expect(() => parse(changes)).toThrow(text)
  })

  it.each<[string, Changes]>([
    ...["none", "None", "NONE", "", "HS256", "HS512", "RS256", "ES256K", "EdDSA", "PS256 ", "ps256"].map(
      (alg): [string, Changes] => [alg, { protected: { alg } }],
    ),
    ["nothing", { protected: { alg: undefined } }],
    ["a list", { protected: { alg: ["ES256"] } }],
    ["null", { protected: { alg: null } }],
    ["one that is unprotected", { protected: { alg: undefined }, header: { alg: "ES256" } }],
  ])("adv: CVE-2022-23540: refuses %j as algorithm", (_, changes) => {
    expect(() => parse(changes)).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error)
  })

  it("adv: CVE-2026-34240: takes no key from the header", () => {
    const jwk = { kty: "EC", crv: "P-256", x: "AA", y: "AA" }
    for (const where of ["protected", "header"] as const) {
      const { certificates } = parse({
        [where]: { jwk, kid: "../x", jku: "https://example.com", x5u: "https://example.com" },
      })
      expect(certificates.map(encodeBase64)).toEqual(document.header["x5c"])
    }
    const { certificates } = parse({ protected: { "x5t#S256": "x" } })
    expect(certificates).toHaveLength(2)
  })

  it.each([
    ["one byte less", 63],
    ["one byte more", 65],
    ["of another curve", 96],
    ["a single byte", 1],
  ])("adv: CVE-2020-14966: refuses an ECDSA signature of another width: %s", (_, length) => {
    expect(() => parse({ signature: encodeBase64Url(new Uint8Array(length).fill(1)) })).toThrow("expected 64")
  })

  it.each(["{}", '{"header":{}}', '{"payload":"","protected":"?","header":{"x5c":[]}}'])(
    "%s has no certificates, whatever else is wrong with it",
    (text) => {
      expect(() => parseJwsEnvelope(encoder.encode(text))).toThrow("certificate chain is not present")
    },
  )

  it("adv: CVE-2020-14966: refuses an ECDSA signature in DER", () => {
    const der = Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1)
    expect(() => parse({ signature: encodeBase64Url(der) })).toThrow("signature is invalid")
  })
})

describe("what notation-core-go signed", () => {
  const extended = [
    { key: "com.example.list", critical: false, value: ["a", 1, true, null, { k: "v" }] },
    { key: "com.example.must", critical: true, value: "x" },
    { key: "io.cncf.notary.verificationPlugin", critical: true, value: "plug" },
  ]
  const expected = {
    "signing-authority": { signingScheme: SA, extended: [] },
    extended: { extended },
    "other-type": { contentType: "application/vnd.other+json", extended: [] },
  }
  it.each(readLibrarySigned().filter(({ format }) => format === "jws"))("$name is read", ({ name, bytes }) => {
    const { attributes } = parseJwsEnvelope(bytes)
    const signingTime = { at: Date.UTC(2026, 1, 2, 20, 5, 6), zone: "+08:00" }
    expect(attributes).toMatchObject({ ...expected[name], signingTime })
  })
})
