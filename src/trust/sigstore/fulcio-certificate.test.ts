import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { ExtensionSpec } from "../../crypto/x509/build-certificate.ts"
import { alternativeNamesExtension } from "../../crypto/x509/build-extensions.ts"
import {
  bytesExtension,
  certificateWith,
  generalName,
  namesExtension,
  otherName,
  rawExtension,
  signerExtensions,
  textExtension,
} from "../../servers/authority/signer-fixture.ts"
import { type CertificateFacts, principalSubject, readCertificateFacts } from "./fulcio-certificate.ts"

async function facts(...extensions: readonly ExtensionSpec[]): Promise<CertificateFacts> {
  return readCertificateFacts(await certificateWith(...signerExtensions, ...extensions))
}

async function code(...extensions: readonly ExtensionSpec[]): Promise<string> {
  try {
    await facts(...extensions)
    return "accepted"
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
}

const UPN = "1.3.6.1.4.1.311.20.2.3"

describe("readCertificateFacts", () => {
  it("reads names of every kind in order", async () => {
    const names = namesExtension(
      generalName(2, "example.com"),
      otherName("someone!example.com"),
      generalName(1, "user@example.com"),
      generalName(7, Uint8Array.of(10, 0, 0, 1)),
      otherName("someone@corp", UPN),
      generalName(6, "https://example.com/workflow"),
    )
    const found = await facts(names)
    expect(found.subjects).toEqual([
      { kind: "DNS", value: "example.com" },
      { kind: "other", value: "someone!example.com" },
      { kind: "email", value: "user@example.com" },
      { kind: "IP", value: "10.0.0.1" },
      { kind: "URI", value: "https://example.com/workflow" },
    ])
    expect(principalSubject(found)?.value).toBe("https://example.com/workflow")
  })

  it.each([
    [["email:user@example.com", "URI:https://example.com/a", "URI:https://example.com/b"], "https://example.com/a"],
    [["DNS:example.com", "email:user@example.com"], "user@example.com"],
    [["DNS:example.com"], undefined],
  ])("of %j %s stands for the holder", async (names, expected) => {
    expect(principalSubject(await facts(alternativeNamesExtension(names, true)))?.value).toBe(expected)
  })

  it("takes an other name for the holder where there is nothing better", async () => {
    expect(principalSubject(await facts(namesExtension(otherName("u!d"))))).toEqual({ kind: "other", value: "u!d" })
  })

  it("adv: Wycheproof-like: CN fallback takes no common name for an identity", async () => {
    expect((await facts()).subjects).toEqual([])
  })

  it.each([
    ["both issuers", [rawExtension(1, "https://i.example"), textExtension(8, "https://i.example")]],
    ["the old issuer alone", [rawExtension(1, "https://i.example")]],
    ["the new issuer alone", [textExtension(8, "https://i.example")]],
  ])("reads %s", async (_, extensions) => {
    expect((await facts(...extensions)).issuer).toBe("https://i.example")
  })

  it("reads Fulcio's other extensions", async () => {
    const found = await facts(
      rawExtension(5, "owner/repo"),
      textExtension(14, "refs/heads/main"),
      textExtension(24, "é"),
    )
    expect(found.extensions).toEqual({
      githubWorkflowRepository: "owner/repo",
      sourceRepositoryRef: "refs/heads/main",
      tokenSubject: "é",
    })
    expect(found.issuer).toBe("")
  })

  it.each<[string, readonly ExtensionSpec[]]>([
    ["issuers that disagree", [rawExtension(1, "https://a.example"), textExtension(8, "https://b.example")]],
    ["issuers that differ in a slash", [rawExtension(1, "https://a.example"), textExtension(8, "https://a.example/")]],
    ["a length that is not minimal", [bytesExtension(8, 0x0c, 0x81, 0x01, 0x61)]],
    ["bytes behind the text", [bytesExtension(8, 0x0c, 0x01, 0x61, 0x00)]],
    ["an empty extension", [bytesExtension(8)]],
    ["text where DER should be", [rawExtension(8, "https://a.example")]],
    ["a PrintableString", [bytesExtension(8, 0x13, 0x01, 0x61)]],
    ["text that is no UTF-8", [bytesExtension(8, 0x0c, 0x01, 0xff)]],
    ["an old issuer that is no UTF-8", [bytesExtension(1, 0xff)]],
    ["an issuer beyond ASCII", [textExtension(8, "https://exämple.com")]],
    ["an issuer with a line end", [rawExtension(1, "https://a.example\n")]],
    ["trailing bytes in another extension", [bytesExtension(12, 0x0c, 0x01, 0x61, 0x05, 0x00)]],
  ])("adv: sigstore-js policy extension compare refuses %s", async (_, extensions) => {
    expect(await code(...extensions)).toBe("E_CERT_IDENTITY")
  })

  it.each([
    ["a line end", "user@example.com\n"],
    ["NUL", "a@b.c\0@evil"],
    ["DEL", "a@b.c\x7f"],
  ])("adv: CVE-2024-24784 refuses a name with %s", async (_, name) => {
    expect(await code(namesExtension(generalName(1, name)))).toBe("E_CERT_IDENTITY")
  })

  it.each(['"a@b.c" <x@evil>', "a@b.c(x)@evil", "a@b.c."])(
    "adv: CVE-2024-24784 takes %j for nothing but these bytes",
    async (name) => {
      expect((await facts(namesExtension(generalName(1, name)))).subjects[0]?.value).toBe(name)
    },
  )

  it.each<[string, Uint8Array[]]>([
    ["two other names", [otherName("a"), otherName("b")]],
    ["an other name beyond ASCII", [otherName("é")]],
    ["an empty other name", [otherName("")]],
    ["an empty name", [generalName(1, "")]],
  ])("refuses %s", async (_, names) => {
    expect(await code(namesExtension(...names))).toBe("E_CERT_IDENTITY")
  })
})
