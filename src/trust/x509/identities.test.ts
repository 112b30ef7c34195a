import { beforeAll, describe, expect, it } from "vitest"
import { parseSubjectName } from "../../codec/distinguished-name.ts"
import type { TrustedIdentity } from "../../core/certified.ts"
import { generatePrivateKey } from "../../crypto/generate.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { buildCertificate, type NameParts } from "../../crypto/x509/build-certificate.ts"
import { alternativeNamesExtension } from "../../crypto/x509/build-extensions.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { identityFault } from "./identities.ts"

const USUAL: NameParts = [
  ["C", "US"],
  ["ST", "WA"],
  ["L", "Seattle"],
  ["O", "acme, inc."],
  ["CN", "build.example"],
]

let key: Awaited<ReturnType<typeof generatePrivateKey>>
beforeAll(async () => {
  key = await generatePrivateKey()
})

async function leafOf(subject: NameParts, names: readonly string[] = []): Promise<Certificate> {
  const signWith = localSigningKey(key)
  const der = await buildCertificate({
    subject,
    issuer: [
      ["O", "Issuer"],
      ["OU", "a"],
      ["OU", "b"],
      ["CN", "CA"],
    ],
    serial: 0xabcn,
    notBefore: 0,
    notAfter: 1e12,
    publicKey: signWith.publicKey.spki,
    extensions: names.length === 0 ? [] : [alternativeNamesExtension(names)],
    signWith,
    scheme: { scheme: "ecdsa", hash: "sha256" },
  })
  return parseCertificate(der)
}

function subject(text: string): TrustedIdentity {
  const parsed = parseSubjectName(text)
  if ("fault" in parsed) throw new Error(parsed.fault)
  return { kind: "subject", attributes: parsed.attributes, text: `x509.subject:${text}` }
}

const ANY: TrustedIdentity = { kind: "any", text: "*" }
const OPAQUE: TrustedIdentity = { kind: "opaque", text: "aws:arn" }
const issuer = (...pairs: readonly (readonly [string, string])[]): TrustedIdentity => ({
  kind: "issuer",
  attributes: new Map(pairs),
  text: "x509.issuer:…",
})

describe("identityFault", () => {
  it.each<[string, readonly TrustedIdentity[], boolean]>([
    ["anybody", [ANY], true],
    ["anybody among others", [OPAQUE, ANY], true],
    ["the subject in another order", [subject("CN=build.example,O=acme\\, inc.,L=Seattle,ST=WA,C=US")], true],
    ["some of the subject", [subject("C=US, ST=WA, O=acme\\, inc.")], true],
    ["S for ST", [subject("C=US, S=WA, O=acme\\, inc.")], true],
    ["one of two", [subject("C=DE,ST=BE,O=x"), subject("C=US,ST=WA,O=acme\\, inc.")], true],
    ["an attribute that must not be there", [subject("C=US,ST=WA,O=acme\\, inc.,OU=")], true],
    ["an attribute that is not there", [subject("C=US,ST=WA,O=acme\\, inc.,OU=x")], false],
    ["an attribute that must not be there and is", [subject("C=US,ST=WA,O=acme\\, inc.,L=")], false],
    ["another case of a value", [subject("C=us,ST=WA,O=acme\\, inc.")], false],
    ["a type in another case", [subject("C=US,ST=WA,O=acme\\, inc.,cn=build.example")], false],
    ["part of a value", [subject("C=US,ST=WA,O=acme")], false],
    ["nobody", [], false],
    ["only what a plugin knows", [OPAQUE], false],
    ["no attributes at all", [{ kind: "subject", attributes: new Map(), text: "" }], false],
    ["a name of Object's", [{ kind: "subject", attributes: new Map([["constructor", "x"]]), text: "" }], false],
    ["alternative name", [{ kind: "san", name: "DNS:build.example", text: "" }], true],
    ["alternative name of another kind", [{ kind: "san", name: "URI:build.example", text: "" }], false],
    ["alternative name in another case", [{ kind: "san", name: "DNS:BUILD.example", text: "" }], false],
    ["serial number", [{ kind: "serial", serial: "abc", text: "" }], true],
    ["another serial number", [{ kind: "serial", serial: "abcd", text: "" }], false],
    ["serial number with a zero", [{ kind: "serial", serial: "0abc", text: "" }], false],
    ["the issuer", [issuer(["O", "Issuer"], ["CN", "CA"])], true],
    ["another issuer", [issuer(["O", "Issuer"], ["CN", "CA2"])], false],
    ["one of several values of the issuer", [issuer(["OU", "a"])], false],
    ["no attributes of the issuer", [issuer()], false],
    ["another thumbprint", [{ kind: "thumbprint", sha256: "00".repeat(32), text: "" }], false],
    ["no thumbprint", [{ kind: "thumbprint", sha256: "", text: "" }], false],
  ])("%s", async (_, identities, matches) => {
    const fault = identityFault(identities, await leafOf(USUAL, ["DNS:build.example"]), "p")
    expect(fault?.code).toBe(matches ? undefined : "E_CERT_IDENTITY")
  })

  it("takes the thumbprint", async () => {
    const leaf = await leafOf(USUAL)
    expect(identityFault([{ kind: "thumbprint", sha256: leaf.thumbprint, text: "" }], leaf, "p")).toBeUndefined()
  })

  it("adv: CN-fallback the common name is no alternative name", async () => {
    const leaf = await leafOf(USUAL)
    expect(identityFault([{ kind: "san", name: "DNS:build.example", text: "" }], leaf, "p")?.code).toBe(
      "E_CERT_IDENTITY",
    )
  })

  it.each<[string, NameParts]>([
    ["two organisational units", [...USUAL, ["OU", "a"], ["OU", "b"]]],
    ["an attribute without a short name", [...USUAL, ["1.2.840.113549.1.9.1", "a@b.example"]]],
    ["no state", [["C", "US"], ["O", "acme, inc."]]], // prettier-ignore
    ["a value that looks encoded", [...USUAL, ["OU", "a=#b"]]],
  ])("matches no subject with %s", async (_, name) => {
    const fault = identityFault([subject("C=US,ST=WA,O=acme\\, inc.")], await leafOf(name), "p")
    expect(fault?.message).toMatch(
      /^error while parsing the certificate subject from the digital signature\. error : "/,
    )
  })

  it("reads back what it prints of hostile values", async () => {
    const leaf = await leafOf([
      ["C", "US"],
      ["ST", "WA"],
      ["O", ' a,O=acme\\+"<>;# '],
    ])
    expect(identityFault([subject("C=US,ST=WA,O=acme")], leaf, "p")?.code).toBe("E_CERT_IDENTITY")
    expect(identityFault([subject('C=US,ST=WA,O=\\ a\\,O=acme\\\\\\+\\"\\<\\>\\;#\\ ')], leaf, "p")).toBeUndefined()
  })

  it.each<[readonly TrustedIdentity[], string]>([
    [
      [subject("C=US,ST=WA,O=x"), OPAQUE],
      'signing certificate from the digital signature does not match the X.509 trusted identities [map["C":"US" "O":"x" "ST":"WA"]] defined in the trust policy "p\\"q"',
    ],
    [[OPAQUE], 'no x509 trusted identities are configured in the trust policy "p\\"q"'],
    [
      [{ kind: "serial", serial: "1", text: "x509.serial:1" }],
      'signing certificate from the digital signature does not match the X.509 trusted identities ["x509.serial:1"] defined in the trust policy "p\\"q"',
    ],
  ])("says it as upstream", async (identities, message) => {
    expect(identityFault(identities, await leafOf(USUAL), 'p"q')?.message).toBe(message)
  })
})
