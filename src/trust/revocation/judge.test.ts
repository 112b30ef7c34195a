import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { CertificateList } from "../../core/revocation.ts"
import { loadPrehash } from "../../crypto/prehash.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { CertificateListReader } from "../../crypto/x509/crl-reader.ts"
import { opensslThere, openTestPki, type TestPki } from "../../testing/openssl-authority.ts"
import { buildOcspRequest } from "../../crypto/x509/ocsp-request.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { judgeList } from "./judge-list.ts"
import { judgeOcsp } from "./judge-ocsp.ts"

const DAY = 86_400_000
const URL_A = "http://crl.test/a.crl"
const URL_B = "http://crl.test/b.crl"
const POINTS = `keyUsage = critical, digitalSignature\ncrlDistributionPoints = URI:${URL_A}, URI:${URL_B}\n`

function readList(bytes: Uint8Array, certificate: Certificate): CertificateList {
  const reader = new CertificateListReader([certificate.serial])
  reader.push(bytes)
  return reader.end()
}

describe.skipIf(!opensslThere)("judging", () => {
  let pki: TestPki
  let other: TestPki
  let issuer: Certificate
  // Certificates of openssl begin to be valid when they are made, which is after this.
  const at = Date.now() + 30_000
  const leaves = new Map<string, Certificate>()
  const leaf = (name: string): Certificate => leaves.get(name)!
  beforeAll(async () => {
    await loadPrehash()
    pki = openTestPki()
    other = openTestPki()
    issuer = parseCertificate(pki.root)
    const add = (name: string, extensions?: string): void => {
      leaves.set(name, parseCertificate(pki.issue(name, extensions)))
    }
    for (const name of ["good", "revoked", "held"]) add(name, POINTS)
    add("late")
    add("responder", "keyUsage = critical, digitalSignature\nextendedKeyUsage = OCSPSigning\n")
    add("sibling", "keyUsage = critical, digitalSignature\n")
    other.issue("stranger", "extendedKeyUsage = OCSPSigning\n")
    pki.write("stranger.pem", other.read("stranger.pem"))
    pki.write("stranger.key", other.read("stranger.key"))
    pki.revoke("revoked", "keyCompromise")
    pki.revoke("held", "certificateHold")
  })
  afterAll(() => {
    pki.remove()
    other.remove()
  })

  const ocsp = (name: string, options: Parameters<TestPki["respond"]>[1] = {}, when = at): string => {
    const certificate = leaf(name)
    const response = pki.respond(buildOcspRequest(certificate, issuer), options)
    const { status, why } = judgeOcsp(response, { certificate, issuer, at: when })
    return `${status}: ${why}`
  }

  describe("OCSP", () => {
    it.each<[string, Parameters<TestPki["respond"]>[1], RegExp]>([
      ["good", {}, /^good/],
      ["good", { signer: "responder" }, /^good/],
      ["good", { signer: "responder", extra: ["-ndays", "1", "-resp_key_id"] }, /^good/],
      ["good", { extra: ["-ndays", "1", "-resp_no_certs"] }, /^good/],
      ["revoked", {}, /^revoked: revoked at .*keyCompromise/],
      ["held", { signer: "responder" }, /^revoked/],
    ])("%s with %j", (name, options, expected) => {
      expect(ocsp(name, options)).toMatch(expected)
    })

    it.each<[string, Parameters<TestPki["respond"]>[1], RegExp]>([
      ["a sibling without id-kp-OCSPSigning", { signer: "sibling" }, /^unknown: .*not allowed to sign OCSP/],
      ["a responder of another CA", { signer: "stranger" }, /^unknown: .*not certified by the certificate issuer/],
      [
        "a responder that sends no certificate",
        { signer: "responder", extra: ["-ndays", "1", "-resp_no_certs"] },
        /^unknown/,
      ],
      ["an answer without nextUpdate", { extra: [] }, /^unknown: expired OCSP response: it has no nextUpdate/],
      ["SHA-1", { extra: ["-ndays", "1", "-rmd", "sha1"] }, /^unknown: .*ECDSA-SHA1 are not accepted/],
    ])("adv: OCSP classes: %s says nothing", (_, options, expected) => {
      expect(ocsp("good", options)).toMatch(expected)
      expect(ocsp("revoked", options)).toMatch(expected)
    })

    it("adv: OCSP classes: another serial, another issuer, unknown status, stale, future", () => {
      const response = pki.respond(buildOcspRequest(leaf("good"), issuer))
      const about = (certificate: Certificate, parent: Certificate, when: number): string =>
        judgeOcsp(response, { certificate, issuer: parent, at: when }).status
      expect(about(leaf("good"), issuer, at)).toBe("good")
      expect(about(leaf("late"), issuer, at)).toBe("unknown")
      expect(about(leaf("good"), parseCertificate(other.root), at)).toBe("unknown")
      expect(about(leaf("good"), issuer, at + 2 * DAY)).toBe("unknown")
      expect(about(leaf("good"), issuer, at - DAY)).toBe("unknown")
      pki.write("index.txt.kept", pki.read("index.txt"))
      const index = new TextDecoder().decode(pki.read("index.txt"))
      pki.write(
        "index.txt",
        index
          .split("\n")
          .filter((line) => !line.includes("CN=late"))
          .join("\n"),
      )
      expect(ocsp("late")).toBe("unknown: the OCSP responder does not know the certificate")
      pki.write("index.txt", index)
    })

    it("takes no changed byte for an answer of another kind", () => {
      const certificate = leaf("revoked")
      const response = pki.respond(buildOcspRequest(certificate, issuer), { signer: "responder" })
      for (let index = 0; index < response.length; index++) {
        const changed = Uint8Array.from(response)
        changed[index] = (changed[index] ?? 0) ^ 0x21
        expect(judgeOcsp(changed, { certificate, issuer, at }).status, `byte ${index}`).not.toBe("good")
      }
    })

    it.each([
      [6, "OCSP unauthorized"],
      [1, "OCSP malformed"],
      [2, "OCSP internal error"],
      [3, "OCSP try later"],
      [5, "OCSP signature required"],
    ])("refusal %i", (code, why) => {
      const bytes = Uint8Array.from([0x30, 3, 0x0a, 1, code])
      expect(judgeOcsp(bytes, { certificate: leaf("good"), issuer, at })).toEqual({ status: "unknown", why })
    })
  })

  const list = (
    name: string,
    bytes: Uint8Array,
    options: { url?: string; when?: number; delta?: Uint8Array } = {},
  ): string => {
    const certificate = leaf(name)
    const delta = options.delta === undefined ? {} : { delta: readList(options.delta, certificate) }
    const found = { url: options.url ?? URL_A, base: readList(bytes, certificate), ...delta }
    const { status, why } = judgeList(found, { certificate, issuer, at: options.when ?? at })
    return `${status}: ${why}`
  }

  describe("lists", () => {
    it("good, revoked, held", () => {
      const bytes = pki.list()
      expect(list("good", bytes)).toMatch(/^good/)
      expect(list("revoked", bytes)).toMatch(/^revoked: .*keyCompromise/)
      expect(list("held", bytes)).toMatch(/^revoked: .*certificateHold/)
    })

    it.each<[string, Parameters<TestPki["list"]>[0], RegExp]>([
      [
        "a distribution point of the certificate",
        { extensions: `issuingDistributionPoint = critical, @p\n[p]\nfullname = URI:${URL_A}` },
        /^good/,
      ],
      [
        "user certificates only",
        { extensions: "issuingDistributionPoint = critical, @p\n[p]\nonlyuser = TRUE" },
        /^good/,
      ],
      [
        "another distribution point",
        { extensions: "issuingDistributionPoint = critical, @p\n[p]\nfullname = URI:http://crl.test/c.crl" },
        /^unknown: .*not the certificate's/,
      ],
      [
        "the other distribution point of the certificate",
        { extensions: `issuingDistributionPoint = critical, @p\n[p]\nfullname = URI:${URL_B}` },
        /^unknown: .*not the certificate's/,
      ],
      [
        "CA certificates only",
        { extensions: "issuingDistributionPoint = critical, @p\n[p]\nonlyCA = TRUE" },
        /^unknown: .*CA certificates only/,
      ],
      [
        "attribute certificates only",
        { extensions: "issuingDistributionPoint = critical, @p\n[p]\nonlyAA = TRUE" },
        /^unknown: .*attribute certificates only/,
      ],
      [
        "adv: RUSTSEC-2026-0104 indirectCRL",
        { extensions: "issuingDistributionPoint = critical, @p\n[p]\nindirectCRL = TRUE" },
        /^unknown: .*indirect/,
      ],
      [
        "adv: RUSTSEC-2026-0104 onlySomeReasons",
        { extensions: "issuingDistributionPoint = critical, @p\n[p]\nonlysomereasons = keyCompromise" },
        /^unknown: .*some reasons/,
      ],
      [
        "adv: RUSTSEC-2026-0104 empty onlySomeReasons",
        { extensions: "2.5.29.28 = critical, DER:30:03:83:01:00" },
        /^unknown: .*some reasons/,
      ],
      [
        "adv: RUSTSEC-2026-0104 onlySomeReasons without octets",
        { extensions: "2.5.29.28 = critical, DER:30:02:83:00" },
        /^unknown/,
      ],
      [
        "adv: RUSTSEC-2026-0104 unknown critical extension",
        { extensions: "1.2.3.4 = critical, DER:05:00" },
        /^unknown: .*unsupported critical extension found in CRL: 1\.2\.3\.4/,
      ],
      [
        "adv: RUSTSEC-2026-0104 delta CRL indicator",
        { extensions: "2.5.29.27 = critical, DER:02:01:01" },
        /^unknown: .*delta CRL/,
      ],
      ["an extension that is not critical", { extensions: "1.2.3.4 = DER:05:00" }, /^good/],
      ["SHA-1", { digest: "sha1" }, /^unknown: .*ECDSA-SHA1 are not accepted/],
    ])("%s", (_, options, expected) => {
      expect(list("good", pki.list(options))).toMatch(expected)
    })

    it("adv: GHSA-pwjx-qhcg-rvj4: the list of one distribution point does not stand for another", () => {
      const forB = pki.list({ extensions: `issuingDistributionPoint = critical, @p\n[p]\nfullname = URI:${URL_B}` })
      expect(list("revoked", forB, { url: URL_A })).toMatch(/^unknown/)
      expect(list("revoked", forB, { url: URL_B })).toMatch(/^revoked/)
    })

    it("stale, from the future, of another CA, changed", () => {
      const bytes = pki.list()
      expect(list("good", bytes, { when: at + 31 * DAY })).toMatch(/^unknown: .*expired CRL\. Current time 20\d\d-/)
      expect(list("good", bytes, { when: at - DAY })).toMatch(/^unknown: .*from the future/)
      expect(list("good", other.list())).toMatch(/^unknown: .*CRL is not signed by CA/)
      const changed = Uint8Array.from(bytes)
      changed[changed.length - 5] = (changed[changed.length - 5] ?? 0) ^ 1
      expect(list("revoked", changed)).toMatch(/^unknown: .*CRL is not signed by CA/)
    })

    it("a CA that may not sign lists", () => {
      const certificate = leaf("good")
      const weak: Certificate = { ...issuer, keyUsage: new Set(["keyCertSign"]) }
      const found = { url: URL_A, base: readList(pki.list(), certificate) }
      expect(judgeList(found, { certificate, issuer: weak, at }).status).toBe("unknown")
    })

    it("deltas", () => {
      const base = pki.list({ number: 16 })
      const indicator = (number: string): string => `2.5.29.27 = critical, DER:02:01:${number}\ncrlNumber = 1`
      // openssl writes the number it counts, so the delta's own is that of its database.
      const delta = (number: number, since: string): Uint8Array =>
        pki.list({ number, extensions: indicator(since).split("\n")[0]! })
      const good = delta(17, "10")
      expect(list("good", base, { delta: good })).toMatch(/^good/)
      expect(list("revoked", base, { delta: good })).toMatch(/^revoked/)
      expect(list("good", base, { delta: delta(16, "10") })).toMatch(
        /delta CRL number 16 is not greater than the base CRL number 16/,
      )
      expect(list("good", base, { delta: delta(18, "11") })).toMatch(
        /delta CRL indicator 17 is not less than or equal to the base CRL number 16/,
      )
      expect(list("good", base, { delta: pki.list({ number: 19 }) })).toMatch(
        /delta CRL indicator extension is not found/,
      )
      expect(list("good", base, { delta: other.list({ number: 20 }) })).toMatch(/failed to validate delta CRL/)
      const scoped = pki.list({
        number: 21,
        extensions: `2.5.29.27 = critical, DER:02:01:10\nissuingDistributionPoint = critical, @p\n[p]\nonlyuser = TRUE`,
      })
      expect(list("good", base, { delta: scoped })).toMatch(/another scope/)
    })

    it("holds, their ends, and invalidity dates", () => {
      const certificate = leaf("good")
      const base = readList(pki.list(), certificate)
      const { serial } = certificate
      const judge = (entries: CertificateList["entries"], authenticSigningTime?: number): string =>
        judgeList(
          { url: URL_A, base: { ...base, entries } },
          { certificate, issuer, at, ...(authenticSigningTime === undefined ? {} : { authenticSigningTime }) },
        ).status
      const hold = { serial, revokedAt: 10, reason: 6 }
      const end = { serial, revokedAt: 20, reason: 8 }
      expect(judge([hold])).toBe("revoked")
      expect(judge([hold, end])).toBe("good")
      expect(judge([end, { ...hold, revokedAt: 30 }])).toBe("revoked")
      expect(judge([hold, { ...end, revokedAt: 10 }])).toBe("revoked")
      expect(judge([end, { serial, revokedAt: 5, reason: 1 }])).toBe("revoked")
      expect(judge([{ ...hold, serial: serial + 1n }])).toBe("good")
      const dated = { serial, revokedAt: 1000, reason: 1, invalidityDate: 500 }
      expect(judge([dated])).toBe("revoked")
      expect(judge([dated], 499)).toBe("good")
      expect(judge([dated], 500)).toBe("revoked")
      expect(judge([dated, { serial, revokedAt: 1000 }], 499)).toBe("revoked")
      expect(
        judgeList({ url: URL_A, base: { ...base, unknownCriticalEntryExtension: "1.2" } }, { certificate, issuer, at })
          .status,
      ).toBe("unknown")
    })
  })
})
