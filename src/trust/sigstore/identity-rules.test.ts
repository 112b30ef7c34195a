import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { IdentityRule, TextRule } from "../../core/sigstore.ts"
import type { CertificateFacts } from "./fulcio-certificate.ts"
import { checkIdentityRules, judgeIdentityRules } from "./identity-rules.ts"

const exact = (value: string): TextRule => ({ kind: "exact", value })
const some = (pattern: string): TextRule => ({ kind: "pattern", pattern, anchored: false })
const whole = (pattern: string): TextRule => ({ kind: "pattern", pattern, anchored: true })

const HOLDER: CertificateFacts = {
  subjects: [
    { kind: "DNS", value: "example.com" },
    { kind: "email", value: "user@example.com" },
    { kind: "email", value: "second@example.com" },
  ],
  issuer: "https://issuer.example",
  extensions: {
    githubWorkflowRepository: "owner/repo",
    githubWorkflowSha: "abc",
    sourceRepositoryRef: "refs/heads/main",
  },
}
const ISSUER = exact("https://issuer.example")

function rule(parts: Partial<IdentityRule>): IdentityRule {
  return { extensions: {}, text: "somebody", ...parts }
}

function judged(rules: readonly IdentityRule[], form: "bundle" | "legacy" = "bundle", facts = HOLDER): boolean {
  return judgeIdentityRules(facts, rules, form).outcome === "passed"
}

describe("judgeIdentityRules", () => {
  it.each([
    ["subject and issuer", rule({ subject: exact("user@example.com"), issuer: ISSUER })],
    ["patterns", rule({ subject: some("@example\\.com$"), issuer: whole("https://issuer\\.(example|test)") })],
    ["an extension", rule({ issuer: ISSUER, extensions: { githubWorkflowRepository: exact("owner/repo") } })],
  ])("accepts by %s", (_, item) => {
    expect(judged([item])).toBe(true)
    expect(judged([item], "legacy")).toBe(true)
  })

  it("needs one rule to hold in whole", () => {
    const wrongIssuer = rule({ subject: exact("user@example.com"), issuer: exact("https://evil.example") })
    const wrongSubject = rule({ subject: exact("evil@example.com"), issuer: ISSUER })
    expect(judged([wrongIssuer, wrongSubject])).toBe(false)
    expect(judged([wrongIssuer, rule({ subject: exact("user@example.com") })])).toBe(true)
  })

  it("looks at the name that stands for the holder in bundles, at any in the legacy form", () => {
    for (const name of ["second@example.com", "example.com"]) {
      expect(judged([rule({ subject: exact(name) })])).toBe(false)
      expect(judged([rule({ subject: exact(name) })], "legacy")).toBe(true)
    }
  })

  it.each([
    ["another subject", rule({ subject: exact("User@example.com") })],
    ["another issuer", rule({ subject: exact("user@example.com"), issuer: exact("https://issuer.example/") })],
    ["an extension that is not there", rule({ extensions: { githubWorkflowRef: some(".*") } })],
    ["an extension of another value", rule({ extensions: { githubWorkflowSha: exact("ab") } })],
    [
      "one good and one bad extension",
      rule({ extensions: { githubWorkflowSha: exact("abc"), buildTrigger: exact("x") } }),
    ],
  ])("refuses for %s", (_, item) => {
    expect(judgeIdentityRules(HOLDER, [item], "bundle")).toMatchObject({ outcome: "failed", code: "E_CERT_IDENTITY" })
    expect(judgeIdentityRules(HOLDER, [item], "legacy")).toMatchObject({ outcome: "failed", code: "E_CERT_IDENTITY" })
  })

  it("asks for the kind of name where a rule does", () => {
    const mail = rule({ subject: exact("user@example.com"), issuer: ISSUER, subjectKind: "email" })
    const uri = rule({ subject: exact("user@example.com"), issuer: ISSUER, subjectKind: "URI" })
    const other: CertificateFacts = { ...HOLDER, subjects: [{ kind: "other", value: "user@example.com" }] }
    for (const form of ["bundle", "legacy"] as const) {
      expect(judged([mail], form)).toBe(true)
      expect(judged([uri], form)).toBe(false)
      expect(judged([mail], form, other)).toBe(false)
    }
  })

  const withName = (value: string): CertificateFacts => ({ ...HOLDER, subjects: [{ kind: "email", value }] })
  it.each(["evil-user@example.com", "user@example.com.evil", "userXexample.com", "user@example.com "])(
    "adv: sigstore-js #1656 takes %s for nobody else",
    (name) => {
      const facts = withName(name)
      expect(judged([rule({ subject: exact("user@example.com"), issuer: ISSUER })], "bundle", facts)).toBe(false)
      expect(judged([rule({ subject: whole("user@example\\.com"), issuer: ISSUER })], "bundle", facts)).toBe(false)
    },
  )

  const eks = whole("https://oidc\\.eks\\.[^/.?\\n]*\\.amazonaws\\.com/id/[^/.?\\n]*")
  it.each([
    "http://localhost?x=https://oidc.eks.us-west-2.amazonaws.com/id/AB",
    "https://oidc.eks.us-west-2.amazonaws.com/id/AB/extra",
    "https://oidc.eks.us-west-2.amazonaws.com/id/AB\nfoo",
    "xhttps://oidc.eks.us-west-2.amazonaws.com/id/AB",
    "https://oidc.eks.us-west-2.amazonaws.com/id/AB?",
  ])("adv: GHSA-59jp-pj84-45mr an anchored pattern does not match %j", (issuer) => {
    expect(judged([rule({ subject: exact("user@example.com"), issuer: eks })], "bundle", { ...HOLDER, issuer })).toBe(
      false,
    )
  })

  it("adv: GHSA-46mp-8w32-6g94 enforces patterns that stand alone", () => {
    expect(judged([rule({ subject: some("^nobody$") })])).toBe(false)
    expect(judged([rule({ issuer: some("^nobody$") })])).toBe(false)
  })

  it("takes an issuer or name that is not there for no match, whatever the pattern", () => {
    const nobody: CertificateFacts = { subjects: [], issuer: "", extensions: {} }
    expect(judged([rule({ subject: some(".*") })], "legacy", nobody)).toBe(false)
    expect(judged([rule({ subject: some(".*") })], "bundle", nobody)).toBe(false)
    expect(
      judged([rule({ subject: exact("user@example.com"), issuer: some(".*") })], "bundle", { ...HOLDER, issuer: "" }),
    ).toBe(false)
  })

  it("lets an issuer be missing only where the rule says so and its pattern matches nothing at all", () => {
    const unnamed: CertificateFacts = { ...HOLDER, issuer: "" }
    const orNone = (pattern: string): TextRule => ({
      kind: "pattern",
      pattern,
      anchored: false,
      orNone: true,
    })
    for (const form of ["bundle", "legacy"] as const) {
      for (const pattern of [".*", "^$", "a*"]) {
        const issuer = orNone(pattern)
        expect(judged([{ ...rule({ subject: some(".*") }), issuer }], form, unnamed), pattern).toBe(true)
      }
      for (const pattern of [".", "https", "^.+$"]) {
        const issuer = orNone(pattern)
        expect(judged([{ ...rule({ subject: some(".*") }), issuer }], form, unnamed), pattern).toBe(false)
      }
    }
  })

  it("adv: CVE-2026-48815 enforces what it does not know", () => {
    for (const name of ["unheardOf", "constructor", "__proto__", "toString"]) {
      const extensions = JSON.parse(`{"${name}":{"kind":"pattern","pattern":".*","anchored":false}}`) as object
      expect(judged([rule({ subject: some(".*"), extensions })])).toBe(false)
      expect(judged([rule({ subject: some(".*"), extensions })], "legacy")).toBe(false)
    }
  })

  it("does not match names that are too long for a pattern", () => {
    expect(judged([rule({ subject: some("a") })], "bundle", withName("a".repeat(8193)))).toBe(false)
  })

  it.each([
    [
      "bundle",
      rule({ subject: exact("a@b.c"), issuer: ISSUER }),
      'failed to verify certificate identity: no matching CertificateIdentity found, last error: expected SAN value "a@b.c", got "user@example.com"',
    ],
    [
      "bundle",
      rule({ issuer: some("^x$") }),
      'failed to verify certificate identity: no matching CertificateIdentity found, last error: expected issuer value to match regex "^x$", got "https://issuer.example"',
    ],
    [
      "bundle",
      rule({ extensions: { githubWorkflowSha: exact("x") } }),
      'failed to verify certificate identity: no matching CertificateIdentity found, last error: expected GithubWorkflowSHA to be "x", got "abc"',
    ],
    [
      "legacy",
      rule({ subject: exact("a@b.c") }),
      "none of the expected identities matched what was in the certificate, got subjects [example.com, user@example.com, second@example.com] with issuer https://issuer.example",
    ],
    [
      "legacy",
      rule({ extensions: { githubWorkflowSha: exact("x") } }),
      "expected GitHub Workflow SHA not found in certificate",
    ],
  ] as const)("has upstream's text for a %s", (form, item, text) => {
    expect(judgeIdentityRules(HOLDER, [item], form).observed).toBe(text)
  })
})

describe("checkIdentityRules", () => {
  const code = (rules: readonly IdentityRule[]): string => {
    try {
      checkIdentityRules(rules)
      return "accepted"
    } catch (error) {
      if (error instanceof ToolError) return error.code
      throw error
    }
  }

  it.each([
    ["no rule", [], "E_TRUST_MISSING"],
    ["a rule that asks for nothing", [rule({})], "E_USAGE"],
    ["an empty subject", [rule({ subject: exact(""), issuer: ISSUER })], "E_USAGE"],
    ["an empty pattern", [rule({ subject: some("") })], "E_USAGE"],
    ["an empty extension", [rule({ extensions: { githubWorkflowRef: exact("") } })], "E_USAGE"],
    ["a pattern that is none", [rule({ subject: some("(") })], "E_USAGE"],
    ["a look-ahead", [rule({ issuer: some("(?=x)") })], "E_USAGE"],
    ["a good rule", [rule({ subject: some("x") })], "accepted"],
  ] as const)("%s", (_, rules, expected) => {
    expect(code(rules)).toBe(expected)
  })
})
