import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { TrustedLog } from "../../core/sigstore.ts"
import { buildTrustedRoot } from "./build-trusted-root.ts"
import {
  authoritiesFromBag,
  authoritiesFromRoots,
  authorityFromChain,
  logFromKeyFile,
  timestampAuthoritiesFromBag,
  timestampAuthorityFromChain,
} from "./trust-files.ts"
import { parseTrustedRoot } from "./trusted-root.ts"

type Json = Record<string, unknown>

const shared = join(import.meta.dirname, "../../../../shared/vectors")

function file(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(import.meta.dirname, "testdata", name)))
}

const MADE = new TextDecoder().decode(file("trusted-root.json"))

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value))
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

/** The document of cosign with its first log, or its first certificate authority, changed. */
function changed(edit: (document: { tlogs: Json[]; certificateAuthorities: Json[] } & Json) => void): Uint8Array {
  const document = JSON.parse(MADE) as Parameters<typeof edit>[0]
  edit(document)
  return bytes(document)
}

function log(edit: (log: Json & { publicKey: Json }) => void): Uint8Array {
  return changed(({ tlogs: [first] }) => {
    edit(first as Json & { publicKey: Json })
  })
}

function authority(edit: (authority: Json) => void): Uint8Array {
  return changed(({ certificateAuthorities: [first] }) => {
    edit(first!)
  })
}

describe("parseTrustedRoot", () => {
  it("reads what cosign made, and makes the same bytes of it", () => {
    const root = parseTrustedRoot(bytes(MADE))
    expect(root.tlogs.map(({ baseUrl }) => baseUrl)).toEqual([
      "https://r2.example",
      "https://r.example",
      "https://r3.example",
    ])
    expect(root.tlogs[0]?.validFor).toEqual({
      start: Date.parse("2023-01-01T00:00:00Z"),
      end: Date.parse("2026-01-01T00:00:00.120Z"),
    })
    expect(root.timestampAuthorities[0]?.certificates).toHaveLength(2)
    expect(new TextDecoder().decode(buildTrustedRoot(root))).toBe(MADE)
  })

  it("makes the document that cosign makes of the same files", () => {
    const day = (text: string, end?: string): TrustedLog["validFor"] => ({
      start: Date.parse(text),
      ...(end === undefined ? {} : { end: Date.parse(end) }),
    })
    const rekor = [
      ["https://r.example", "ecdsa.pub", day("2024-01-01T00:00:00.5Z"), undefined],
      ["https://r2.example", "ed25519.pub", day("2023-01-01", "2026-01-01T00:00:00.120Z"), "r2.example"],
      ["https://r3.example", "rsa.pub", day("2025-01-01"), "r3.example"],
    ] as const
    const ctfe = [
      ["https://c.example", "rsa.pub", day("2024-01-01"), undefined],
      ["https://c2.example", "p384.pub", day("2025-01-01"), "c2.example"],
    ] as const
    const logs = (rows: readonly (typeof rekor | typeof ctfe)[number][]): TrustedLog[] =>
      rows.map(([baseUrl, name, validFor, origin]) =>
        logFromKeyFile(file(name), { baseUrl, validFor, ...(origin === undefined ? {} : { origin }) }),
      )
    const made = buildTrustedRoot({
      tlogs: logs(rekor),
      ctlogs: logs(ctfe),
      certificateAuthorities: [authorityFromChain(file("ca.pem"), { uri: "https://f.example" })],
      timestampAuthorities: [timestampAuthorityFromChain(file("chain.pem"), { uri: "https://t.example" })],
    })
    expect(new TextDecoder().decode(made)).toBe(MADE)
  })

  it("makes cosign's empty document", () => {
    const empty = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] }
    const made = buildTrustedRoot(empty)
    expect(new TextDecoder().decode(made)).toBe(
      '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}',
    )
    expect(parseTrustedRoot(made)).toEqual(empty)
  })

  it.each([
    ["snake_case names", MADE.replaceAll("baseUrl", "base_url").replaceAll("keyId", "key_id")],
    ["numbers for enumerations", MADE.replaceAll('"SHA2_256"', "1").replaceAll('"PKIX_ED25519"', "7")],
    ["nulls for what is absent", MADE.replace('"certificateAuthorities":', '"certificate_authorities":')],
    ["times with an offset", MADE.replace('"2023-01-01T00:00:00Z"', '"2023-01-01T01:00:00+01:00"')],
  ])("reads %s as the same", (_, text) => {
    expect(parseTrustedRoot(bytes(text))).toEqual(parseTrustedRoot(bytes(MADE)))
  })

  it("reads an authority without validity as valid from the beginning", () => {
    const root = parseTrustedRoot(authority((first) => delete first["validFor"]))
    expect(root.certificateAuthorities[0]?.validFor).toEqual({ start: Date.parse("0001-01-01T00:00:00Z") })
  })

  it.each([
    ["no JSON", bytes("{")],
    ["an array", bytes([])],
    ["another media type", changed((d) => (d["mediaType"] = "application/vnd.dev.sigstore.trustedroot.v0.2+json"))],
    ["no media type", changed((d) => delete d["mediaType"])],
    ["an unknown member", changed((d) => (d["more"] = 1))],
    ["a duplicate member", bytes(MADE.replace("{", '{"mediaType":"x",'))],
    ["a member in two spellings", bytes(MADE.replace('"baseUrl":', '"base_url":"x","baseUrl":'))],
    ["a list that is an object", changed((d) => (d["ctlogs"] = {}))],
    ["an unknown member of a log", log((l) => (l["__proto_"] = 1))],
    ["a log without hash algorithm", log((l) => delete l["hashAlgorithm"])],
    ["a log with another hash algorithm", log((l) => (l["hashAlgorithm"] = "SHA2_512"))],
    ["a log without key", log((l) => delete (l as Json)["publicKey"])],
    ["a log without id", log((l) => delete l["logId"])],
    ["a log with an empty id", log((l) => (l["logId"] = { keyId: "" }))],
    ["a log without validity", log((l) => delete l.publicKey["validFor"])],
    ["adv: sigstore/sigstore-conformance a log without validity start", log((l) => (l.publicKey["validFor"] = {}))],
    ["a log that ends before it starts", log((l) => (l.publicKey["validFor"] = range("2024-01-01", "2023-01-01")))],
    ["a time that is a number", log((l) => (l.publicKey["validFor"] = { start: 5 }))],
    ["a day that is none", log((l) => (l.publicKey["validFor"] = { start: "2023-02-30T00:00:00Z" }))],
    ["an unknown kind of key", log((l) => (l.publicKey["keyDetails"] = "LMS_SHA256"))],
    ["an unknown number of a kind of key", log((l) => (l.publicKey["keyDetails"] = 99))],
    ["no kind of key", log((l) => delete l.publicKey["keyDetails"])],
    ["a kind of key that is another's", log((l) => (l.publicKey["keyDetails"] = "PKIX_ECDSA_P256_SHA_256"))],
    ["a key cut short", log((l) => (l.publicKey["rawBytes"] = "MCow"))],
    ["PKCS#1 that is none", log((l) => (l.publicKey["keyDetails"] = "PKCS1_RSA_PKCS1V5"))],
    ["base64 with junk", log((l) => (l.publicKey["rawBytes"] = "MC ow"))],
    ["an authority without chain", authority((a) => delete a["certChain"])],
    ["an authority with an empty chain", authority((a) => (a["certChain"] = { certificates: [] }))],
    ["a certificate that is none", authority((a) => (a["certChain"] = { certificates: [{ rawBytes: "MAA=" }] }))],
    ["a subject that is a string", authority((a) => (a["subject"] = "x"))],
    ["an authority that is null", changed((d) => (d["certificateAuthorities"] = [null as unknown as Json]))],
  ])("refuses %s", (_, document) => {
    expect(code(() => parseTrustedRoot(document))).toBe("E_TRUST_MALFORMED")
  })

  it("adv: notaryproject/ratify #2723 refuses a last certificate that is no authority's", () => {
    const [leaf] = parseTrustedRoot(bytes(MADE)).timestampAuthorities[0]?.certificates ?? []
    const rawBytes = btoa(String.fromCharCode(...leaf!))
    const document = authority((a) => (a["certChain"] = { certificates: [{ rawBytes }] }))
    expect(code(() => parseTrustedRoot(document))).toBe("E_TRUST_MALFORMED")
  })

  it.each([
    ["bytes", new Uint8Array(1024 * 1024 + 1).fill(0x20)],
    ["logs", changed((d) => (d.tlogs = Array<Json>(257).fill(d.tlogs[0]!)))],
    ["certificates", authority((a) => (a["certChain"] = { certificates: Array(11).fill({ rawBytes: "MAA=" }) }))],
  ])("refuses too many %s", (_, document) => {
    expect(code(() => parseTrustedRoot(document))).toBe("E_LIMIT_EXCEEDED")
  })

  const present = existsSync(join(shared, "trusted-roots"))
  if (!present) console.warn(`skipped: no vectors in ${shared}`)
  ;(present ? it : it.skip)(`reads the trusted roots of ${shared}`, () => {
    const paths = [
      join(shared, "trusted-roots/trusted-root-public-good.json"),
      join(shared, "cosign/trusted_root_pgi.json"),
      ...readdirSync(join(shared, "sigstore-bundle"))
        .map((name) => join(shared, "sigstore-bundle", name, "trusted_root.json"))
        .filter((path) => existsSync(path)),
    ]
    for (const path of paths) {
      const root = parseTrustedRoot(new Uint8Array(readFileSync(path)))
      expect(root.certificateAuthorities.length).toBeGreaterThan(0)
      expect(parseTrustedRoot(buildTrustedRoot(root)).tlogs).toHaveLength(root.tlogs.length)
    }
  })
})

function range(start: string, end: string): Json {
  return { start: `${start}T00:00:00Z`, end: `${end}T00:00:00Z` }
}

describe("trust files", () => {
  it("tells roots from intermediates", () => {
    const [only, ...rest] = authoritiesFromBag(file("ca.pem"))
    expect(rest).toEqual([])
    expect(only?.certificates).toHaveLength(1)
    expect(authoritiesFromRoots(file("ca.pem"), file("ca.pem"))[0]?.certificates).toHaveLength(2)
    expect(timestampAuthoritiesFromBag(file("chain.pem"))[0]?.certificates).toHaveLength(2)
  })

  it("gives a log the id that is the hash of its key", () => {
    const made = parseTrustedRoot(bytes(MADE))
    expect(logFromKeyFile(file("ecdsa.pub")).logId).toEqual(made.tlogs[1]?.logId)
  })

  const leafOnly = new TextDecoder().decode(file("chain.pem")).split("-----END CERTIFICATE-----")[0]!
  const leaf = bytes(`${leafOnly}-----END CERTIFICATE-----\n`)
  it.each([
    ["a chain of nothing", () => authorityFromChain(bytes(""))],
    ["a chain that ends in no authority", () => authorityFromChain(leaf)],
    ["a chain of keys", () => authorityFromChain(file("ecdsa.pub"))],
    ["a bag without root", () => authoritiesFromBag(leaf)],
    ["roots that are no authority's", () => authoritiesFromRoots(leaf)],
    ["an authority as timestamp signer", () => timestampAuthorityFromChain(file("ca.pem"))],
    ["a timestamp signer alone", () => timestampAuthorityFromChain(leaf)],
    ["a bag without timestamp signer", () => timestampAuthoritiesFromBag(file("ca.pem"))],
    ["a bag without timestamp root", () => timestampAuthoritiesFromBag(leaf)],
    ["a certificate as key", () => logFromKeyFile(file("ca.pem"))],
    ["an empty key", () => logFromKeyFile(bytes(""))],
  ])("refuses %s", (_, action) => {
    expect(code(action)).toBe("E_TRUST_MALFORMED")
  })
})
