/** Logins as a person makes them, in a real browser. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Browser, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { createConversation } from "../../src/io/services/oidc/conversation.ts"
import { createIdentityTokens } from "../../src/io/services/oidc/identity-tokens.ts"
import { makeContext, orderFor, type TestContext, type TestFacts } from "../../src/io/services/oidc/test-context.ts"
import { startIssuer, type IssuerHabits } from "../../src/io/services/oidc/test-issuer.ts"
import { failure } from "../../src/io/net/test-servers.ts"
import { startTestSandbox, type TestSandbox } from "../../src/testing/sandbox/test-sandbox.ts"
import { findChromium, startChromium } from "./chromium.ts"

const executable = findChromium()

describe.skipIf(executable === undefined)("logging in with Chromium", () => {
  let browser: Browser
  let sandbox: TestSandbox
  let page: Page
  /** What the browser's console said. */
  const complaints: string[] = []
  const opened: { close(): Promise<void> }[] = []

  beforeAll(async () => {
    browser = await startChromium(executable ?? "")
    sandbox = await startTestSandbox()
  })

  afterAll(async () => {
    await browser.close()
    await sandbox.close()
  })

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()))
    complaints.length = 0
  })

  /** A program whose browser is a new page of Chromium. */
  async function program(facts: TestFacts = {}): Promise<TestContext> {
    page = await browser.newPage()
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text())
    })
    const openBrowser = async (url: string): Promise<void> => {
      await page.goto(url)
    }
    const ctx = makeContext({ openBrowser, ...facts })
    opened.push(ctx, page)
    return ctx
  }

  const get = (ctx: TestContext, issuer: string, more = {}) => createIdentityTokens(ctx).get(orderFor(issuer, more))

  /** Fill the sandbox's login page. */
  async function logIn(email: string): Promise<void> {
    await page.getByLabel("E-mail address").fill(email)
    await page.getByRole("button", { name: "Log in" }).click()
  }

  it("ends with the words of success, and the token in the program's hands", async () => {
    const ctx = await program()
    const token = get(ctx, sandbox.services.oidc)
    await page.waitForURL(/\/oidc\/auth/)
    await logIn("alice@example.com")
    await page.waitForURL(/\/auth\/callback/)
    await page.getByRole("heading", { name: "Signing identity verified!" }).waitFor()
    expect(await page.title()).toBe("Signing identity verified!")
    expect(await token).toMatchObject({ source: "browser", claims: { email: "alice@example.com" } })
    expect(ctx.said).toEqual(["browser opened"])
    // The style of the page is allowed by its own policy.
    expect(complaints.filter((text) => /content.security/i.test(text))).toEqual([])
    // The program is done with the port: going back and forth gets nothing more.
    await expect(page.reload()).rejects.toThrow(/ERR_CONNECTION_REFUSED/)
  })

  it("says that the login was denied", async () => {
    const ctx = await program()
    const outcome = failure(get(ctx, sandbox.services.oidc))
    await page.waitForURL(/\/oidc\/auth/)
    await page.getByRole("button", { name: "Deny" }).click()
    await page.getByRole("heading", { name: "The login did not succeed" }).waitFor()
    expect(await page.textContent("p")).toContain("the login was denied: access_denied")
    const error = await outcome
    expect([error.code, error.what]).toEqual(["E_OIDC_PERMISSION", "the login was denied"])
    expect(sandbox.requests.filter((one) => one.path.endsWith("/oidc/token"))).toHaveLength(1)
  })

  it.each<[string, IssuerHabits, string]>([
    [
      "a wrong state",
      { callback: { state: "insecure-test-state" } },
      "the answer of the login is refused: invalid state token",
    ],
    [
      "a wrong issuer",
      { callback: { iss: "https://other.example" } },
      "the answer of the login is refused: wrong issuer",
    ],
    [
      "a token of another issuer",
      { claims: { iss: "https://other.example" } },
      "the identity token is refused: wrong issuer",
    ],
    ["a token nobody signed", { strangeKey: true }, "the identity token is refused: its signature does not verify"],
  ])("tells person and program of %s", async (_, habits, words) => {
    const issuer = await startIssuer({ page: true, ...habits })
    opened.push(issuer)
    const ctx = await program()
    const outcome = failure(get(ctx, issuer.issuer))
    await page.waitForURL(/\/oidc\/auth/)
    await page.getByRole("button", { name: "Log in" }).click()
    await page.getByRole("heading", { name: "The login did not succeed" }).waitFor()
    expect(await page.textContent("p")).toContain(words)
    const error = await outcome
    expect([error.code, error.what]).toEqual(["E_OIDC_REJECTED", words])
  })

  it.each<[string, IssuerHabits, string]>([
    [
      "is another one",
      { discovery: { issuer: "https://other.example" } },
      "the identity provider is not the issuer asked for",
    ],
    [
      "has no PKCE with S256",
      { discovery: { code_challenge_methods_supported: ["plain"] } },
      "the identity provider does not support PKCE with S256",
    ],
  ])("opens no browser for a provider that %s", async (_, habits, words) => {
    const issuer = await startIssuer({ page: true, ...habits })
    opened.push(issuer)
    const error = await failure(get(await program(), issuer.issuer))
    expect([error.code, error.what]).toEqual(["E_OIDC_REJECTED", words])
    expect(page.url()).toBe("about:blank")
  })

  it("takes a code from the page where no browser can be opened", async () => {
    const words: string[] = []
    const prompter = {
      interactive: true,
      text: async (question: string): Promise<string> => {
        words.push(question)
        await page.goto(/https?:\S+/.exec(words.join(""))![0])
        await logIn("bob@example.com")
        return (await page.locator("#code").textContent()) ?? ""
      },
    }
    const say = (text: string): Promise<void> => {
      words.push(text)
      return Promise.resolve()
    }
    const ctx = await program({
      conversation: createConversation(say, prompter),
      openBrowser: () => Promise.reject(new Error("this session has no screen")),
    })
    const token = await get(ctx, sandbox.services.oidc)
    expect(token.claims.email).toBe("bob@example.com")
    expect(words[0]).toMatch(/^No browser could be opened: .*this session has no screen/)
    expect(words[1]).toMatch(/^Open this page in a browser and log in:\n/)
    expect(words[2]).toBe("Verification code shown there: ")
  })

  it("logs in on another device", async () => {
    const ctx = await program({
      conversation: {
        ...makeContext().conversation!,
        deviceCode: async ({ url }) => {
          await page.goto(url)
          await logIn("carol@example.com")
          await page.getByRole("heading", { name: "Logged in" }).waitFor()
        },
      },
    })
    const token = await get(ctx, sandbox.services.oidc, { flow: "device" })
    expect(token).toMatchObject({ source: "device", claims: { email: "carol@example.com" } })
  })

  it("says that the port is taken", async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    const redirectUrl = `http://localhost:${port}/auth/callback`
    const error = await failure(get(await program(), sandbox.services.oidc, { redirectUrl }))
    await new Promise((resolve) => server.close(resolve))
    expect([error.code, error.what]).toEqual(["E_ADDRESS_IN_USE", `cannot wait for the login on port ${port}`])
    expect(page.url()).toBe("about:blank")
  })

  it("says that nobody logged in in time", async () => {
    const words: string[] = []
    const say = (text: string): Promise<void> => {
      words.push(text)
      return Promise.resolve()
    }
    const nobody = { interactive: false, text: () => Promise.reject(new Error("asked")) }
    const ctx = await program({ callbackMs: 100, conversation: createConversation(say, nobody) })
    const error = await failure(get(ctx, sandbox.services.oidc))
    expect([error.code, error.what]).toEqual(["E_OIDC_NO_TOKEN", "nobody can log in here"])
    expect(words.at(-1)).toBe("Nothing came back from the browser.\n")
  })
})
