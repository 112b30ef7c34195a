import { readFileSync } from "node:fs"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseDistinguishedName, parseSubjectName } from "./distinguished-name.ts"

interface GoName {
  readonly text: string
  readonly fault?: string
  readonly names?: readonly (readonly (readonly [string, string])[])[]
}

const cases = readFileSync(new URL("testdata/go-ldap-names.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as GoName)

describe("parseDistinguishedName", () => {
  it.each(cases)("as go-ldap: $text", ({ text, fault, names }) => {
    const expected = fault === undefined ? (names ?? []) : fault
    const parsed = parseDistinguishedName(text)
    expect(
      "fault" in parsed ? parsed.fault : parsed.names.map((rdn) => rdn.map(({ type, value }) => [type, value])),
    ).toEqual(expected)
  })

  it.each([
    ["hexadecimal value", "O=#0c0141"],
    ["escaped bytes that are not UTF-8", "O=\\ff"],
    ["escaped bytes of a surrogate", "O=\\ed\\a0\\80"],
  ])("refuses what go-ldap reads: %s", (_, text) => {
    expect(parseDistinguishedName(text)).toHaveProperty("fault")
  })

  it("throws nothing", () => {
    const alphabet = fc.constantFrom("C", "=", ",", ";", "+", "\\", " ", "#", "4", "1", "é", "🦀", "\ud800")
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 40 }), (parts) => {
        parseSubjectName(parts.join(""))
      }),
      { numRuns: 1000 },
    )
  })

  it("takes time in proportion to the text", () => {
    const long = `O=${"\\,a ".repeat(50_000)}`
    expect(parseDistinguishedName(long)).toHaveProperty("names")
  })
})

describe("parseSubjectName", () => {
  it.each([
    ["C=US, ST=WA, O=acme", { C: "US", ST: "WA", O: "acme" }],
    ["O=acme;S=WA;C=US;CN=x", { O: "acme", ST: "WA", C: "US", CN: "x" }],
    ["C=US,ST=WA,O=acme,OU=", { C: "US", ST: "WA", O: "acme", OU: "" }],
    ["C=US,ST=WA,O=acme,OU=,OU=x", { C: "US", ST: "WA", O: "acme", OU: "x" }],
    ["C=US,ST=WA,O=acme,__proto__=x", { C: "US", ST: "WA", O: "acme", ["__proto__"]: "x" }],
  ])("%s", (text, expected) => {
    const parsed = parseSubjectName(text)
    expect("attributes" in parsed ? [...parsed.attributes] : parsed.fault).toEqual(Object.entries(expected))
  })

  const tail = "it must contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum"
  it.each([
    [
      " C=US,O=#x",
      'unsupported distinguished name (DN) " C=US,O=#x": notation does not support x509.subject identities containing "=#"',
    ],
    [
      "C=US,ST",
      "parsing distinguished name (DN) \"C=US,ST\" failed with err: DN ended with incomplete type, value pair. A valid DN must contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum, and follow RFC 4514 standard",
    ],
    [
      "C=US+ST=WA,O=x",
      'distinguished name (DN) "C=US+ST=WA,O=x" has multi-valued RDN attributes, remove multi-valued RDN attributes as they are not supported',
    ],
    [
      "C=US,C=DE,ST=WA,O=x",
      'distinguished name (DN) "C=US,C=DE,ST=WA,O=x" has duplicate RDN attribute for "C", DN can only have unique RDN attributes',
    ],
    [
      "S=a,ST=b,C=US,O=x",
      'distinguished name (DN) "S=a,ST=b,C=US,O=x" has duplicate RDN attribute for "ST", DN can only have unique RDN attributes',
    ],
    ["", `distinguished name (DN) "" has no mandatory RDN attribute for "C", ${tail}`],
    ["C=US,O=x", `distinguished name (DN) "C=US,O=x" has no mandatory RDN attribute for "ST", ${tail}`],
    ["C=US,ST=x,O=", `distinguished name (DN) "C=US,ST=x,O=" has no mandatory RDN attribute for "O", ${tail}`],
    ["c=US,ST=x,O=x", `distinguished name (DN) "c=US,ST=x,O=x" has no mandatory RDN attribute for "C", ${tail}`],
    ["C=US,s=x,O=x", `distinguished name (DN) "C=US,s=x,O=x" has no mandatory RDN attribute for "ST", ${tail}`],
  ])("refuses %s", (text, fault) => {
    expect(parseSubjectName(text)).toEqual({ fault })
  })
})
