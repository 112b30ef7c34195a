import { describe, expect, it } from "vitest"
import { compilePattern } from "../codec/re2.ts"
import type { IdentityRule, TextRule } from "../core/sigstore.ts"
import { broadParts } from "./broad-identities.ts"
import { GITHUB_ISSUER, GITLAB_ISSUER, identityRule, isIdentityMatcher } from "./identity-matchers.ts"

const ISSUER = "https://issuer.example"
/** An issuer that stands in for those of GitHub and GitLab. */
const LOCAL = "http://127.0.0.1:5800/oidc"

function holds(rule: TextRule | undefined, text: string): boolean {
  if (rule === undefined) return true
  return rule.kind === "exact" ? rule.value === text : compilePattern(rule.pattern).matches(text, rule.anchored)
}

const WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.0"
const PIPELINE = "https://gitlab.com/acme/group/app//.gitlab-ci.yml@refs/heads/main"

describe("identityRule accepts", () => {
  it.each([
    ["alice@example.com", "alice@example.com"],
    ["email:alice@example.com", "alice@example.com"],
    ["uri:https://issuer.example/user/1", "https://issuer.example/user/1"],
    ["san:anything at all", "anything at all"],
    ["spiffe://example.org/ns/prod", "spiffe://example.org/ns/prod"],
    ["re2:alice@(example|acme)\\.com", "alice@acme.com"],
    ["github:acme", WORKFLOW],
    ["github:acme@refs/tags/v1.0", WORKFLOW],
    ["github:acme/app", WORKFLOW],
    ["github:acme/app@refs/tags/v1.0", WORKFLOW],
    ["github:acme/app/release.yml", WORKFLOW],
    ["github:acme/app/.github/workflows/release.yml", WORKFLOW],
    ["github:acme/app/release.yml@refs/tags/v1.0", WORKFLOW],
    ["gitlab:acme", PIPELINE],
    ["gitlab:acme/group/app", PIPELINE],
    ["gitlab:acme/group/app//.gitlab-ci.yml", PIPELINE],
    ["gitlab:acme/group/app//.gitlab-ci.yml@refs/heads/main", PIPELINE],
    ["gitlab:acme/group/app@refs/heads/main", PIPELINE],
  ])("%s", (text, subject) => {
    const rule = identityRule(text, LOCAL)
    expect(holds(rule.subject, subject)).toBe(true)
    expect(rule).toMatchObject({ issuer: { kind: "exact", value: LOCAL }, text })
  })

  it.each([
    ["github:acme", GITHUB_ISSUER, { sourceRepositoryOwnerUri: "https://github.com/acme" }],
    ["github:acme/app", GITHUB_ISSUER, { sourceRepositoryUri: "https://github.com/acme/app" }],
    [
      "github:acme/app/release.yml@refs/heads/main",
      GITHUB_ISSUER,
      { sourceRepositoryUri: "https://github.com/acme/app", sourceRepositoryRef: "refs/heads/main" },
    ],
    ["gitlab:acme/app", GITLAB_ISSUER, { sourceRepositoryUri: "https://gitlab.com/acme/app" }],
  ])("%s by its own issuer, and asks for its extensions", (text, issuer, extensions) => {
    const rule = identityRule(text)
    expect(rule.issuer).toEqual({ kind: "exact", value: issuer })
    const values = Object.entries(rule.extensions).map(([name, wanted]) => [name, "value" in wanted && wanted.value])
    expect(Object.fromEntries(values)).toEqual(extensions)
  })

  it.each([
    ["github:acme/app/release.yml", "https://git.acme.example/_services/token", "https://git.acme.example"],
    ["github:acme/app/release.yml", "https://token.actions.acme.ghe.com", "https://acme.ghe.com"],
    ["github:acme/app/release.yml", "https://token.actions.githubusercontent.com/acme", "https://github.com"],
    ["github:acme/app/release.yml", "re2:https://.*\\.example", "https://github.com"],
  ])("%s by the issuer %s: workflows at %s", (text, issuer, host) => {
    const rule = identityRule(text, issuer)
    expect(holds(rule.subject, WORKFLOW.replace("https://github.com", host))).toBe(true)
    expect(rule.extensions.sourceRepositoryUri).toEqual({ kind: "exact", value: `${host}/acme/app` })
  })

  it.each([
    ["https://gitlab.acme.example", "https://gitlab.acme.example"],
    ["https://gitlab.com", "https://gitlab.com"],
    ["http://127.0.0.1:5800/oidc", "https://gitlab.com"],
  ])("gitlab:acme/group/app by the issuer %s: pipelines at %s", (issuer, host) => {
    const rule = identityRule("gitlab:acme/group/app", issuer)
    expect(holds(rule.subject, PIPELINE.replace("https://gitlab.com", host))).toBe(true)
  })

  it("certificates without issuer, and no others, by none", () => {
    const { issuer } = identityRule("email:a@b.example", "none")
    expect(issuer).toEqual({ kind: "pattern", pattern: "^$", anchored: true, orNone: true })
    expect(holds(issuer, "none")).toBe(false)
    expect(holds(issuer, "https://login.example")).toBe(false)
  })

  it("names of the kind that was typed", () => {
    expect(identityRule("email:a@b.example", LOCAL).subjectKind).toBe("email")
    expect(identityRule("uri:https://a.example/b", LOCAL).subjectKind).toBe("URI")
    expect(identityRule("a@b.example", LOCAL)).not.toHaveProperty("subjectKind")
  })

  it("a pattern of the issuer, whole", () => {
    const { issuer } = identityRule("a@b.example", "re2:https://[a-z]+\\.example")
    expect(holds(issuer, "https://login.example")).toBe(true)
    expect(holds(issuer, "https://login.example.attacker.test")).toBe(false)
  })
})

describe("identityRule does not match", () => {
  it.each([
    ["adv: sigstore-js #1656 a longer address", "user@example.com", "evil-user@example.com"],
    ["adv: sigstore-js #1656 a longer domain", "user@example.com", "user@example.com.evil"],
    ["adv: sigstore-js #1656 another character for the dot", "user@example.com", "userXexample.com"],
    ["adv: sigstore-js #1656 a pattern is for the whole name", "re2:user@example\\.com", "evil-user@example.com"],
    ["adv: GHSA-59jp-pj84-45mr a line after the end", "re2:user@example\\.com", "user@example.com\nfoo"],
    [
      "adv: GHSA-59jp-pj84-45mr a star over slashes",
      "re2:https://oidc\\.[^/?]*\\.example/id/[^/]*",
      "https://x?y=https://oidc.a.example/id/1",
    ],
    ["another owner", "github:acme", "https://github.com/acme-evil/app/.github/workflows/release.yml@refs/tags/v1.0"],
    [
      "another repository",
      "github:acme/app",
      "https://github.com/acme/app2/.github/workflows/release.yml@refs/tags/v1",
    ],
    [
      "a dot of a repository's name",
      "github:acme/a.b",
      "https://github.com/acme/aXb/.github/workflows/r.yml@refs/tags/v1",
    ],
    [
      "another workflow",
      "github:acme/app/release.yml",
      "https://github.com/acme/app/.github/workflows/releaseXyml@refs/a",
    ],
    ["another ref", "github:acme/app/release.yml@refs/tags/v1.0", `${WORKFLOW}-evil`],
    ["a second ref", "github:acme/app/release.yml", `${WORKFLOW}@refs/heads/x`],
    ["another host", "github:acme/app", WORKFLOW.replace("github.com", "githubXcom")],
    ["another group", "gitlab:acme/group/app", PIPELINE.replace("/app/", "/app/evil/")],
  ])("%s", (_case, text, subject) => {
    expect(holds(identityRule(text, LOCAL).subject, subject)).toBe(false)
  })
})

describe("identityRule refuses", () => {
  it.each([
    ["nothing", ""],
    ["a kind alone", "email:"],
    ["a kind alone", "san:"],
    ["a kind alone", "github:"],
    ["an empty pattern", "re2:"],
    ["a bad pattern", "re2:("],
    ["a back reference", "re2:(a)\\1"],
    ["look-ahead", "re2:(?=a)"],
    ["no address", "email:alice"],
    ["no URI", "uri:alice"],
    ["a short ref", "github:acme/app@main"],
    ["an empty ref", "github:acme/app@"],
    ["two refs", "github:acme/app@refs/heads/a@refs/heads/b"],
    ["a star", "github:acme/*"],
    ["a workflow in another folder", "github:acme/app/other/release.yml"],
    ["a workflow that is no file of its kind", "github:acme/app/release.sh"],
    ["a project with a space", "gitlab:acme/a b"],
    ["a group's file", "gitlab:acme//.gitlab-ci.yml"],
    ["two files", "gitlab:acme/app//a//b"],
    ["too much", `san:${"x".repeat(2000)}`],
  ])("%s: %s", (_case, text) => {
    expect(() => identityRule(text, ISSUER)).toThrow(expect.objectContaining({ code: "E_USAGE" }) as Error)
  })

  it.each(["alice@example.com", "email:alice@example.com", "uri:https://a.example", "re2:a", "spiffe://a/b", "san:a"])(
    "adv: sigstore/cosign #5012 %s without issuer",
    (text) => {
      expect(() => identityRule(text)).toThrow(expect.objectContaining({ code: "E_USAGE" }) as Error)
    },
  )

  it.each(["", "re2:", "re2:("])("the issuer %j", (issuer) => {
    expect(() => identityRule("a@b.example", issuer)).toThrow(expect.objectContaining({ code: "E_USAGE" }) as Error)
  })
})

describe("isIdentityMatcher", () => {
  it.each(["email:a", "uri:a", "san:a", "re2:a", "github:a", "gitlab:a", "spiffe://a"])("takes %s", (text) => {
    expect(isIdentityMatcher(text)).toBe(true)
  })
  it.each(["x509.subject: C=US", "x509.san:DNS:a", "*", "arn:aws:x", "alice@example.com", "https://a.example", ""])(
    "leaves %s",
    (text) => {
      expect(isIdentityMatcher(text)).toBe(false)
    },
  )
})

describe("broadParts", () => {
  const parts = (text: string, issuer?: string): string => broadParts(identityRule(text, issuer)).join("\n")

  it.each([
    ["re2:.*", ISSUER, "matches anybody's certificate"],
    ["re2:.+", ISSUER, "matches anybody's certificate"],
    ["re2:.*@.*", ISSUER, "matches anybody's certificate"],
    ["re2:https://github\\.com/.*", ISSUER, "matches strangers"],
    ["re2:.*@mail\\.example", ISSUER, "matches strangers"],
    ["re2:https://github.com/acme/.*", ISSUER, "the dot of github.com"],
    ["alice@example.com", "re2:https://.*", "issuers that anybody can run"],
    ["alice@example.com", "re2:.*", "issuers that anybody can run"],
    ["github:acme", undefined, "every repository"],
    ["github:acme@refs/heads/main", undefined, "every repository"],
    ["github:acme/app", undefined, "every branch and tag"],
    ["gitlab:acme", undefined, "every project"],
  ])("warns of %s by %s", (text, issuer, sentence) => {
    expect(parts(text, issuer)).toContain(sentence)
  })

  it.each([
    ["alice@example.com", ISSUER],
    ["github:acme/app/release.yml", undefined],
    ["github:acme/app@refs/heads/main", undefined],
    ["gitlab:acme/app", undefined],
    ["re2:[a-z]+@acme\\.example", "re2:https://login\\.acme\\.example"],
    ["spiffe://example.org/ns/prod", ISSUER],
  ])("is silent about %s", (text, issuer) => {
    expect(parts(text, issuer)).toBe("")
  })

  it("names what it is about", () => {
    const rule: IdentityRule = identityRule("re2:.*", ISSUER)
    expect(broadParts(rule)[0]).toContain('"re2:.*"')
  })
})
