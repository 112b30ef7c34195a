import { webcrypto } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as pkijs from "pkijs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parsePem } from "../../codec/pem.ts"
import { loadPrehash } from "../../crypto/prehash.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseDistributionPoints } from "../../crypto/x509/crl-distribution-points.ts"
import { CertificateListReader } from "../../crypto/x509/crl-reader.ts"
import { opensslThere, openTestPki, type TestPki } from "../../testing/openssl-authority.ts"
import { EXTENSION } from "../../crypto/x509/extensions.ts"
import { buildOcspRequest } from "../../crypto/x509/ocsp-request.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { judgeList } from "./judge-list.ts"
import { judgeOcsp } from "./judge-ocsp.ts"

const engine = new pkijs.CryptoEngine({ name: "node", crypto: webcrypto })

/** Seeded, so that a failure comes again. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 2 ** 32
  }
}

describe.skipIf(!opensslThere).each([
  ["EC", ["EC", "ec_paramgen_curve:P-256"]],
  ["RSA", ["RSA", "rsa_keygen_bits:2048"]],
] as const)("pkijs as a second opinion, keys: %s", (_, algorithm) => {
  let pki: TestPki
  let issuer: Certificate
  let certificate: Certificate
  const at = Date.now() + 30_000
  beforeAll(async () => {
    await loadPrehash()
    pki = openTestPki(algorithm)
    issuer = parseCertificate(pki.root)
    certificate = parseCertificate(pki.issue("leaf"))
    pki.issue("other")
    pki.revoke("other")
  })
  afterAll(() => {
    pki.remove()
  })

  const ourList = (bytes: Uint8Array): string => {
    try {
      const reader = new CertificateListReader([certificate.serial])
      reader.push(bytes)
      return judgeList({ url: "http://crl.test/", base: reader.end() }, { certificate, issuer, at }).status
    } catch {
      return "unknown"
    }
  }
  const theirList = async (bytes: Uint8Array): Promise<boolean> => {
    try {
      const list = pkijs.CertificateRevocationList.fromBER(bytes)
      return await list.verify({ issuerCertificate: pkijs.Certificate.fromBER(issuer.raw) }, engine)
    } catch {
      return false
    }
  }
  const ourResponse = (bytes: Uint8Array): string => judgeOcsp(bytes, { certificate, issuer, at }).status
  const theirResponse = async (bytes: Uint8Array): Promise<boolean> => {
    try {
      const response = pkijs.OCSPResponse.fromBER(bytes)
      const basic = pkijs.BasicOCSPResponse.fromBER(response.responseBytes!.response.valueBlock.valueHexView)
      return await basic.verify({ trustedCerts: [pkijs.Certificate.fromBER(issuer.raw)] }, engine)
    } catch {
      return false
    }
  }

  const signedLength = (bytes: Uint8Array): number => {
    const at = Buffer.from(bytes).indexOf(issuer.raw)
    return at < 0 ? bytes.length : at
  }

  it("agrees about good lists and responses", async () => {
    const list = pki.list()
    expect([ourList(list), await theirList(list)]).toEqual(["good", true])
    const response = pki.respond(buildOcspRequest(certificate, issuer))
    expect([ourResponse(response), await theirResponse(response)]).toEqual(["good", true])
  })

  it("never takes a changed one that pkijs refuses", async () => {
    const random = randomFrom(7)
    const list = pki.list()
    const response = pki.respond(buildOcspRequest(certificate, issuer))
    for (let run = 0; run < 150; run++) {
      for (const [bytes, ours, theirs] of [
        [list, ourList, theirList],
        [response, ourResponse, theirResponse],
      ] as const) {
        const changed = Uint8Array.from(bytes)
        // Certificates behind the signature are not covered by it, and not needed when the issuer itself has signed.
        const index = Math.floor(random() * signedLength(bytes))
        changed[index] = (changed[index] ?? 0) ^ (1 + Math.floor(random() * 255))
        if (ours(changed) !== "unknown") expect(await theirs(changed), `byte ${index}`).toBe(true)
      }
    }
  })
})

const vectors = join(import.meta.dirname, "../../../../shared/vectors/notation/revocation/crl/testdata")
const there = existsSync(vectors)
if (!there) console.warn("vectors of notation/revocation are not there: skipped")

describe.skipIf(!there)("vectors of notation-core-go", () => {
  const load = (file: string): Certificate => {
    const [block] = parsePem(readFileSync(join(vectors, file), "utf8"))
    return parseCertificate(block!.bytes)
  }

  it.each([
    ["certificateWithDeltaCRL.cer", 1],
    ["certificateWith2DeltaCRL.cer", 2],
    ["certificateWithNonURIDeltaCRL.cer", 0],
    ["certificateWithZeroDeltaCRLURL.cer", 0],
    ["certificateWithIncompleteFreshestCRL.cer", "refused"],
    ["certificateWithIncompleteFreshestCRL2.cer", 0],
  ] as const)("%s", (file, expected) => {
    const value = load(file).extensions.get(EXTENSION.freshestCrl)!.value
    const read = (): number => parseDistributionPoints(value, "freshestCRL").flatMap(({ urls }) => urls).length
    if (expected === "refused") expect(read).toThrow("malformed freshestCRL")
    else expect(read()).toBe(expected)
  })

  it("a certificate with a delta of its own cannot be judged without one", () => {
    const certificate = load("certificateWithDeltaCRL.cer")
    const reader = new CertificateListReader([])
    reader.push(new Uint8Array(readFileSync(join(vectors, "delta.crl"))))
    const found = { url: "http://crl.test/", base: reader.end() }
    expect(judgeList(found, { certificate, issuer: certificate, at: 0 })).toEqual({
      status: "unknown",
      why: "freshest CRL from certificate extension is not supported",
    })
  })
})
