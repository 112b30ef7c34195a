import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, describe, expect, it } from "vitest"
import { failure } from "../../net/test-servers.ts"
import { createIdentityTokens } from "./identity-tokens.ts"
import { makeContext, orderFor, type TestContext, type TestFacts } from "./test-context.ts"
import { startIssuer, type IssuerHabits, type TestIssuer } from "./test-issuer.ts"

const opened: (TestIssuer | TestContext)[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

async function begin(habits: IssuerHabits = {}, facts: TestFacts = {}) {
  const issuer = await startIssuer(habits)
  const ctx = makeContext(facts)
  opened.push(issuer, ctx)
  return { issuer, ctx, tokens: createIdentityTokens(ctx) }
}

const pending = (error: string) => ({ status: 400, body: { error } })

describe("logging in on another device", () => {
  it("shows the code, waits as told and gives the token", async () => {
    const answers = [pending("authorization_pending"), pending("slow_down"), pending("authorization_pending")]
    const { issuer, ctx, tokens } = await begin({ answers })
    const got = await tokens.get(orderFor(issuer.issuer, { flow: "device" }))
    expect([got.source, got.claims.email]).toEqual(["device", "dev@example.com"])
    expect(ctx.said).toEqual(["code ABCD-EFGH at /oidc/enter for 300 s", "received"])
    expect(ctx.slept).toEqual([5, 5, 15, 15])
    const [begun] = issuer.at("/device")
    expect(begun!.form.get("code_challenge_method")).toBe("S256")
    for (const { form } of issuer.at("/token")) {
      expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:device_code")
      expect(form.get("device_code")).toBe("insecure-test-device-code")
      expect(form.get("code_verifier")).toMatch(/^[\w-]{64}$/)
    }
  })

  it("is chosen where there is no terminal", async () => {
    const { issuer, ctx, tokens } = await begin({}, { interactive: false })
    expect((await tokens.get(orderFor(issuer.issuer))).source).toBe("device")
    expect(ctx.said[0]).toBe("device chosen")
  })

  it("prefers the page that has the code in its address", async () => {
    const device = { verification_uri_complete: "https://login.example/enter?code=1", interval: 0 }
    const { issuer, ctx, tokens } = await begin({ device })
    await tokens.get(orderFor(issuer.issuer, { flow: "device" }))
    expect(ctx.said[0]).toBe("code ABCD-EFGH at /enter for 300 s")
    expect(ctx.slept).toEqual([5])
  })

  it("goes on while the issuer is busy", async () => {
    const { issuer, ctx, tokens } = await begin({ answers: [{ status: 503, body: {} }] })
    expect((await tokens.get(orderFor(issuer.issuer, { flow: "device" }))).source).toBe("device")
    expect(ctx.slept).toEqual([5, 10])
  })

  it.each<[string, IssuerHabits, string, string]>([
    ["denied", { answers: [pending("access_denied")] }, "E_OIDC_PERMISSION", "the login was denied"],
    ["expired", { answers: [pending("expired_token")] }, "E_OIDC_NO_TOKEN", "nobody logged in in time"],
    ["another error", { answers: [pending("invalid_client")] }, "E_OIDC_REJECTED", "invalid_client"],
    [
      "never entered",
      { answers: Array.from({ length: 20 }, () => pending("authorization_pending")), device: { expires_in: 20 } },
      "E_OIDC_NO_TOKEN",
      "nobody logged in in time",
    ],
    [
      "no device flow",
      { discovery: { device_authorization_endpoint: undefined } },
      "E_OIDC_REJECTED",
      "no device flow",
    ],
    ["no user code", { device: { user_code: "" } }, "E_OIDC_REJECTED", "user_code"],
    ["a lifetime that is none", { device: { expires_in: "soon" } }, "E_OIDC_REJECTED", "expires_in"],
    [
      "a page in the clear",
      { device: { verification_uri: "http://login.example/" } },
      "E_OIDC_REJECTED",
      "not an https",
    ],
    ["a page of a script", { device: { verification_uri: "javascript:1" } }, "E_OIDC_REJECTED", "not an https URL"],
    ["a token of another", { claims: { iss: "https://evil.example" } }, "E_OIDC_REJECTED", "wrong issuer"],
    [
      "a redirect of the token endpoint",
      { answers: [{ status: 307, body: {}, headers: { location: "https://evil.example/" } }] },
      "E_OIDC_REJECTED",
      "redirect",
    ],
  ])("ends: %s", async (_, habits, code, words) => {
    const { issuer, tokens } = await begin(habits)
    const error = await failure(tokens.get(orderFor(issuer.issuer, { flow: "device" })))
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
    expect(error.message).not.toContain("insecure-test-device-code")
  })

  it("shows codes without what steers a terminal", async () => {
    const { issuer, ctx, tokens } = await begin({ device: { user_code: "A\u001b[2J" } })
    await tokens.get(orderFor(issuer.issuer, { flow: "device" }))
    expect(ctx.said[0]).toContain("A\\x1b[2J")
  })
})

describe("a program's own secret", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-oidc-"))
  const clientSecretFile = join(folder, "secret")
  writeFileSync(clientSecretFile, " insecure-test-secret\n")
  const empty = join(folder, "empty")
  writeFileSync(empty, "\n")
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it("gets a token, by the form or by the header", async () => {
    const flow = "client_credentials"
    const form = await begin()
    const got = await form.tokens.get(orderFor(form.issuer.issuer, { flow, clientSecretFile }))
    expect(got.source).toBe("client_credentials")
    const [asked] = form.issuer.at("/token")
    expect(asked!.form.get("client_secret")).toBe("insecure-test-secret")
    const header = await begin({ discovery: { token_endpoint_auth_methods_supported: ["client_secret_basic"] } })
    await header.tokens.get(orderFor(header.issuer.issuer, { flow, clientSecretFile }))
    const [second] = header.issuer.at("/token")
    expect(second!.form.has("client_secret")).toBe(false)
    expect(second!.authorization).toBe(`Basic ${btoa("sigstore:insecure-test-secret")}`)
  })

  it.each<[string, string | undefined, IssuerHabits, string]>([
    ["no file named", undefined, {}, "E_OIDC_NO_TOKEN"],
    ["no such file", join(folder, "none"), {}, "E_OIDC_NO_TOKEN"],
    ["an empty file", empty, {}, "E_OIDC_REJECTED"],
    ["refused", clientSecretFile, { answers: [pending("invalid_client")] }, "E_OIDC_REJECTED"],
    [
      "no identity token",
      clientSecretFile,
      { answers: [{ status: 200, body: { access_token: "a" } }] },
      "E_OIDC_REJECTED",
    ],
  ])("fails: %s", async (_, file, habits, code) => {
    const { issuer, tokens } = await begin(habits)
    const more = { flow: "client_credentials" as const, ...(file === undefined ? {} : { clientSecretFile: file }) }
    const error = await failure(tokens.get(orderFor(issuer.issuer, more)))
    expect(error.code).toBe(code)
    expect(error.message).not.toContain("insecure-test-secret")
  })
})

describe("a login that is told to end", () => {
  it("ends while it waits for the other device", async () => {
    const stop = new AbortController()
    const sleep = (_: number, signal?: AbortSignal): Promise<void> => {
      stop.abort()
      signal?.throwIfAborted()
      return Promise.resolve()
    }
    const { issuer, tokens } = await begin({}, { sleep })
    const error = await failure(tokens.get(orderFor(issuer.issuer, { flow: "device" }), stop.signal))
    expect([error.code, issuer.at("/token")]).toEqual(["E_DECLINED", []])
  })

  it("does not begin", async () => {
    const { issuer, tokens } = await begin()
    const error = await failure(tokens.get(orderFor(issuer.issuer), AbortSignal.abort()))
    expect([error.code, issuer.seen]).toEqual(["E_DECLINED", []])
  })
})
