import { describe, expect, it } from "vitest"
import { readLibrarySigned, readSigned, type Signed } from "../../../tests/vectors/notation/read-signed.ts"
import { type CborKey, type CborValue, encodeCbor, parseCbor } from "../../codec/cbor.ts"
import { parseCoseEnvelope } from "./cose-envelope.ts"
import type { UnverifiedEnvelope } from "./envelope.ts"

type Entries = readonly (readonly [CborKey, CborValue | undefined])[]
type Header = ReadonlyMap<CborKey, CborValue>

interface Changes {
  readonly protected?: Entries
  readonly header?: Entries
  readonly payload?: Uint8Array
  readonly signature?: Uint8Array
}

const real = readSigned().find(({ key, format }) => key === "ec-256" && format === "cose") as Signed
const root = parseCbor(real.bytes, { what: "test" }) as { readonly value: readonly CborValue[] }
const [protectedBytes, realHeader, realPayload, realSignature] = root.value as readonly [
  Uint8Array,
  Header,
  Uint8Array,
  Uint8Array,
]
const realProtected = parseCbor(protectedBytes, { what: "test" }) as Header

function merged(header: Header, changes: Entries = []): Header {
  const result = new Map(header)
  for (const [key, value] of changes) {
    if (value === undefined) result.delete(key)
    else result.set(key, value)
  }
  return result
}

/** What notation wrote, with headers changed; `undefined` takes one out. */
function parse(changes: Changes): UnverifiedEnvelope {
  const header = encodeCbor(merged(realProtected, changes.protected))
  const { payload = realPayload, signature = realSignature } = changes
  const value = [header, merged(realHeader, changes.header), payload, signature]
  return parseCoseEnvelope(encodeCbor({ kind: "tag", tag: 18, value }))
}

const SCHEME = "io.cncf.notary.signingScheme"
const TIME = "io.cncf.notary.signingTime"
const AUTHENTIC = "io.cncf.notary.authenticSigningTime"
const EXPIRY = "io.cncf.notary.expiry"
const AGENT = "io.cncf.notary.signingAgent"
const TOKEN = "io.cncf.notary.timestampSignature"
const SA = "notary.x509.signingAuthority"
const ALG = 1
const CRIT = 2
const TYPE = 3
const CHAIN = 33
const time = (value: CborValue, tag = 1): CborValue => ({ kind: "tag", tag, value })
const AT = time(1_795_165_951)
const certificates = realHeader.get(CHAIN) as readonly CborValue[]

describe("parseCoseEnvelope", () => {
  it("reads attributes", () => {
    const nested = new Map<CborKey, CborValue>([
      [1, "a"],
      ["b", [time(0), time("x", 0), Uint8Array.of(1, 2, 3)]],
    ])
    const { attributes } = parse({
      protected: [
        [TIME, AT],
        [EXPIRY, time(1_795_165_952)],
        [CRIT, [SCHEME, EXPIRY, 100]],
        [100, "x"],
        ["nested", nested],
        [-(2n ** 63n), true],
      ],
      header: [
        [AGENT, ""],
        [TOKEN, Uint8Array.of(0x30, 0)],
        ["other", 1],
      ],
    })
    expect(attributes).toEqual({
      contentType: "application/vnd.cncf.notary.payload.v1+json",
      signingScheme: "notary.x509",
      signingTime: { at: 1_795_165_951_000 },
      expiry: { at: 1_795_165_952_000 },
      algorithm: "ECDSA-SHA-256",
      extended: [
        { key: 100, critical: true, value: "x" },
        { key: "-9223372036854775808", critical: false, value: true },
        {
          key: "nested",
          critical: false,
          value: { 1: "a", b: ["1970-01-01T00:00:00Z", { tag: 0, value: "x" }, "AQID"] },
        },
      ],
      timestampToken: Uint8Array.of(0x30, 0),
    })
  })

  it("reads the signing authority scheme", () => {
    const { attributes } = parse({
      protected: [
        [SCHEME, SA],
        [TIME, undefined],
        [AUTHENTIC, AT],
        [CRIT, [AUTHENTIC, EXPIRY, SCHEME]],
      ],
    })
    expect(attributes).toMatchObject({ signingScheme: SA, signingTime: { at: 1_795_165_951_000 } })
  })

  it.each<[string, Changes]>([
    ["certificate chain is not present", { header: [[CHAIN, undefined]] }],
    ["certificate chain is not present", { header: [[CHAIN, []]] }],
    ["certificate chain is not present", { header: [[CHAIN, certificates[0]]] }],
    ["certificate chain is not present", { header: [[CHAIN, undefined]], protected: [[CHAIN, certificates]] }],
    ["certificate chain is not present", { header: [[CHAIN, [...certificates, "x"]]] }],
    ["COSE envelope malformed leaf certificate", { header: [[CHAIN, ["x", ...certificates]]] }],
    ["malformed leaf certificate", { header: [[CHAIN, [Uint8Array.of(1, 2), ...certificates]]] }],
    ["malformed leaf certificate", { header: [[CHAIN, [new Uint8Array(0)]]] }],
    ["malformed certificate", { header: [[CHAIN, [...certificates, Uint8Array.of(1, 2)]]] }],
    ["certificate chain is too large", { header: [[CHAIN, new Array<CborValue>(11).fill(Uint8Array.of(0x30, 0))]] }],
    ["certificate is too large", { header: [[CHAIN, [new Uint8Array(65_537)]]] }],
    ["signing agent is no text", { header: [[AGENT, 1]] }],
    ["timestamp signature is too large", { header: [[TOKEN, new Uint8Array(2 ** 20 + 1)]] }],
    ["timestamp is no byte string", { header: [[TOKEN, "MAA="]] }],
    ["missing content type", { protected: [[TYPE, undefined]] }],
    ["content type should be of 'tstr' type", { protected: [[TYPE, 0]] }],
    ["invalid signingScheme", { protected: [[SCHEME, 1]] }],
    ["unsupported signingScheme: notary.x50", { protected: [[SCHEME, "notary.x50"]] }],
    [`invalid signingTime: protected header "${TIME}" is missing`, { protected: [[TIME, undefined]] }],
    ["invalid signingTime: invalid timeValue type", { protected: [[TIME, 1_795_165_951]] }],
    ["invalid signingTime: invalid timeValue type", { protected: [[TIME, "2026-11-20T09:12:31Z"]] }],
    ["invalid signingTime: only Tag `1` Datetime", { protected: [[TIME, time("2026-11-20T09:12:31Z", 0)]] }],
    ["invalid signingTime: only Tag `1` Datetime", { protected: [[TIME, time(1, 100)]] }],
    ["invalid signingTime: invalid timeValue type", { protected: [[TIME, time("2026")]] }],
    ["invalid signingTime: invalid timeValue type", { protected: [[TIME, time(9_000_000_000_000)]] }],
    ["invalid signingTime: invalid timeValue type", { protected: [[TIME, time(2n ** 63n - 1n)]] }],
    ["invalid expiry: invalid timeValue type", { protected: [[EXPIRY, 1]] }],
    ["signing-time not present", { protected: [[TIME, time(-62_135_596_800)]] }],
    [
      "expiry cannot be equal or before the signing time",
      {
        protected: [
          [TIME, AT],
          [EXPIRY, AT],
        ],
      },
    ],
    ["expiry cannot be equal or before the signing time", { protected: [[EXPIRY, time(0)]] }],
    [`"${AUTHENTIC}" header must not be present for notary.x509 signing scheme`, { protected: [[AUTHENTIC, AT]] }],
    [
      `"${TIME}" header must not be present for ${SA} signing scheme`,
      {
        protected: [
          [SCHEME, SA],
          [AUTHENTIC, AT],
          [CRIT, [SCHEME, AUTHENTIC, EXPIRY]],
        ],
      },
    ],
    ["content not present", { payload: new Uint8Array(0) }],
    ["empty signature", { signature: new Uint8Array(0) }],
    [
      "twice as key",
      {
        protected: [
          [
            "x",
            new Map<CborKey, CborValue>([
              [1, 1],
              ["1", 2],
            ]),
          ],
        ],
      },
    ],
  ])("refuses with %s (%#)", (text, changes) => {
    expect(() => parse(changes)).toThrow(text)
  })

  it.each<[string, Changes]>([
    [`these required headers are not marked as critical: [${SCHEME} ${EXPIRY}]`, { protected: [[CRIT, undefined]] }],
    [`these required headers are not marked as critical: [${SCHEME}]`, { protected: [[CRIT, [EXPIRY]]] }],
    [`these required headers are not marked as critical: [${EXPIRY}]`, { protected: [[CRIT, [SCHEME]]] }],
    [`these required headers are not marked as critical: [${AUTHENTIC}]`, { protected: [[SCHEME, SA]] }],
    ["empty crit header", { protected: [[CRIT, []]] }],
    ["invalid crit header", { protected: [[CRIT, SCHEME]] }],
    ["missing critical header", { protected: [[CRIT, [SCHEME, EXPIRY, "x"]]] }],
    ["listed twice", { protected: [[CRIT, [SCHEME, EXPIRY, SCHEME]]] }],
    ["marked critical but not present", { protected: [[CRIT, [SCHEME, EXPIRY, TIME]]] }],
    ["marked critical but not present", { protected: [[CRIT, [SCHEME, EXPIRY, ALG]]] }],
    ["crit: not allowed", { protected: [[CRIT, undefined]], header: [[CRIT, [SCHEME]]] }],
  ])("adv: crit handling: refuses with %s (%#)", (text, changes) => {
    expect(() => parse(changes)).toThrow(text)
  })

  // HMAC 256, RS256, EdDSA, ES256K, ES256 by another number, direct, a text.
  it.each([5, -257, -8, -47, -9, -6, 0, 7, "ES256", "none"])(
    "adv: CVE-2022-23540: refuses algorithm %s",
    (algorithm) => {
      expect(() => parse({ protected: [[ALG, algorithm]] })).toThrow("signature algorithm not supported")
    },
  )

  it("adv: CVE-2022-23540: refuses an algorithm that is unprotected", () => {
    expect(() => parse({ protected: [[ALG, undefined]], header: [[ALG, -7]] })).toThrow("algorithm not found")
  })

  it.each([1, 63, 65, 96, 132])("adv: CVE-2020-14966: refuses an ECDSA signature of %i bytes", (length) => {
    expect(() => parse({ signature: new Uint8Array(length).fill(1) })).toThrow("expected 64")
  })
})

describe("what notation-core-go signed", () => {
  const expected = {
    "signing-authority": { signingScheme: SA, extended: [] },
    extended: {
      extended: expect.arrayContaining([
        { key: "io.cncf.notary.verificationPlugin", critical: true, value: "plug" },
        { key: "com.example.must", critical: true, value: "x" },
        { key: "com.example.list", critical: false, value: ["a", 1, true, null, { k: "v" }] },
        { key: 100, critical: true, value: "number label" },
        { key: "com.example.bytes", critical: false, value: "AQID" },
      ]) as unknown,
    },
    "other-type": { contentType: "application/vnd.other+json", extended: [] },
  }
  it.each(readLibrarySigned().filter(({ format }) => format === "cose"))("$name is read", ({ name, bytes }) => {
    const { attributes } = parseCoseEnvelope(bytes)
    expect(attributes).toMatchObject({ ...expected[name], signingTime: { at: Date.UTC(2026, 1, 2, 20, 5, 6) } })
  })
})
