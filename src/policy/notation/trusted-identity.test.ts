import { describe, expect, it } from "vitest"
import { asToolError } from "../../core/errors.ts"
import { parseTrustedIdentities, parseTrustedIdentity } from "./trusted-identity.ts"

const options = { owner: "the command line", ownKinds: true }
const SHA = "0123456789abcdef".repeat(4)

function fault(text: string): string {
  try {
    parseTrustedIdentity(text, options)
  } catch (error) {
    return asToolError(error).what
  }
  return "accepted"
}

describe("our own kinds", () => {
  it.each([
    [`x509.thumbprint:${SHA.toUpperCase()}`, { kind: "thumbprint", sha256: SHA }],
    [`x509.thumbprint: ${SHA.replaceAll(/(..)(?=.)/g, "$1:")}`, { kind: "thumbprint", sha256: SHA }],
    ["x509.serial:0x00AB", { kind: "serial", serial: "ab" }],
    ["x509.serial:00", { kind: "serial", serial: "0" }],
    ["x509.san:DNS:example.com", { kind: "san", name: "DNS:example.com" }],
    ["x509.san:URI:spiffe://x/y", { kind: "san", name: "URI:spiffe://x/y" }],
    ["arn:aws:signer:1", { kind: "opaque" }],
    ["*", { kind: "any" }],
  ])("%s", (text, wanted) => {
    expect(parseTrustedIdentity(text, options)).toEqual({ ...wanted, text })
  })

  it("an issuer's name is read as a subject's", () => {
    const identity = parseTrustedIdentity("x509.issuer:C=US,S=WA,O=a\\, b", options)
    expect(identity.kind === "issuer" && [...identity.attributes]).toEqual([
      ["C", "US"],
      ["ST", "WA"],
      ["O", "a, b"],
    ])
  })

  it.each([
    ["x509.thumbprint:abcd", /64 hexadecimal digits/],
    [`x509.thumbprint:${SHA}0`, /64 hexadecimal digits/],
    ["x509.thumbprint:", /without an identity value/],
    ["x509.serial:xyz", /serial number/],
    [`x509.serial:${"1".repeat(65)}`, /serial number/],
    ["x509.san:example.com", /DNS:NAME/],
    ["x509.san:DNS:", /DNS:NAME/],
    ["x509.issuer:CN=x", /no mandatory RDN attribute/],
    ["x509.issuer:C=US+ST=WA,O=x", /multi-valued/],
    ["x509.subject:C=US,C=DE,ST=x,O=y", /duplicate RDN attribute for "C"/],
    ["x509.subject:C=#0102,ST=x,O=y", /does not support x509.subject identities containing "=#"/],
    ["x509.subject:C", /failed with err/],
  ])("%s is refused", (text, why) => {
    expect(fault(text)).toMatch(why)
  })
})

it.each(["x509.subjet: C=US, ST=WA, O=acme", "X509.subject: C=US, ST=WA, O=acme", "own:plugin", " arn:x", ":x"])(
  "the kind of %j is known to nobody: refused on a command line, left to plugins in a policy document",
  (text) => {
    expect(() => parseTrustedIdentity(text, options)).toThrow(
      expect.objectContaining({ code: "E_USAGE", why: expect.stringContaining("expected x509.subject:, ") as unknown }),
    )
    expect(parseTrustedIdentity(text, { ...options, ownKinds: false })).toEqual({ kind: "opaque", text })
  },
)

it("the same subject in another order overlaps", () => {
  const texts = ["x509.subject:C=US,ST=WA,O=a", "x509.subject:O=a,ST=WA,C=US"]
  expect(() => parseTrustedIdentities(texts, options)).toThrow(/overlapping x509 trustedIdentities/)
})
