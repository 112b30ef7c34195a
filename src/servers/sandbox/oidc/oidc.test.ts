import { createHash, generateKeyPairSync, randomBytes } from "node:crypto"
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTPayload } from "jose"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../../core/errors.ts"
import { mintToken, type TokenRequest, verifyToken } from "./id-tokens.ts"
import { createOidc } from "./oidc.ts"

const ISSUER = "http://127.0.0.1:5800/oidc"
const START = Date.UTC(2026, 10, 20, 12)
const { privateKey: key } = generateKeyPairSync("rsa", { modulusLength: 2048 })
const randomness = { bytes: (count: number): Uint8Array => new Uint8Array(randomBytes(count)) }
const VERIFIER = "v".repeat(43)
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url")
const REDIRECT = "http://localhost:4711/auth/callback"

/** Parameters of a good authorization request. */
const GOOD = {
  response_type: "code",
  client_id: "sigstore",
  redirect_uri: REDIRECT,
  scope: "openid email",
  state: "s&<t>",
  nonce: "n-1",
  code_challenge: CHALLENGE,
  code_challenge_method: "S256",
}

interface Client {
  /** Milliseconds since the epoch. */
  now: number
  get(path: string, query?: Readonly<Record<string, string>>): Promise<Response>
  post(
    path: string,
    form: Readonly<Record<string, string>> | string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>
  /** Log in at the page and give where it leads. */
  login(query: Readonly<Record<string, string>>, form?: Readonly<Record<string, string>>): Promise<Response>
  code(query?: Readonly<Record<string, string>>): Promise<string>
}

function client(): Client {
  const made = { now: START }
  const app = createOidc({ issuer: ISSUER, key, clock: { now: () => self.now }, randomness })
  const self: Client = {
    ...made,
    get: async (path, query = {}) => app.request(`${path}?${new URLSearchParams(query).toString()}`),
    post: async (path, form, headers = {}) =>
      app.request(path, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body: typeof form === "string" ? form : new URLSearchParams(form).toString(),
      }),
    login: async (query, form = { decision: "allow", email: "alice@example.com" }) => {
      const page = await (await self.get("/auth", query)).text()
      const id = /name="login" value="([^"]+)"/.exec(page)?.[1] ?? ""
      return self.post("/auth", { login: id, ...form })
    },
    code: async (query = GOOD) => {
      const location = (await self.login(query)).headers.get("location") ?? ""
      return new URL(location).searchParams.get("code") ?? ""
    },
  }
  return self
}

const exchange = (code: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  grant_type: "authorization_code",
  client_id: "sigstore",
  redirect_uri: REDIRECT,
  code_verifier: VERIFIER,
  code,
  ...more,
})

/** Claims of a token, verified with the published keys. */
async function claimsOf(at: Client, token: string): Promise<JWTPayload> {
  const keys = (await (await at.get("/keys")).json()) as JSONWebKeySet
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { issuer: ISSUER, currentDate: new Date(at.now) })
  return payload
}

describe("discovery", () => {
  it("names endpoints below the issuer and PKCE with S256 alone", async () => {
    const found = (await (await client().get("/.well-known/openid-configuration")).json()) as Record<string, unknown>
    expect(found["issuer"]).toBe(ISSUER)
    expect(found["code_challenge_methods_supported"]).toEqual(["S256"])
    const endpoints = Object.entries(found).filter(([name]) => /_endpoint$|_uri$/.test(name))
    expect(endpoints).toHaveLength(4)
    for (const [, url] of endpoints) expect(String(url).startsWith(`${ISSUER}/`)).toBe(true)
  })

  it("publishes no private part of the key", async () => {
    const { keys } = (await (await client().get("/keys")).json()) as { keys: Record<string, unknown>[] }
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"])
  })
})

describe("login by code", () => {
  it("sends the browser back with code, state and issuer; the code gives a token with nonce and at_hash", async () => {
    const at = client()
    const answer = await at.login(GOOD)
    expect(answer.status).toBe(303)
    const back = new URL(answer.headers.get("location") ?? "")
    expect(back.origin + back.pathname).toBe(REDIRECT)
    expect(back.searchParams.get("state")).toBe("s&<t>")
    expect(back.searchParams.get("iss")).toBe(ISSUER)
    const tokens = await at.post("/token", exchange(back.searchParams.get("code") ?? ""))
    expect(tokens.headers.get("cache-control")).toBe("no-store")
    const { id_token, access_token } = (await tokens.json()) as Record<string, string>
    const claims = await claimsOf(at, id_token ?? "")
    expect(claims).toMatchObject({ aud: "sigstore", email: "alice@example.com", email_verified: true, nonce: "n-1" })
    const hash = createHash("sha256")
      .update(access_token ?? "")
      .digest()
      .subarray(0, 16)
    expect(claims["at_hash"]).toBe(hash.toString("base64url"))
    expect(claims.sub).not.toContain("alice")
  })

  it("takes the client from the Authorization header", async () => {
    const at = client()
    const given = Object.entries(exchange(await at.code()))
    const form = Object.fromEntries(given.filter(([name]) => name !== "client_id"))
    const header = { authorization: `Basic ${Buffer.from("sigstore:").toString("base64")}` }
    expect((await at.post("/token", form, header)).status).toBe(200)
  })

  it("tells the program that the person denied", async () => {
    const back = new URL((await client().login(GOOD, { decision: "deny" })).headers.get("location") ?? "")
    expect(Object.fromEntries(back.searchParams)).toEqual({ error: "access_denied", state: "s&<t>", iss: ISSUER })
  })

  it("shows the code where no program listens", async () => {
    const answer = await client().login({ ...GOOD, redirect_uri: "urn:ietf:wg:oauth:2.0:oob" })
    expect(answer.headers.get("location")).toBeNull()
    expect(await answer.text()).toMatch(/<code id="code">[A-Za-z0-9_-]{43}<\/code>/)
  })

  it.each([
    ["no PKCE", { code_challenge: "" }, "invalid_request"],
    ["PKCE without hashing", { code_challenge: VERIFIER, code_challenge_method: "plain" }, "invalid_request"],
    ["another response type", { response_type: "token" }, "unsupported_response_type"],
    ["no openid", { scope: "email" }, "invalid_scope"],
  ])("tells the program what is wrong: %s", async (_, change, error) => {
    const answer = await client().get("/auth", { ...GOOD, ...change })
    const back = new URL(answer.headers.get("location") ?? "")
    expect(back.searchParams.get("error")).toBe(error)
    expect(back.searchParams.get("state")).toBe("s&<t>")
    expect(back.searchParams.has("code")).toBe(false)
  })

  it.each([
    ["another host", { redirect_uri: "http://evil.example/cb" }],
    ["a host that begins alike", { redirect_uri: "http://localhost.evil.example/cb" }],
    ["a user before the host", { redirect_uri: "http://localhost@evil.example/cb" }],
    ["https", { redirect_uri: "https://localhost/cb" }],
    ["a script", { redirect_uri: "javascript:alert(1)" }],
    ["a fragment", { redirect_uri: "http://localhost:1/#x" }],
    ["nothing", { redirect_uri: "" }],
    ["no client", { client_id: "" }],
    ["a client with markup", { client_id: "a b<script>" }],
    ["a state of 3 KiB", { state: "s".repeat(3000) }],
  ])("sends the browser nowhere: %s", async (_, change) => {
    const answer = await client().get("/auth", { ...GOOD, ...change })
    expect(answer.status).toBe(400)
    expect(answer.headers.get("location")).toBeNull()
  })

  it("refuses a parameter that is there twice", async () => {
    const query = `${new URLSearchParams(GOOD).toString()}&state=other`
    const app = createOidc({ issuer: ISSUER, key, clock: { now: () => START }, randomness })
    expect((await app.request(`/auth?${query}`)).status).toBe(400)
  })

  it.each([
    "",
    "alice",
    "a@b@c",
    "alice@",
    "@example.com",
    '"a b"@example.com',
    "a@-x",
    "é@example.com",
    "a\n@example.com",
  ])("asks again for %j", async (email) => {
    const answer = await client().login(GOOD, { decision: "allow", email })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('role="alert"')
  })

  it("has a page without script, frames or foreign forms, and escapes what it shows", async () => {
    const answer = await client().get("/auth", { ...GOOD, client_id: "<b>'\"&" })
    const policy = answer.headers.get("content-security-policy") ?? ""
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("form-action 'self' http://localhost:4711;")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain("unsafe")
    const page = await answer.text()
    expect(page).not.toMatch(/<script|<b>/)
    expect(page).toContain("&lt;b&gt;&#39;&quot;&amp;")
  })
})

describe("codes", () => {
  it.each([
    ["another verifier", { code_verifier: "w".repeat(43) }],
    ["no verifier", { code_verifier: "" }],
    ["a short verifier", { code_verifier: "v" }],
    ["the challenge as the verifier", { code_verifier: CHALLENGE }],
    ["another redirect", { redirect_uri: "http://localhost:4712/auth/callback" }],
    ["another client", { client_id: "other" }],
  ])("are not changed for a token: %s", async (_, change) => {
    const at = client()
    const code = await at.code()
    const answer = await at.post("/token", exchange(code, change))
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: "invalid_grant" })
    // One try, and it is spent.
    expect((await at.post("/token", exchange(code))).status).toBe(400)
  })

  it("are good once, and for two minutes", async () => {
    const at = client()
    const [first, second] = [await at.code(), await at.code()]
    expect((await at.post("/token", exchange(first))).status).toBe(200)
    expect((await at.post("/token", exchange(first))).status).toBe(400)
    at.now += 2 * 60_000 + 1
    expect((await at.post("/token", exchange(second))).status).toBe(400)
  })

  it("come from one login each", async () => {
    const at = client()
    const page = await (await at.get("/auth", GOOD)).text()
    const login = /name="login" value="([^"]+)"/.exec(page)?.[1] ?? ""
    const form = { login, decision: "allow", email: "alice@example.com" }
    expect((await at.post("/auth", form)).status).toBe(303)
    expect((await at.post("/auth", form)).status).toBe(400)
  })

  it.each([
    ["no grant type", { grant_type: "" }, 400],
    ["a password", { grant_type: "password" }, 400],
    ["no client", { client_id: "" }, 401],
  ])("token endpoint: %s", async (_, change, status) => {
    const at = client()
    expect((await at.post("/token", exchange("x", change))).status).toBe(status)
  })

  it("refuses forms that are none", async () => {
    const at = client()
    expect((await at.post("/token", "{}", { "content-type": "application/json" })).status).toBe(415)
    expect((await at.post("/token", `a=${"x".repeat(20_000)}`)).status).toBe(413)
    expect((await at.post("/token", "client_id=a&client_id=b")).status).toBe(400)
    const other = { authorization: `Basic ${Buffer.from("other:x").toString("base64")}` }
    expect((await at.post("/token", exchange("x"), other)).status).toBe(401)
  })

  it("keeps at most a thousand logins", async () => {
    const at = client()
    const first = await (await at.get("/auth", GOOD)).text()
    for (let i = 0; i < 1000; i++) await at.get("/auth", GOOD)
    const login = /name="login" value="([^"]+)"/.exec(first)?.[1] ?? ""
    expect((await at.post("/auth", { login, decision: "allow", email: "a@example.com" })).status).toBe(400)
  })
})

describe("login on another device", () => {
  const begin = async (at: Client, more: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> => {
    const answer = await at.post("/device/code", { client_id: "sigstore", scope: "openid email", ...more })
    return (await answer.json()) as Record<string, string>
  }
  const ask = async (
    at: Client,
    code = "",
    more: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, string>> => {
    const grant_type = "urn:ietf:params:oauth:grant-type:device_code"
    const answer = await at.post("/token", { grant_type, client_id: "sigstore", device_code: code, ...more })
    return (await answer.json()) as Record<string, string>
  }
  const PKCE = { code_challenge: CHALLENGE, code_challenge_method: "S256" }

  it("waits, is told to slow down, and gets the token once", async () => {
    const at = client()
    const { device_code, user_code = "" } = await begin(at, PKCE)
    expect(user_code).toMatch(/^[B-Z]{4}-[B-Z]{4}$/)
    expect(await ask(at, device_code)).toMatchObject({ error: "authorization_pending" })
    expect(await ask(at, device_code)).toMatchObject({ error: "slow_down" })
    const form = { user_code: user_code.toLowerCase(), email: "alice@example.com", decision: "allow" }
    expect((await at.post("/device", form)).status).toBe(200)
    at.now += 5000
    const { id_token = "" } = await ask(at, device_code, { code_verifier: VERIFIER })
    expect(await claimsOf(at, id_token)).toMatchObject({ email: "alice@example.com" })
    expect(await ask(at, device_code, { code_verifier: VERIFIER })).toMatchObject({ error: "expired_token" })
  })

  it("wants the verifier of the challenge", async () => {
    const at = client()
    const { device_code, user_code = "" } = await begin(at, PKCE)
    await at.post("/device", { user_code, email: "alice@example.com", decision: "allow" })
    expect(await ask(at, device_code, { code_verifier: "w".repeat(43) })).toMatchObject({ error: "invalid_grant" })
  })

  it("can be denied, and ends by itself", async () => {
    const at = client()
    const denied = await begin(at)
    await at.post("/device", { user_code: denied["user_code"] ?? "", decision: "deny" })
    expect(await ask(at, denied["device_code"])).toMatchObject({ error: "access_denied" })
    const late = await begin(at)
    at.now += 10 * 60_000 + 1
    expect(await ask(at, late["device_code"])).toMatchObject({ error: "expired_token" })
  })

  it.each([
    ["a code nobody has", { user_code: "BBBB-BBBB", email: "alice@example.com" }],
    ["no code", { email: "alice@example.com" }],
  ])("page: %s", async (_, form) => {
    const at = client()
    await begin(at)
    expect((await at.post("/device", form)).status).toBe(400)
  })

  it("refuses PKCE without hashing, another client, and no client", async () => {
    const at = client()
    expect(await begin(at, { ...PKCE, code_challenge_method: "plain" })).toMatchObject({ error: "invalid_request" })
    expect(await begin(at, { client_id: "" })).toMatchObject({ error: "invalid_client" })
    const { device_code } = await begin(at)
    expect(await ask(at, device_code, { client_id: "other" })).toMatchObject({ error: "invalid_grant" })
  })
})

describe("client credentials", () => {
  it("are for the client and for Fulcio", async () => {
    const at = client()
    const form = { grant_type: "client_credentials", client_id: "robot", client_secret: "x" }
    const { id_token = "" } = (await (await at.post("/token", form)).json()) as Record<string, string>
    expect(await claimsOf(at, id_token)).toMatchObject({ aud: ["robot", "sigstore"], sub: `${ISSUER}/clients/robot` })
    expect((await at.post("/token", { ...form, client_secret: "" })).status).toBe(401)
  })
})

describe("tokens", () => {
  const check = { key, issuer: ISSUER, audience: "sigstore", clock: { now: (): number => START } }
  const base = { issuer: ISSUER, email: "alice@example.com" }
  const refused = async (token: string): Promise<string> => {
    const thrown: unknown = await verifyToken(token, check).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(ToolError)
    const error = thrown as ToolError
    expect(error.code).toBe("E_OIDC_REJECTED")
    // SECURITY: a token is a secret, whoever refuses it.
    if (token.length > 20) expect(JSON.stringify([error.what, error.why])).not.toContain(token.slice(-20))
    return error.why ?? ""
  }

  it("hold", async () => {
    await expect(verifyToken(await mintToken(key, base, START), check)).resolves.toMatchObject({ email: base.email })
  })

  it.each([
    ["expired", { lifetime: -1 }, START, "exp"],
    ["of another issuer", { issuer: "http://evil.example" }, START, "iss"],
    ["of an issuer with a slash at its end", { issuer: `${ISSUER}/` }, START, "iss"],
    ["for somebody else", { audience: "other" }, START, "aud"],
    ["from tomorrow", {}, START + 86_400_000, "nbf"],
    ["without an audience", { claims: { aud: [] } }, START, "aud"],
  ])("%s do not", async (_, change, at, claim) => {
    expect(await refused(await mintToken(key, { ...base, ...change }, at))).toContain(`"${claim}"`)
  })

  it.each<[string, unknown]>([
    ["is missing", undefined],
    ["is null", null],
    ["is a list", [ISSUER]],
    ["has other letters", ISSUER.toUpperCase()],
    ["has a slash at its end", `${ISSUER}/`],
    ["has more before it", `http://evil.example/?${ISSUER}`],
  ])("adv: CVE-2024-5037 whose issuer %s do not hold", async (_, iss) => {
    const claims = { iss } as Required<TokenRequest>["claims"]
    expect(await refused(await mintToken(key, { ...base, claims }, START))).toContain('"iss"')
  })

  it("adv: GHSA-f83f-xpx7-ffpw of many parts are refused without looking at them", async () => {
    for (const token of [
      ".".repeat(1024 * 1024),
      "a.b",
      "a.b.c.d",
      "a.".repeat(100_000),
      "",
      "..",
      `${"A".repeat(9000)}.e30.x`,
    ])
      await refused(token)
  })

  it("of another key, another algorithm or none do not", async () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
    await refused(await mintToken(other, base, START))
    const [, payload = ""] = (await mintToken(key, base, START)).split(".")
    const header = (alg: string): string => Buffer.from(JSON.stringify({ alg })).toString("base64url")
    await refused(`${header("none")}.${payload}.`)
    await refused(`${header("HS256")}.${payload}.${"A".repeat(43)}`)
  })

  it("about nobody are not made", async () => {
    await expect(mintToken(key, { issuer: ISSUER }, START)).rejects.toMatchObject({ code: "E_USAGE" })
  })
})
