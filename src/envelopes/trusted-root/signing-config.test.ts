import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { ServiceSelection, SigningService } from "../../core/sigstore.ts"
import { buildSigningConfig } from "./build-signing-config.ts"
import { selectService, selectServices } from "./select-services.ts"
import { parseSigningConfig } from "./signing-config.ts"

type Json = Record<string, unknown>

const MADE = readFileSync(join(import.meta.dirname, "testdata/signing-config.json"), "utf8")

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

function changed(edit: (document: Json & { caUrls: Json[] }) => void): Uint8Array {
  const document = JSON.parse(MADE) as Json & { caUrls: Json[] }
  edit(document)
  return bytes(document)
}

describe("parseSigningConfig", () => {
  it("reads what cosign made, and makes the same bytes of it", () => {
    const config = parseSigningConfig(bytes(MADE))
    expect(config.logSelection).toEqual({ selector: "EXACT", count: 2 })
    expect(config.timestampSelection).toEqual({ selector: "ANY" })
    expect(config.logs[0]).toMatchObject({ url: "https://r.example", majorApiVersion: 2, operator: 'o<&>é"' })
    expect(config.timestampAuthorities[0]).toMatchObject({ majorApiVersion: 0 })
    expect(new TextDecoder().decode(buildSigningConfig(config))).toBe(MADE)
  })

  it("makes cosign's empty document", () => {
    const made = buildSigningConfig({
      certificateAuthorities: [],
      oidcProviders: [],
      logs: [],
      timestampAuthorities: [],
    })
    expect(new TextDecoder().decode(made)).toBe(
      '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}',
    )
    expect(parseSigningConfig(made).logSelection).toBeUndefined()
  })

  it.each([
    ["snake_case", MADE.replace("caUrls", "ca_urls").replaceAll("majorApiVersion", "major_api_version")],
    ["numbers as strings and names as numbers", MADE.replace('"count":2', '"count":"2"').replace('"EXACT"', "3")],
  ])("reads %s as the same", (_, text) => {
    expect(parseSigningConfig(bytes(text))).toEqual(parseSigningConfig(bytes(MADE)))
  })

  it.each([
    ["version 0.1", changed((d) => (d["mediaType"] = "application/vnd.dev.sigstore.signingconfig.v0.1+json"))],
    ["no media type", changed((d) => delete d["mediaType"])],
    ["an unknown member", changed((d) => (d["tlogUrls"] = []))],
    ["an unknown member of a service", changed(({ caUrls: [ca] }) => (ca!["weight"] = 1))],
    ["a service without URL", changed(({ caUrls: [ca] }) => delete ca!["url"])],
    ["a service at no web address", changed(({ caUrls: [ca] }) => (ca!["url"] = "file:///etc/passwd"))],
    ["a negative version", changed(({ caUrls: [ca] }) => (ca!["majorApiVersion"] = -1))],
    ["a version beyond 32 bits", changed(({ caUrls: [ca] }) => (ca!["majorApiVersion"] = 2 ** 32))],
    ["an unknown selector", changed((d) => (d["tsaConfig"] = { selector: "SOME" }))],
    ["a count that is a fraction", changed((d) => (d["tsaConfig"] = { selector: "EXACT", count: 1.5 }))],
    ["no JSON", bytes("")],
  ])("refuses %s", (_, document) => {
    expect(code(() => parseSigningConfig(document))).toBe("E_TRUST_MALFORMED")
  })
})

describe("selectServices", () => {
  const at = Date.parse("2026-01-01T00:00:00Z")
  const service = (url: string, version: number, start: string, operator: string, end?: string): SigningService => ({
    url,
    majorApiVersion: version,
    validFor: { start: Date.parse(start), ...(end === undefined ? {} : { end: Date.parse(end) }) },
    operator,
  })
  const services = [
    service("a1", 1, "2024-01-01", "a"),
    service("a2", 1, "2025-01-01", "a"),
    service("b1", 1, "2023-01-01", "b"),
    service("c1", 1, "2020-01-01", "c", "2025-12-31"),
    service("d2", 2, "2027-01-01", "d"),
    service("e9", 9, "2020-01-01", "e"),
    service("f1", 1, "2026-01-01", "f", "2026-01-01"),
  ]
  const rules = { at, versions: [1, 2], random: () => 0.99 }
  const urls = (selection: ServiceSelection | undefined, more: Partial<typeof rules> = {}): readonly string[] =>
    selectServices(services, selection, { ...rules, ...more }).map(({ url }) => url)

  it("takes the newest of each operator, both ends of validity included", () => {
    expect(urls({ selector: "ALL" })).toEqual(["f1", "a2", "b1"])
  })

  it("takes only the highest version that anything valid has", () => {
    expect(urls({ selector: "ALL" }, { at: Date.parse("2027-06-01") })).toEqual(["d2"])
    expect(selectService(services, { at, versions: [1] }).url).toBe("f1")
  })

  it("takes any, or an exact number", () => {
    expect(urls({ selector: "ANY" })).toEqual(["b1"])
    expect(urls({ selector: "EXACT", count: 2 })).toEqual(["b1", "a2"])
    expect(new Set(urls({ selector: "EXACT", count: 3 }, { random: () => 0 })).size).toBe(3)
  })

  it.each([
    ["no selector", undefined, services],
    ["more than there are", { selector: "EXACT", count: 4 }, services],
    ["none", { selector: "EXACT" }, services],
    ["any of none", { selector: "ANY" }, []],
    ["all of those not valid", { selector: "ALL" }, services.slice(3, 4)],
  ] as const)("refuses %s", (_, selection, list) => {
    expect(code(() => selectServices(list, selection, rules))).toBe("E_CONFIG_INVALID")
  })

  it("refuses to choose one of none", () => {
    expect(code(() => selectService(services, { at, versions: [3] }))).toBe("E_CONFIG_INVALID")
  })
})
