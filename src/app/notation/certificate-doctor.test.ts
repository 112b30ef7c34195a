import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { decodeBase64 } from "../../codec/base64.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import type { ChainPurpose } from "../../trust/x509/chain-fault.ts"
import { type Diagnosis, diagnoseChain, type DoctorQuestion } from "./certificate-doctor.ts"

const data = JSON.parse(readFileSync(new URL("../../trust/x509/testdata/chains.json", import.meta.url), "utf8")) as {
  readonly certificates: readonly string[]
  readonly cases: readonly {
    readonly name: string
    readonly purpose: ChainPurpose
    readonly chain: readonly number[]
    /** What notation's library says. */
    readonly upstream: string | null
  }[]
}

const caseOf = (name: string) => {
  const found = data.cases.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no case ${name}`)
  return found
}
const chainOf = (name: string): readonly Certificate[] =>
  caseOf(name).chain.map((index) =>
    parseCertificate(decodeBase64(data.certificates[index] ?? "", { what: "certificate", max: 65536 })),
  )
/** All certificates are valid then. */
const AT = Date.UTC(2030, 0, 1)
const diagnose = (name: string, question: Partial<DoctorQuestion> = {}): Diagnosis =>
  diagnoseChain(chainOf(name), { purpose: caseOf(name).purpose, at: AT, strict: false, ...question })

/** Rules with an outcome, those of certificates with their place. */
function rules({ checks, certificates }: Diagnosis, outcome: string): string {
  const own = certificates.map((one, index) => ({ prefix: `${index}:`, checks: one.checks }))
  return [{ prefix: "", checks }, ...own]
    .flatMap((each) => each.checks.filter((one) => one.outcome === outcome).map((one) => `${each.prefix}${one.rule}`))
    .join(" ")
}

/** Upstream accepts them, or says it otherwise. */
const REFUSED_HERE: ReadonlySet<string> = new Set([
  "alone sha1",
  ...["root RSA 1024", "root RSA 2047", "leaf RSA 2047", "alone RSA 2047", "root P-224"],
  ...["critical nameConstraints in the root", "critical policyConstraints"],
  ...["unknown critical extension in the leaf", "unknown critical extension in the root"],
  "eleven certificates",
])

describe("diagnoseChain", () => {
  it.each(data.cases.filter(({ name }) => !REFUSED_HERE.has(name)))("answers as upstream: $name", (one) => {
    const diagnosis = diagnose(one.name)
    expect(diagnosis.accepted).toBe(one.upstream === null)
    expect(diagnosis.message ?? null).toBe(one.upstream)
    expect(rules(diagnosis, "failed") === "").toBe(one.upstream === null)
  })

  it.each([...REFUSED_HERE])("refuses what upstream does not: %s", (name) => {
    const diagnosis = diagnose(name)
    expect(diagnosis.accepted).toBe(false)
    expect(rules(diagnosis, "failed")).not.toBe("")
  })

  it.each([
    ["alone, a CA", "0:basic-constraints 0:key-usage-bits 0:key-usage-only"],
    ["alone P-224", "0:signature 0:key"],
    ["alone DSA", "0:signature-algorithm 0:key"],
    ["root not CA", "0:issuer-authority 1:issuer-authority 1:basic-constraints"],
    ["root without keyCertSign", "0:issuer-authority 1:issuer-authority 1:key-usage-bits"],
    ["root sha1", "1:signature-algorithm"],
    ["path length 0 too short", "2:path-length"],
    ["issued by another name", "0:issuer-name"],
    ["issued by another key", "0:signature"],
    ["order reversed", "order"],
    ["root twice", "order"],
    ["root missing", "complete"],
    ["leaf alone, issued by another", "complete"],
    ["leaf with every usage", "0:key-usage-only"],
    ["leaf EKU order", "0:extended-key-usage"],
    ["critical nameConstraints in the root", "1:critical-extensions"],
    ["eleven certificates", "length"],
    ["timestamping, EKU not critical", "0:extended-key-usage-critical"],
  ])("names every rule that is broken: %s", (name, broken) => {
    expect(rules(diagnose(name), "failed")).toBe(broken)
  })

  it("says of each fault what was seen, what was expected and what to do", () => {
    for (const { name } of data.cases) {
      const { checks, certificates } = diagnose(name)
      for (const check of [...checks, ...certificates.flatMap((one) => one.checks)]) {
        expect(check.expected, name).not.toBe("")
        expect(check.observed, name).not.toBe("")
        const faulty = check.outcome === "failed" || check.outcome === "warning"
        expect((check.remedy ?? "") !== "", `${name} ${check.rule}`).toBe(faulty)
        expect(check.code !== undefined, `${name} ${check.rule}`).toBe(check.outcome === "failed")
      }
    }
  })

  it("tells what is there of what is wrong", () => {
    const [leaf] = diagnose("leaf keyUsage not critical").certificates
    expect(leaf?.checks.find(({ outcome }) => outcome === "failed")).toEqual({
      rule: "key-usage-critical",
      outcome: "failed",
      expected: "keyUsage is marked critical",
      observed: "keyUsage digitalSignature (not critical)",
      remedy: "reissue it with keyUsage digitalSignature, critical",
      code: "E_CERT_USAGE",
    })
  })

  it("says the right order", () => {
    const order = diagnose("order reversed").checks.find(({ rule }) => rule === "order")
    expect(order?.remedy).toBe("give, in this order: CN=leaf,O=Notary,ST=WA,C=US, then CN=root,O=Notary,ST=WA,C=US")
  })

  it("judges nothing by an issuer that is missing", () => {
    expect(rules(diagnose("root missing"), "unchecked")).toBe("1:issuer-authority 1:signature 1:issuer-name")
  })

  it.each([
    ["before", Date.UTC(2025, 0, 1), "E_CERT_NOT_YET_VALID"],
    ["after", Date.UTC(2040, 0, 1), "E_CERT_EXPIRED"],
  ])("looks at the time: %s", (_, at, code) => {
    const diagnosis = diagnose("three", { at })
    expect(diagnosis.accepted).toBe(false)
    expect(rules(diagnosis, "failed")).toBe("0:validity 1:validity 2:validity")
    expect(diagnosis.certificates[0]?.checks.find(({ rule }) => rule === "validity")?.code).toBe(code)
    expect(diagnosis.message).toContain("was invalid at signing time of")
  })

  it("holds the leaf against a key", () => {
    const [leaf, root] = chainOf("leaf P-256")
    expect(diagnose("leaf P-256", { key: leaf!.publicKey! }).accepted).toBe(true)
    const other = diagnose("leaf P-256", { key: root!.publicKey! })
    expect(other.accepted).toBe(false)
    expect(rules(other, "failed")).toBe("key-match")
  })

  it("anyExtendedKeyUsage: a warning, and a fault when strict", () => {
    expect(rules(diagnose("leaf EKU any"), "warning")).toContain("0:extended-key-usage")
    const strict = diagnose("leaf EKU any", { strict: true })
    expect(strict.accepted).toBe(false)
    expect(rules(strict, "failed")).toBe("0:extended-key-usage")
  })

  it("warns where revocation cannot be checked, of the leaf and not of the root", () => {
    expect(rules(diagnose("leaf P-256"), "warning")).toBe("0:revocation")
  })
})
