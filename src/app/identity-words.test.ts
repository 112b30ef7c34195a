import { describe, expect, it } from "vitest"
import type { Finding, SignatureReport } from "../core/report.ts"
import { judgeIdentityRules } from "../trust/sigstore/identity-rules.ts"
import { identityRule } from "./identity-matchers.ts"
import { identityWords } from "./identity-words.ts"

const ISSUER = "https://token.actions.githubusercontent.com"
const NAME = "https://github.com/evil/app/.github/workflows/release.yml@refs/heads/main"
const SEEN = { evidence: { certificate: { alternativeNames: [NAME], issuer: ISSUER } } } as unknown as SignatureReport
const HOLDER = {
  subjects: [{ kind: "URI" as const, value: NAME }],
  issuer: ISSUER,
  extensions: { sourceRepositoryUri: "https://github.com/evil/app" },
}
const START = `signer.identity: the certificate names ${NAME} and the issuer ${ISSUER}, expected `

function words(identities: readonly (readonly [text: string, issuer?: string])[], form: "bundle" | "legacy"): string {
  const rules = identities.map(([text, issuer]) => identityRule(text, issuer))
  return identityWords(SEEN, judgeIdentityRules(HOLDER, rules, form)) ?? ""
}

describe.each(["bundle", "legacy"] as const)("why an identity is another one (%s)", (form) => {
  it.each([
    [
      ["github:acme/app"],
      String.raw`github:acme/app (a subject that matches https://github\.com/acme/app/\.github/workflows/[^/@]+@[^@]+)`,
    ],
    [["github:acme/app/release.yml@refs/heads/main"], "refs/heads/main (the subject https://github.com/acme/app/"],
    [["alice@example.com", ISSUER], "alice@example.com"],
    [["email:alice@example.com", ISSUER], "email:alice@example.com (the subject alice@example.com)"],
    [["re2:.*@example\\.com", ISSUER], "re2:.*@example\\.com (a subject that matches .*@example\\.com)"],
    [[NAME, "https://other.example"], `${NAME} (the issuer https://other.example)`],
    [["gitlab:acme/app"], String.raw`gitlab:acme/app (a subject that matches https://gitlab\.com/acme/app//`],
    [["github:evil/app@refs/tags/v1"], "github:evil/app@refs/tags/v1 (a subject that matches "],
  ] as const)("is said of %j beside what it stands for", ([text, issuer], wanted) => {
    const said = words([issuer === undefined ? [text] : [text, issuer]], form)
    expect(said.slice(0, START.length)).toBe(START)
    expect(said).toContain(wanted)
    expect(said).not.toMatch(/CertificateIdentity|SAN|regex/)
    if (text === "alice@example.com") expect(said).toBe(START + text)
  })

  it("names all of several, and explains none", () => {
    expect(words([["a@example.com", ISSUER], ["github:acme/app"]], form)).toBe(
      `${START}a@example.com or github:acme/app`,
    )
  })
})

describe("a certificate", () => {
  const finding: Finding = { check: "signer.identity", outcome: "failed", code: "E_CERT_IDENTITY", expected: "a" }

  it("of a verified holder is named by that", () => {
    const signer = { kind: "keyless", name: "eve", issuer: "" } as SignatureReport["signer"]
    expect(identityWords({ ...SEEN, ...(signer === undefined ? {} : { signer }) }, finding)).toBe(
      "signer.identity: the certificate names eve and no issuer, expected a",
    )
  })

  it.each<[string, SignatureReport, Finding]>([
    ["nobody knows the holder of", {} as SignatureReport, finding],
    ["is wrong in another way", SEEN, { ...finding, code: "E_CERT_CHAIN" }],
    ["has the identity", SEEN, { check: "signer.identity", outcome: "passed", expected: "a" }],
    ["is of another family", SEEN, { check: "signer.identity", outcome: "failed", code: "E_CERT_IDENTITY" }],
    ["was not trusted", SEEN, { ...finding, check: "certificate.trusted" }],
  ])("that %s keeps the finding's words", (_name, report, other) => {
    expect(identityWords(report, other)).toBeUndefined()
  })
})
