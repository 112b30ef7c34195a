import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { failure } from "../../net/test-servers.ts"
import { listenForCallback } from "./callback-listener.ts"
import { createIdentityTokens } from "./identity-tokens.ts"
import { browse, makeContext, orderFor, pages, type TestContext, type TestFacts } from "./test-context.ts"
import { startIssuer, type IssuerHabits, type TestIssuer } from "./test-issuer.ts"

const opened: (TestIssuer | TestContext)[] = []

beforeEach(() => {
  pages.length = 0
})

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

async function begin(habits: IssuerHabits = {}, facts: TestFacts = {}) {
  const issuer = await startIssuer(habits)
  const ctx = makeContext(facts)
  opened.push(issuer, ctx)
  return { issuer, ctx, tokens: createIdentityTokens(ctx) }
}

async function pageShown(): Promise<string> {
  await expect.poll(() => pages.length, { timeout: 10_000 }).toBeGreaterThan(0)
  return pages[0]!
}

describe("logging in with a browser", () => {
  it.each(["ES256", "RS256", "EdDSA"] as const)(
    "gives a verified token signed with %s and shows it",
    async (algorithm) => {
      const { issuer, ctx, tokens } = await begin({ algorithm })
      const got = await tokens.get(orderFor(issuer.issuer))
      expect(got.source).toBe("browser")
      expect(got.claims).toMatchObject({
        issuer: issuer.issuer,
        email: "dev@example.com",
        subject: "insecure-test-subject",
      })
      expect(ctx.said).toEqual(["browser opened"])
      const shown = await pageShown()
      expect(shown).toMatch(/^200 /)
      expect(shown).toContain("Signing identity verified!")
      expect(shown).not.toContain("<script")
    },
  )

  it("sends exactly the parameters of the peers, with fresh secrets each time", async () => {
    const { issuer, tokens } = await begin()
    await tokens.get(orderFor(issuer.issuer))
    await tokens.get(orderFor(issuer.issuer))
    const [first, second] = issuer.at("/auth").map((one) => Object.fromEntries(one.query))
    expect(Object.keys(first!).sort()).toEqual([
      ...["access_type", "client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri"],
      ...["response_type", "scope", "state"],
    ])
    expect(first).toMatchObject({ access_type: "online", client_id: "sigstore", code_challenge_method: "S256" })
    expect(first).toMatchObject({ response_type: "code", scope: "openid email" })
    expect(first!["redirect_uri"]).toMatch(/^http:\/\/localhost:\d+\/auth\/callback$/)
    for (const name of ["state", "nonce", "code_challenge"]) {
      expect(first![name]).toMatch(/^[\w-]{43}$/)
      expect(first![name]).not.toBe(second![name])
    }
    expect(issuer.at("/token")[0]!.form.get("code_verifier")).toMatch(/^[\w-]{64}$/)
  })

  it("takes any of several keys when the token names none", async () => {
    const { issuer, tokens } = await begin({ unnamedKeys: true })
    expect((await tokens.get(orderFor(issuer.issuer))).source).toBe("browser")
  })

  it("uses the redirect URL given", async () => {
    const { issuer, tokens } = await begin()
    await tokens.get(orderFor(issuer.issuer, { redirectUrl: "http://127.0.0.1:0/back" }))
    expect(issuer.at("/auth")[0]!.query.get("redirect_uri")).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/back$/)
  })

  it("checks iss where it is announced", async () => {
    const habits = { discovery: { authorization_response_iss_parameter_supported: true } }
    const { issuer, tokens } = await begin({ ...habits, callback: { iss: "https://other.example" } })
    expect((await failure(tokens.get(orderFor(issuer.issuer)))).why).toContain("saw https://other.example")
  })
})

/** What comes back is refused, and the code never used. */
describe("a callback that is refused", () => {
  it.each<[string, NonNullable<IssuerHabits["callback"]>, string, string]>([
    ["adv: GHSA-hm8f-75xx-w2vr no state", { state: undefined }, "E_OIDC_REJECTED", "no state"],
    ["adv: GHSA-hm8f-75xx-w2vr wrong state", { state: "x".repeat(43) }, "E_OIDC_REJECTED", "invalid state token"],
    ["adv: GHSA-hm8f-75xx-w2vr empty state", { state: "" }, "E_OIDC_REJECTED", "invalid state token"],
    ["adv: GHSA-hm8f-75xx-w2vr two states", { state: ["a", "b"] }, "E_OIDC_REJECTED", "2 parameters state"],
    ["two codes", { code: ["a", "b"] }, "E_OIDC_REJECTED", "2 parameters code"],
    ["no code", { code: undefined }, "E_OIDC_REJECTED", "no usable code"],
    ["a huge code", { code: "c".repeat(5000) }, "E_OIDC_REJECTED", "no usable code"],
    ["wrong issuer", { iss: "https://evil.example" }, "E_OIDC_REJECTED", "wrong issuer"],
    ["two issuers", { iss: ["a", "b"] }, "E_OIDC_REJECTED", "2 parameters iss"],
    ["denied", { code: undefined, error: "access_denied" }, "E_OIDC_PERMISSION", "the login was denied"],
    ["another error", { code: undefined, error: "server_error" }, "E_OIDC_REJECTED", "server_error"],
    ["an error beside a code", { error: "access_denied" }, "E_OIDC_PERMISSION", "the login was denied"],
  ])("%s", async (_, callback, code, words) => {
    const { issuer, ctx, tokens } = await begin({ callback })
    const error = await failure(tokens.get(orderFor(issuer.issuer)))
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
    expect(issuer.at("/token")).toEqual([])
    expect(ctx.said).toEqual(["browser opened"])
    const shown = await pageShown()
    expect(shown).toMatch(/^400 /)
    expect(shown).not.toContain("verified")
  })

  it("an issuer that promises its name and leaves it out", async () => {
    const discovery = { authorization_response_iss_parameter_supported: true }
    const { issuer, tokens } = await begin({ discovery })
    const error = await failure(tokens.get(orderFor(issuer.issuer)))
    expect([error.code, error.message]).toEqual(["E_OIDC_REJECTED", expect.stringContaining("it names no issuer")])
    expect(issuer.at("/token")).toEqual([])
  })

  it("shows what the issuer said as text", async () => {
    const callback = { code: undefined, error: "bad", error_description: "<script>alert(1)</script>\u001b[2J" }
    const { issuer, tokens } = await begin({ callback })
    const error = await failure(tokens.get(orderFor(issuer.issuer)))
    expect(error.message).toContain("\\x1b[2J")
    expect(await pageShown()).not.toContain("<script>")
  })
})

describe("the listener", () => {
  it("adv: GHSA-hm8f-75xx-w2vr answers a second callback, other paths and other methods with an error", async () => {
    const statuses: number[] = []
    const { issuer, tokens } = await begin(
      {},
      {
        openBrowser: async (url) => {
          const redirect = new URL(url).searchParams.get("redirect_uri")!
          statuses.push((await fetch(new URL("/favicon.ico", redirect))).status)
          statuses.push((await fetch(redirect, { method: "POST" })).status)
          const login = await fetch(url, { redirect: "manual" })
          const callback = login.headers.get("location")!
          // Whichever comes first is answered last.
          statuses.push((await Promise.race([fetch(callback), fetch(callback)])).status)
        },
      },
    )
    const outcome = tokens.get(orderFor(issuer.issuer))
    expect((await outcome).source).toBe("browser")
    expect(statuses).toEqual([404, 405, 409])
    expect(issuer.at("/token")).toHaveLength(1)
  })

  it("is gone after a login, a refusal and an abort", async () => {
    const listening: string[] = []
    const remember = (url: string): void => {
      listening.push(new URL(url).searchParams.get("redirect_uri")!)
    }
    const watched: TestFacts = {
      openBrowser: (url) => {
        remember(url)
        return browse(url)
      },
    }
    const good = await begin({}, watched)
    await good.tokens.get(orderFor(good.issuer.issuer))
    const bad = await begin({ callback: { state: "x" } }, watched)
    await failure(bad.tokens.get(orderFor(bad.issuer.issuer)))
    const stop = new AbortController()
    const ended = await begin(
      {},
      {
        openBrowser: (url) => {
          remember(url)
          setTimeout(() => {
            stop.abort()
          }, 10)
          return Promise.resolve()
        },
      },
    )
    const error = await failure(ended.tokens.get(orderFor(ended.issuer.issuer), stop.signal))
    expect(error.code).toBe("E_DECLINED")
    expect(listening).toHaveLength(3)
    for (const url of listening) await expect(fetch(url)).rejects.toThrow()
  })

  it("listens on loopback addresses for a name below localhost", async () => {
    const listener = await listenForCallback("http://app.localhost:0/back")
    try {
      const { port, hostname } = new URL(listener.redirectUri)
      expect(hostname).toBe("app.localhost")
      expect((await fetch(`http://127.0.0.1:${port}/other`)).status).toBe(404)
    } finally {
      await listener.close()
    }
  })

  it("says which port is taken", async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    const { issuer, tokens } = await begin()
    const redirectUrl = `http://localhost:${port}/auth/callback`
    const error = await failure(tokens.get(orderFor(issuer.issuer, { redirectUrl })))
    await new Promise((resolve) => server.close(resolve))
    expect(error.code).toBe("E_ADDRESS_IN_USE")
    expect(error.message).toContain(`port ${port}`)
    expect(issuer.at("/auth")).toEqual([])
  })

  it.each(["https://localhost:1/x", "http://192.0.2.1:1/x", "ftp://localhost/x", "x", "http://a@localhost:0/x"])(
    "refuses the redirect URL %s",
    async (redirectUrl) => {
      const { issuer, tokens } = await begin()
      expect((await failure(tokens.get(orderFor(issuer.issuer, { redirectUrl })))).code).toBe("E_USAGE")
    },
  )
})

describe("without a browser that comes back", () => {
  /** A person who logs in elsewhere and copies the code. */
  async function copyCode(url: string): Promise<string> {
    expect(new URL(url).searchParams.get("redirect_uri")).toBe("urn:ietf:wg:oauth:2.0:oob")
    const login = await fetch(url, { redirect: "manual" })
    return new URL(login.headers.get("location")!).searchParams.get("code")!
  }

  it("asks for a code when no browser can be opened", async () => {
    const { issuer, ctx, tokens } = await begin(
      {},
      { enters: copyCode, openBrowser: () => Promise.reject(new Error("there is none")) },
    )
    const got = await tokens.get(orderFor(issuer.issuer))
    expect(got.claims.email).toBe("dev@example.com")
    expect(ctx.said).toEqual([expect.stringMatching(/^browser failed: no-browser: .*there is none/), "out of band"])
    expect(issuer.at("/token")[0]!.form.get("redirect_uri")).toBe("urn:ietf:wg:oauth:2.0:oob")
  })

  it("asks for a code at once when told to, and listens nowhere", async () => {
    const openBrowser = (): Promise<void> => Promise.reject(new Error("not to be called"))
    const { issuer, ctx, tokens } = await begin({}, { enters: copyCode, openBrowser })
    await tokens.get(orderFor(issuer.issuer, { browser: "never" }))
    expect(ctx.said).toEqual(["out of band"])
  })

  it("asks for a code when nothing comes back in time", async () => {
    const { issuer, ctx, tokens } = await begin(
      {},
      { enters: copyCode, callbackMs: 20, openBrowser: () => Promise.resolve() },
    )
    expect((await tokens.get(orderFor(issuer.issuer))).source).toBe("browser")
    expect(ctx.said).toEqual(["browser opened", "browser failed: timeout: timeout", "out of band"])
  })

  it("refuses an empty code", async () => {
    const { issuer, tokens } = await begin({}, { enters: () => Promise.resolve("  ") })
    const error = await failure(tokens.get(orderFor(issuer.issuer, { browser: "never" })))
    expect([error.code, error.what]).toEqual(["E_OIDC_NO_TOKEN", "no verification code was entered"])
    expect(issuer.at("/token")).toEqual([])
  })

  it("refuses a code the issuer does not know, and shows nothing of it", async () => {
    const { issuer, tokens } = await begin({}, { enters: () => Promise.resolve("insecure-test-wrong") })
    const error = await failure(tokens.get(orderFor(issuer.issuer, { browser: "never" })))
    expect(error.code).toBe("E_OIDC_REJECTED")
    expect(error.message).toContain("invalid_grant")
    expect(error.message).not.toContain("insecure-test-wrong")
  })

  it("ends when it is told to while it waits for a code", async () => {
    const stop = new AbortController()
    const enters = (): Promise<string> => {
      stop.abort()
      return new Promise(() => undefined)
    }
    const { issuer, tokens } = await begin({}, { enters })
    expect((await failure(tokens.get(orderFor(issuer.issuer, { browser: "never" }), stop.signal))).code).toBe(
      "E_DECLINED",
    )
  })
})
