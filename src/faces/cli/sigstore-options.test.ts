import { describe, expect, it } from "vitest"
import type { FlagValues } from "../command.ts"
import { namedIdentities, namesIdentities, shellWord } from "./sigstore-options.ts"

function flags(given: Readonly<Record<string, readonly string[]>>): FlagValues {
  return {
    given: (name: string) => Object.hasOwn(given, name),
    string: (name: string) => given[name]?.at(-1) ?? "",
    strings: (name: string) => given[name] ?? [],
  } as unknown as FlagValues
}

const SUBJECT = "x509.subject: C=US, ST=WA, O=acme"
const ISSUER = ["https://issuer.example"]
const STORE = ["ca:acme"]

describe("namedIdentities", () => {
  it.each<[string, Readonly<Record<string, readonly string[]>>, readonly string[], readonly string[]]>([
    ["nothing", {}, [], []],
    ["an issuer's", { identity: ["alice@example.com"], issuer: ISSUER }, [], ["alice@example.com"]],
    ["a trust store's", { identity: [SUBJECT], "trust-store": STORE }, [SUBJECT], []],
    ["everybody in a store", { identity: ["*"], "trust-store": STORE }, ["*"], []],
    [
      "both at once",
      { identity: [SUBJECT, "alice@example.com", "github:acme/app"], issuer: ISSUER, "trust-store": STORE },
      [SUBJECT],
      ["alice@example.com", "github:acme/app"],
    ],
    [
      "a typed one beside a store",
      { identity: ["email:a@b.example"], "trust-store": STORE },
      [],
      ["email:a@b.example"],
    ],
    ["an untyped one beside a store alone", { identity: ["C=US"], "trust-store": STORE }, ["C=US"], []],
    [
      "notation's kinds, whatever stands beside",
      { identity: [SUBJECT, "arn:x"], issuer: ISSUER },
      [SUBJECT, "arn:x"],
      [],
    ],
    ["a workflow without issuer", { identity: ["github:acme/app"] }, [], ["github:acme/app"]],
    ["a workload", { identity: ["spiffe://example.org/app"], issuer: ISSUER }, [], ["spiffe://example.org/app"]],
  ])("tells %s", (_case, given, notation, keyless) => {
    expect(namedIdentities(flags(given))).toEqual({ notation, keyless })
  })

  it.each([["alice@example.com"], [""], ["C=US, O=acme"], ["https://a.example"]])(
    "refuses %j without anybody who vouches for it",
    (identity) => {
      expect(() => namedIdentities(flags({ identity: [identity] }))).toThrow(
        expect.objectContaining({ code: "E_USAGE" }) as Error,
      )
    },
  )

  it("counts an issuer as a wish for identities, so that it is never dropped", () => {
    expect(namesIdentities(flags({ issuer: ISSUER }), { notation: [], keyless: [] })).toBe(true)
    expect(namesIdentities(flags({}), { notation: [], keyless: [] })).toBe(false)
  })
})

describe("shellWord", () => {
  it.each([
    ["alice@example.com", "alice@example.com"],
    ["https://a.example/x@refs/heads/main", "https://a.example/x@refs/heads/main"],
    ["a b", "'a b'"],
    ["$(x)", "'$(x)'"],
    ["a'b", String.raw`'a'\''b'`],
    ["`x`", "'`x`'"],
    ["", "''"],
    ["a\nb", "'a\nb'"],
  ])("%j", (text, word) => {
    expect(shellWord(text)).toBe(word)
  })
})
