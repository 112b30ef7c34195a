import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { decodeBase64 } from "../../codec/base64.ts"
import type { TrustStoreType } from "../../core/certified.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { storeFault } from "./store-rules.ts"

const data = JSON.parse(readFileSync(new URL("testdata/chains.json", import.meta.url), "utf8")) as {
  readonly certificates: readonly string[]
  readonly cases: readonly { readonly name: string; readonly chain: readonly number[] }[]
}

function certificateOf(name: string, at: number) {
  const index = data.cases.find((one) => one.name === name)?.chain[at] ?? -1
  return parseCertificate(decodeBase64(data.certificates[index] ?? "", { what: "certificate", max: 65536 }))
}

const LEAF = 'certificate with subject "CN=leaf,O=Notary,ST=WA,C=US" is not a'
const ALONE = 'certificate with subject "CN=alone,O=Notary,ST=WA,C=US" is not a'
const CANNOT = "x509: invalid signature: parent certificate cannot sign this kind of certificate"

describe("storeFault", () => {
  it.each<[string, number, TrustStoreType, string | undefined]>([
    ["three", 2, "ca", undefined],
    ["three", 1, "ca", undefined],
    ["three", 1, "signingAuthority", undefined],
    ["alone P-256", 0, "ca", undefined],
    ["three", 2, "tsa", undefined],
    ["three", 0, "ca", `${LEAF} CA certificate or self-signed signing certificate`],
    ["three", 0, "signingAuthority", `${LEAF} CA certificate or self-signed signing certificate`],
    ["three", 0, "tsa", `${LEAF} CA certificate or self-signed signing certificate`],
    ["alone, signed by another key", 0, "ca", `${ALONE} CA certificate or self-signed signing certificate`],
    ["alone sha1", 0, "ca", `${ALONE} CA certificate or self-signed signing certificate`],
    ["alone RSA 1024", 0, "ca", `${ALONE} CA certificate or self-signed signing certificate`],
    ["alone, timestamping", 0, "tsa", `${ALONE} root CA certificate: ${CANNOT}`],
    [
      "three",
      1,
      "tsa",
      'certificate with subject "CN=mid,O=Notary,ST=WA,C=US" is not a root CA certificate: x509: ECDSA verification failure',
    ],
  ])("%s, certificate %i, in a store of type %s", (name, at, type, message) => {
    expect(storeFault(certificateOf(name, at), type)?.message).toBe(message)
  })

  it.each<[string, TrustStoreType, string]>([
    ["three", "ca", "validate"],
    ["alone, timestamping", "tsa", "root"],
  ])("names the rule: %s", (name, type, rule) => {
    expect(storeFault(certificateOf(name, 0), type)?.rule).toBe(rule)
  })

  it("adv: ratify-2723 a leaf is no trust anchor", () => {
    for (const name of ["leaf P-256", "leaf RSA 2048", "leaf CA false", "timestamping"]) {
      for (const type of ["ca", "signingAuthority", "tsa"] as const) {
        expect(storeFault(certificateOf(name, 0), type)).toBeDefined()
      }
    }
  })
})
