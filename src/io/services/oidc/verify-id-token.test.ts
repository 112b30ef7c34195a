import { afterEach, describe, expect, it } from "vitest"
import { failure } from "../../net/test-servers.ts"
import { createIdentityTokens } from "./identity-tokens.ts"
import { makeContext, orderFor, type TestContext } from "./test-context.ts"
import { startIssuer, type IssuerHabits, type TestIssuer } from "./test-issuer.ts"

const opened: (TestIssuer | TestContext)[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

async function login(habits: IssuerHabits) {
  const issuer = await startIssuer(habits)
  const ctx = makeContext()
  opened.push(issuer, ctx)
  return createIdentityTokens(ctx).get(orderFor(issuer.issuer))
}

const now = Math.floor(Date.now() / 1000)
const token = (text: string) => ({ answers: [{ status: 200, body: { id_token: text, access_token: "a" } }] })
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

describe("an ID token", () => {
  it.each<[string, IssuerHabits, string]>([
    ["wrong issuer", { claims: { iss: "https://evil.example" } }, "wrong issuer"],
    ["no issuer", { claims: { iss: undefined } }, "iss"],
    ["wrong audience", { claims: { aud: "somebody-else" } }, "wrong audience"],
    ["no audience", { claims: { aud: undefined } }, "aud"],
    ["for another party too", { claims: { aud: ["sigstore", "other"] } }, "for another client"],
    ["for another party in truth", { claims: { azp: "other" } }, "for another client"],
    ["wrong nonce", { claims: { nonce: "x" } }, "nonce does not match value sent"],
    ["no nonce", { claims: { nonce: undefined } }, "nonce does not match value sent"],
    ["expired", { claims: { exp: now - 120 } }, "it has expired"],
    ["no expiry", { claims: { exp: undefined } }, "exp"],
    ["not yet valid", { claims: { nbf: now + 600 } }, "nbf"],
    ["no subject", { claims: { sub: undefined } }, "sub"],
    ["empty subject", { claims: { sub: "" } }, "its claim sub is missing, empty"],
    ["subject is a list", { claims: { sub: ["a"] } }, "its claim sub is missing, empty"],
    ["e-mail not verified", { claims: { email_verified: false } }, "not verified by identity provider"],
    ["e-mail of unknown standing", { claims: { email_verified: undefined } }, "not verified by identity provider"],
    ["e-mail is a list", { claims: { email: ["dev@example.com"] } }, "claim email is no text"],
    ["another access token", { accessToken: "insecure-test-other" }, "access token does not match"],
    ["another key", { strangeKey: true }, "its signature does not verify"],
    ["an at_hash that is no text", { claims: { at_hash: 1 } }, "access token does not match"],
    ["no signature", token(`${part({ alg: "none" })}.${part({ sub: "a" })}.`), "it is signed with none"],
    ["a shared secret", token(`${part({ alg: "HS256" })}.${part({ sub: "a" })}.AAAA`), "it is signed with HS256"],
    ["no token at all", token("insecure-test-word"), "expected three parts"],
    ["no id_token", { answers: [{ status: 200, body: { access_token: "a" } }] }, "id_token not present"],
    ["an empty id_token", token(""), "id_token not present"],
    ["an answer that is a list", { answers: [{ status: 200, body: [] }] }, "id_token not present"],
  ])("is refused: %s", async (_, habits, words) => {
    const error = await failure(login(habits))
    expect(error.code).toBe("E_OIDC_REJECTED")
    expect(error.message).toContain(words)
    expect(error.cause).toBeUndefined()
    expect(JSON.stringify([error.message, error.details])).not.toMatch(/eyJ|insecure-test-access-token/)
  })

  it("may be for several parties when it is made for us", async () => {
    const got = await login({ claims: { aud: ["other", "sigstore"], azp: "sigstore" } })
    expect(got.claims.email).toBe("dev@example.com")
  })

  it("is good within a minute of its end", async () => {
    expect((await login({ claims: { exp: now - 30 } })).source).toBe("browser")
  })
})

describe("a key set", () => {
  it.each<[string, unknown, string]>([
    ["no list", { keys: "x" }, "keys cannot be read"],
    ["no member", {}, "keys cannot be read"],
    ["too many keys", { keys: Array.from({ length: 65 }, () => ({ kty: "EC" })) }, "keys cannot be read"],
    ["nothing usable", { keys: [{ kty: "oct", k: "AAAA" }, null, 1] }, "its key is unknown"],
    ["keys that are none", { keys: [{ kty: "EC", kid: "insecure-test-key", crv: "P-256" }] }, "it is malformed"],
  ])("is refused: %s", async (_, keySet, words) => {
    const error = await failure(login({ keySet }))
    expect(error.code).toBe("E_OIDC_REJECTED")
    expect(error.message).toContain(words)
  })
})
