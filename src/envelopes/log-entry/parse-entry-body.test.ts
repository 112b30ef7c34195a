import { Entry } from "@sigstore/protobuf-specs/rekor/v2"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import { buildEntryBody } from "./build-entry-body.ts"
import type { EntryBody } from "./entry-body.ts"
import { kindOfBody, parseEntryBody } from "./parse-entry-body.ts"

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const base64 = (text: string): string => Buffer.from(text).toString("base64")
const PEM = base64(`-----BEGIN PUBLIC KEY-----\n${Buffer.alloc(91, 1).toString("base64")}\n-----END PUBLIC KEY-----\n`)
const CERTIFICATE = base64("-----BEGIN CERTIFICATE-----\nAQIDBA==\n-----END CERTIFICATE-----")
const HASH = { algorithm: "sha256", value: "ab".repeat(32) }
const HASH_V2 = { algorithm: "SHA2_256", digest: Buffer.alloc(32, 0xab).toString("base64") }
const SIG = "AQID"
const VERIFIER_V2 = { keyDetails: "PKIX_ECDSA_P256_SHA_256", publicKey: { rawBytes: "AQIDBA==" } }
const CERTIFICATE_V2 = { keyDetails: "PKIX_ECDSA_P256_SHA_256", x509Certificate: { rawBytes: "AQIDBA==" } }

const valid: readonly { readonly apiVersion: string; readonly kind: string; readonly spec: Json }[] = [
  {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: { data: { hash: HASH }, signature: { content: SIG, publicKey: { content: PEM } } },
  },
  {
    apiVersion: "0.0.1",
    kind: "dsse",
    spec: { envelopeHash: HASH, payloadHash: HASH, signatures: [{ signature: SIG, verifier: CERTIFICATE }] },
  },
  { apiVersion: "0.0.1", kind: "intoto", spec: { content: { hash: HASH }, publicKey: PEM } },
  {
    apiVersion: "0.0.2",
    kind: "intoto",
    spec: {
      content: {
        envelope: {
          payload: base64(base64("{}")),
          payloadType: "application/vnd.in-toto+json",
          signatures: [{ publicKey: CERTIFICATE, sig: base64(SIG) }],
        },
        hash: HASH,
        payloadHash: HASH,
      },
    },
  },
  {
    apiVersion: "0.0.2",
    kind: "hashedrekord",
    spec: { hashedRekordV002: { data: HASH_V2, signature: { content: SIG, verifier: VERIFIER_V2 } } },
  },
  {
    apiVersion: "0.0.2",
    kind: "dsse",
    spec: { dsseV002: { payloadHash: HASH_V2, signatures: [{ content: SIG, verifier: CERTIFICATE_V2 }] } },
  },
]

const titled = valid.map((document) => [`${document.kind} ${document.apiVersion}`, document] as const)

function codeOf(document: unknown): string {
  try {
    parseEntryBody(typeof document === "string" ? bytes(document) : bytes(JSON.stringify(document)))
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

/** Every document with one value somewhere in it replaced, or left out where it is a member. */
function* mutations(value: Json, replaced: readonly Json[]): Generator<{ readonly at: string; readonly value: Json }> {
  for (const other of replaced) yield { at: `= ${JSON.stringify(other)}`, value: other }
  if (typeof value !== "object" || value === null) return
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly Json[]).entries()) {
      for (const { at, value: changed } of mutations(item, replaced)) {
        yield { at: `[${index}]${at}`, value: (value as readonly Json[]).with(index, changed) }
      }
    }
    return
  }
  for (const [key, item] of Object.entries(value)) {
    const rest = Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))
    yield { at: `.${key} left out`, value: rest }
    for (const { at, value: changed } of mutations(item, replaced))
      yield { at: `.${key}${at}`, value: { ...rest, [key]: changed } }
  }
}

describe("parseEntryBody", () => {
  it.each(titled)("reads %s", (_, document) => {
    const body = parseEntryBody(bytes(JSON.stringify(document)))
    expect(body).toMatchObject({ kind: document.kind, version: document.apiVersion })
    expect(kindOfBody(bytes(JSON.stringify(document)))).toEqual({ kind: body.kind, version: body.version })
    // PEM is written as logs write it, whatever form it came in.
    const again = parseEntryBody(buildEntryBody(body))
    expect(again).toEqual(body)
  })

  it("takes values apart", () => {
    const [rekord, dsse, intoto1, intoto2, rekord2, dsse2] = valid.map((item) =>
      parseEntryBody(bytes(JSON.stringify(item))),
    )
    const hash = { algorithm: "sha256", digest: new Uint8Array(32).fill(0xab) }
    const signature = Uint8Array.of(1, 2, 3)
    const key = { kind: "public-key", der: new Uint8Array(91).fill(1) }
    const certificate = { kind: "certificate", der: Uint8Array.of(1, 2, 3, 4) }
    expect(rekord).toEqual({
      kind: "hashedrekord",
      version: "0.0.1",
      data: hash,
      signature: { signature, verifier: key },
    })
    const signed = { signature, verifier: certificate }
    expect(dsse).toEqual({
      kind: "dsse",
      version: "0.0.1",
      envelopeHash: hash,
      payloadHash: hash,
      signatures: [signed],
    })
    expect(intoto1).toEqual({ kind: "intoto", version: "0.0.1", envelopeHash: hash, verifier: key })
    expect(intoto2).toEqual({
      kind: "intoto",
      version: "0.0.2",
      payloadType: "application/vnd.in-toto+json",
      payload: bytes("{}"),
      envelopeHash: hash,
      payloadHash: hash,
      signatures: [{ ...signed, keyid: "" }],
    })
    const keyDetails = "PKIX_ECDSA_P256_SHA_256"
    const bare = { kind: "public-key", der: certificate.der }
    expect(rekord2).toMatchObject({ data: hash, signature: { signature, verifier: bare, keyDetails } })
    expect(dsse2).toMatchObject({ payloadHash: hash, signatures: [{ ...signed, keyDetails }] })
  })

  it("adv: GHSA-273p-m2cw-6833 refuses empty specs and kinds that are not known", () => {
    for (const document of valid) {
      for (const spec of [{}, null, [], "", -1, undefined]) {
        expect(codeOf({ ...document, spec }), `${document.kind} ${JSON.stringify(spec)}`).toBe("E_FORMAT_MALFORMED")
      }
      for (const apiVersion of ["0.0.3", "", "0.0.01", null, 1]) {
        expect(codeOf({ ...document, apiVersion })).toBe("E_FORMAT_MALFORMED")
      }
      for (const kind of ["cose", "Dsse", "__proto__", "", null]) {
        expect(codeOf({ ...document, kind })).toBe("E_FORMAT_MALFORMED")
      }
    }
  })

  it("adv: GHSA-843x-px86-vq42 adv: sigstore/cosign #4649 refuses a body with any node broken", () => {
    const optional = [/keyid/, /envelope\.payload left out$/]
    for (const document of valid) {
      for (const { at, value } of mutations(document, [null, {}, [], "", -1])) {
        if (optional.some((pattern) => pattern.test(at))) continue
        expect(codeOf(value), `${document.kind} ${document.apiVersion} ${at}`).toBe("E_FORMAT_MALFORMED")
      }
    }
  })

  it("adv: GHSA-frqx-jfcm-6jjr refuses intoto entries without envelope or keys", () => {
    const intoto = (content: object): unknown => ({ apiVersion: "0.0.2", kind: "intoto", spec: { content } })
    const envelope = { payloadType: "t", signatures: [{ sig: base64(SIG) }] }
    expect(codeOf(intoto({ hash: HASH, payloadHash: HASH }))).toBe("E_FORMAT_MALFORMED")
    expect(codeOf(intoto({ hash: HASH, payloadHash: HASH, envelope }))).toBe("E_FORMAT_MALFORMED")
    const wild = { ...envelope, signatures: [{ sig: SIG, publicKey: PEM }] }
    expect(codeOf(intoto({ hash: HASH, payloadHash: HASH, envelope: wild })), "base64 once").toBe("E_FORMAT_MALFORMED")
  })

  it.each([
    ["number", "1"],
    ["null", "null"],
    ["array", "[]"],
    ["text", '"x"'],
    ["nothing", ""],
    ["no JSON", "{"],
    ["a kind alone", '{"kind":"hashedrekord"}'],
    ["a key twice", '{"kind":"dsse","kind":"hashedrekord","apiVersion":"0.0.1","spec":{}}'],
  ])("adv: sigstore/cosign #4649 refuses a body that is %s", (_, text) => {
    expect(codeOf(text)).toBe("E_FORMAT_MALFORMED")
  })

  it.each([
    ["hash of another length", { value: "ab".repeat(31) }],
    ["hash of another algorithm's length", { algorithm: "sha512" }],
    ["hash that is not accepted", { algorithm: "sha1", value: "ab".repeat(20) }],
    ["hash that is no hexadecimal", { value: "xy".repeat(32) }],
  ])("refuses a %s", (_, over) => {
    const [document] = valid
    const spec = { data: { hash: { ...HASH, ...over } }, signature: { content: SIG, publicKey: { content: PEM } } }
    expect(codeOf({ ...document, spec })).toBe("E_FORMAT_MALFORMED")
  })

  it("is bounded", () => {
    const many = Array.from({ length: 17 }, () => ({ signature: SIG, verifier: PEM }))
    const spec = { envelopeHash: HASH, payloadHash: HASH, signatures: many }
    expect(codeOf({ ...valid[1], spec })).toBe("E_FORMAT_MALFORMED")
    expect(codeOf({ ...valid[1], spec: { ...spec, signatures: many.slice(1) } })).toBe("accepted")
    expect(codeOf(`${" ".repeat(17_000_000)}{}`)).toBe("E_LIMIT_EXCEEDED")
    expect(codeOf("[".repeat(1000))).toBe("E_LIMIT_EXCEEDED")
  })

  it("never fails in another way, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(codeOf(text)).toBe("E_FORMAT_MALFORMED")
      }),
    )
  })
})

describe("buildEntryBody", () => {
  const v2 = valid.filter(({ apiVersion, kind }) => apiVersion === "0.0.2" && kind !== "intoto")

  it.each(v2.map((item) => [item.kind, item] as const))(
    "writes what the definition of version 2 reads: %s",
    (_, document) => {
      const built = buildEntryBody(parseEntryBody(bytes(JSON.stringify(document))))
      const text = new TextDecoder().decode(built)
      expect(JSON.parse(text)).toEqual(document)
      expect(Entry.toJSON(Entry.fromJSON(JSON.parse(text)))).toEqual(document)
    },
  )

  it("sorts the signatures of an envelope, as the log does", () => {
    const verifier = { kind: "public-key", der: Uint8Array.of(1) } as const
    const hash = { algorithm: "sha256", digest: new Uint8Array(32) } as const
    const signatures = [Uint8Array.of(0xf0, 1), Uint8Array.of(1, 2), Uint8Array.of(0x90, 1)]
    const body: EntryBody = {
      kind: "dsse",
      version: "0.0.1",
      envelopeHash: hash,
      payloadHash: hash,
      signatures: signatures.map((signature) => ({ signature, verifier })),
    }
    const built = parseEntryBody(buildEntryBody(body))
    const order =
      built.kind === "dsse" ? built.signatures.map(({ signature }) => Buffer.from(signature).toString("base64")) : []
    expect(order).toEqual(["8AE=", "AQI=", "kAE="])
  })

  it("has no name in version 2 for SHA-224", () => {
    const data = { algorithm: "sha224", digest: new Uint8Array(28) } as const
    const signature = {
      signature: Uint8Array.of(1),
      verifier: { kind: "public-key", der: Uint8Array.of(1) },
      keyDetails: "x",
    } as const
    expect(() => buildEntryBody({ kind: "hashedrekord", version: "0.0.2", data, signature })).toThrow(
      /cannot be logged/,
    )
  })
})
