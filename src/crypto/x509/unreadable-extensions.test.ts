/** Extensions that Go 1.26 cannot read; each answer here was compared with that of its `x509.ParseCertificate`. */
import { beforeAll, describe, expect, it } from "vitest"
import { encodeDer, encodeDerOid } from "../../codec/der.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { SigningKey } from "../../core/ports.ts"
import { generatePrivateKey } from "../generate.ts"
import { localSigningKey } from "../local-key.ts"
import { EXTENSION } from "./extensions.ts"
import { parseCertificate } from "./parse-certificate.ts"
import { codeOf, craft, extensionBytes, extensionsOf, hex, seq } from "./testdata/craft.ts"

let key: SigningKey
beforeAll(async () => {
  key = localSigningKey(await generatePrivateKey("ecdsa-p256"))
})

function outcome(oid: string, value: Uint8Array, critical = false): string {
  const flag = critical ? hex("0101ff") : new Uint8Array(0)
  return codeOf(() => parseCertificate(craft(key, { tail: [extensionsOf(extensionBytes(oid, value, flag))] })))
}

const policy = encodeDerOid("1.2.3")
const other = encodeDerOid("1.2.4")
const names = (list: number, tag: number, contents: Uint8Array | string): Uint8Array =>
  seq(encodeDer(list, seq(encodeDer(tag, typeof contents === "string" ? encodeUtf8(contents) : contents))))
const [PERMITTED, EXCLUDED, EMAIL, DNS, URI, ADDRESS] = [0xa0, 0xa1, 0x81, 0x82, 0x86, 0x87] as const

describe("extensions that nothing acts upon", () => {
  it.each<[string, keyof typeof EXTENSION, Uint8Array]>([
    ["an identifier of the issuer's key", "authorityKeyIdentifier", seq(hex("8001aa"))],
    ["an identifier of nothing", "authorityKeyIdentifier", seq()],
    ["an identifier of the key", "subjectKeyIdentifier", hex("040101")],
    ["two policies", "certificatePolicies", seq(seq(policy), seq(other))],
    ["policies mapped", "policyMappings", seq(seq(policy, other))],
    ["constraints of policies", "policyConstraints", seq(hex("800105"), hex("810100"))],
    ["no policy but one", "inhibitAnyPolicy", hex("020105")],
    ["a domain", "nameConstraints", names(PERMITTED, DNS, "x.y")],
    ["names below a domain", "nameConstraints", names(EXCLUDED, DNS, ".x.y")],
    ["every domain", "nameConstraints", names(EXCLUDED, DNS, "")],
    ["a network", "nameConstraints", names(PERMITTED, ADDRESS, hex("0a000000ff000000"))],
    ["a mailbox", "nameConstraints", names(PERMITTED, EMAIL, "a@b.c")],
    ["hosts of URIs", "nameConstraints", names(PERMITTED, URI, "b.c")],
    ["directory names", "nameConstraints", names(PERMITTED, 0xa4, seq())],
  ])("%s can be read", (_, name, value) => {
    expect(outcome(EXTENSION[name], value)).toBe("accepted")
  })

  it.each<[string, keyof typeof EXTENSION, Uint8Array]>([
    ["an identifier of the issuer's key that is bytes", "authorityKeyIdentifier", hex("040101")],
    ["an identifier of the key that is a list", "subjectKeyIdentifier", seq()],
    ["a policy twice", "certificatePolicies", seq(seq(policy), seq(policy))],
    ["a policy without identifier", "certificatePolicies", seq(seq())],
    ["a policy that is no list", "certificatePolicies", seq(policy)],
    ["a mapping of one policy", "policyMappings", seq(seq(policy))],
    ["a constraint of policies beyond 64 bits", "policyConstraints", seq(hex("80090100000000000000ff"))],
    ["an empty constraint of policies", "policyConstraints", seq(hex("8000"))],
    ["a number beyond 64 bits", "inhibitAnyPolicy", hex("02090100000000000000ff")],
    ["a list for a number", "inhibitAnyPolicy", seq()],
    ["no constraint of names", "nameConstraints", seq()],
    ["no permitted names", "nameConstraints", seq(encodeDer(PERMITTED))],
    ["neither permitted nor excluded names", "nameConstraints", seq(encodeDer(PERMITTED), encodeDer(EXCLUDED))],
    ["another kind of names", "nameConstraints", names(0xa2, DNS, "x.y")],
    ["an empty constraint", "nameConstraints", seq(encodeDer(PERMITTED, seq()))],
    ["a domain that ends with a dot", "nameConstraints", names(PERMITTED, DNS, "x.")],
    ["a domain with an empty label", "nameConstraints", names(PERMITTED, DNS, "x..y")],
    ["a domain with a space", "nameConstraints", names(PERMITTED, DNS, "x y")],
    ["a domain beyond ASCII", "nameConstraints", names(PERMITTED, DNS, Uint8Array.of(0xe9))],
    ["an address without mask", "nameConstraints", names(EXCLUDED, ADDRESS, hex("0a000000"))],
    ["a mask with a hole", "nameConstraints", names(EXCLUDED, ADDRESS, hex("0a000000ff00ff00"))],
    ["an address for hosts of URIs", "nameConstraints", names(EXCLUDED, URI, "1.2.3.4")],
  ])("%s is refused", (_, name, value) => {
    expect(outcome(EXTENSION[name], value)).toBe("E_FORMAT_MALFORMED")
    expect(outcome(EXTENSION[name], value, true)).toBe("E_FORMAT_MALFORMED")
  })

  it("identifiers of keys may not be critical", () => {
    expect(outcome(EXTENSION.authorityKeyIdentifier, seq(), true)).toBe("E_FORMAT_MALFORMED")
    expect(outcome(EXTENSION.subjectKeyIdentifier, hex("040101"), true)).toBe("E_FORMAT_MALFORMED")
    expect(outcome(EXTENSION.certificatePolicies, seq(seq(policy)), true)).toBe("accepted")
  })
})

describe("URIs among alternative names", () => {
  const uri = (text: string): string => outcome(EXTENSION.alternativeNames, seq(encodeDer(URI, encodeUtf8(text))))

  it.each([
    "https://github.test/a/b/.github/workflows/release.yml@refs/heads/fix#12",
    "https://host.test:8443/?%zz",
    "spiffe://domain.test/workload",
    "urn:x:y",
    "mailto:a@b.test",
    "http://[::1]:80/",
    "http://[fe80::1%25eth0]/",
    "http://user:p%20w@host.test/",
    "foo://a:1:2/",
    "http://a_b/",
    "http:///path",
    "a/b:c",
    "*",
    "",
  ])("%j is one", (text) => {
    expect(uri(text)).toBe("accepted")
  })

  it.each([
    "http://[bad",
    "http://[]/",
    "http://[1.2.3.4]/",
    "http://[::1]x",
    "http://[fe80::1%25]/",
    "http://a[b]/x[",
    "http://a b/",
    "http://a:x/",
    "http://a:1:2/",
    "http://a|b/",
    "http://%41/",
    "http://%ff/",
    "http://a./",
    "http://.a/",
    "http://a..b/",
    "http://u<@a/",
    "http://u%zz@a/",
    "http://a/%zz",
    "http://a#%zz",
    "a\u0001b",
    ":",
    "1a:b",
    "//a:x",
  ])("%j is none", (text) => {
    expect(uri(text)).toBe("E_FORMAT_MALFORMED")
  })
})
