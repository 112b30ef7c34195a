/** Signatures of certificates and whole chains, held against OpenSSL (by Node) and PKI.js. */
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import * as pkijs from "pkijs"
import { describe, expect, it } from "vitest"
import { decodeBase64 } from "../../codec/base64.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { issueFault, isIssuedBy, signatureFault, signatureHolds } from "../../crypto/x509/check-issued.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { chainFault } from "./chain-rules.ts"

const data = JSON.parse(readFileSync(new URL("testdata/chains.json", import.meta.url), "utf8")) as {
  readonly certificates: readonly string[]
  readonly cases: readonly { readonly name: string; readonly chain: readonly number[] }[]
}

const certificates = data.certificates.map((text) =>
  parseCertificate(decodeBase64(text, { what: "certificate", max: 65536 })),
)
const chainOf = (name: string) =>
  (data.cases.find((one) => one.name === name)?.chain ?? []).flatMap((index) => certificates[index] ?? [])

/** Accepted by OpenSSL, refused here by decision. */
function refusedByDecision(child: Certificate, issuer: Certificate): boolean {
  return /SHA1|MD5/.test(child.signatureName) || issuer.publicKey === undefined
}

describe("signatures of certificates", () => {
  const pairs = data.cases.flatMap(({ name, chain }) =>
    chain.map((index, at) => ({ name, child: certificates[index]!, issuer: certificates[chain[at + 1] ?? index]! })),
  )

  it.each(pairs)("as OpenSSL: $name", ({ child, issuer }) => {
    const openssl = new X509Certificate(child.raw).verify(new X509Certificate(issuer.raw).publicKey)
    expect(signatureHolds(child, issuer)).toBe(openssl && !refusedByDecision(child, issuer))
    expect(signatureHolds(child, issuer)).toBe(signatureFault(child, issuer) === undefined)
    if (isIssuedBy(child, issuer)) expect(issueFault(child, issuer)).toBeUndefined()
  })

  it("judges by name as well", () => {
    const [leaf, root] = chainOf("issued by another name")
    expect(signatureHolds(leaf!, root!)).toBe(true)
    expect(isIssuedBy(leaf!, root!)).toBe(false)
  })
})

describe("chains", () => {
  const engine = (chain: readonly Certificate[]) => {
    const parsed = chain.map(({ raw }) => pkijs.Certificate.fromBER(Uint8Array.from(raw)))
    return new pkijs.CertificateChainValidationEngine({
      trustedCerts: parsed.slice(-1),
      certs: parsed.slice(0, -1).reverse(),
      checkDate: new Date(Date.UTC(2030, 0, 1)),
    })
  }

  it.each([
    ["three", true],
    ["path length 0 fits", true],
    ["root rsa-pkcs1 sha384", true],
    ["issued by another key", false],
    ["issued by another name", false],
  ])("as PKI.js: %s", async (name, holds) => {
    const chain = chainOf(name)
    expect((await engine(chain).verify()).result).toBe(holds)
    expect(chainFault(chain, "code-signing") === undefined).toBe(holds)
  })
})
