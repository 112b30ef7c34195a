import { describe, expect, it } from "vitest"
import { asToolError, type ToolError } from "../../core/errors.ts"
import { challengeOf } from "./challenge.ts"
import { publishedClaims } from "./published-claims.ts"

function tokenOf(claims: unknown): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  return `${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJl`
}

function refusal(token: string): ToolError {
  try {
    challengeOf(token)
  } catch (thrown) {
    return asToolError(thrown)
  }
  throw new Error("it was accepted")
}

describe("what shows that a key is its holder's", () => {
  it.each<[string, unknown, string]>([
    ["a verified address", { sub: "1", email: "alice@example.com", email_verified: true }, "alice@example.com"],
    ["an address verified in a word", { sub: "1", email: "a@b.test", email_verified: "true" }, "a@b.test"],
    ["a subject", { sub: "repo:acme/app:ref:refs/heads/main" }, "repo:acme/app:ref:refs/heads/main"],
    ["a subject beside an empty address", { sub: "1", email: "", email_verified: true }, "1"],
  ])("%s", (_, claims, challenge) => {
    expect(challengeOf(tokenOf(claims))).toBe(challenge)
  })

  it.each<[string, string, string]>([
    ["an address that is not verified", tokenOf({ sub: "1", email: "a@b.test" }), "not verified by identity provider"],
    ["one said not to be", tokenOf({ sub: "1", email: "a@b.test", email_verified: "false" }), "not verified"],
    ["no claims", tokenOf({}), "no subject found in claims"],
    ["an empty subject", tokenOf({ sub: "" }), "no subject found in claims"],
    ["a subject of another kind", tokenOf({ sub: ["alice"] }), "no subject found in claims"],
    ["an inherited subject", tokenOf({ ["__proto__"]: { sub: "alice" } }), "no subject found in claims"],
    ["a list", tokenOf([]), "cannot be read"],
    ["null", tokenOf(null), "cannot be read"],
    ["no JSON", "a.YQ.c", "cannot be read"],
    ["no base64", "a.***.c", "cannot be read"],
    ["two parts", "a.b", "no token"],
    ["four parts", "a.b.c.d", "no token"],
    ["nothing", "", "no token"],
    ["dots alone", ".".repeat(1024 * 1024), "no token"],
    ["too long", `a.${"A".repeat(70_000)}.c`, "no token"],
  ])("adv: GHSA-4xh5-jcj2-ch8q refuses %s", (_, token, text) => {
    const error = refusal(token)
    expect(error.code).toBe("E_OIDC_REJECTED")
    expect(error.what).toContain(text)
    expect(error.message).not.toContain("c2lnbmF0dXJl")
  })
})

describe("what a certificate may say of a build", () => {
  it.each<[string, unknown, Record<string, string>]>([
    [
      "a workflow",
      { sub: "x", repository: "acme/secret", ref: "refs/heads/main", run_id: 7, actor: "alice", aud: "sigstore" },
      { repository: "acme/secret", ref: "refs/heads/main", run_id: "7" },
    ],
    ["a project", { sub: "x", project_path: "acme/secret" }, { project_path: "acme/secret" }],
    ["a person", { sub: "x", email: "a@b.test", email_verified: true, repository: "x" }, {}],
    ["claims of other types", { sub: "x", repository: ["a"], ref: "", sha: null, workflow: { a: 1 } }, {}],
    ["inherited ones", { sub: "x", ["__proto__"]: { repository: "a" } }, {}],
  ])("%s", (_, claims, said) => {
    expect(publishedClaims(tokenOf(claims))).toEqual(said)
  })
})
