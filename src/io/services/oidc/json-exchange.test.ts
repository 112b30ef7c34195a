import type { RequestListener } from "node:http"
import { afterEach, describe, expect, it } from "vitest"
import { failure, serveHttp, type TestServer } from "../../net/test-servers.ts"
import type { Provider } from "./discovery.ts"
import { askJson, problemOf } from "./json-exchange.ts"
import { askTokenEndpoint, tokensOf } from "./redeem.ts"
import { makeContext, type TestContext } from "./test-context.ts"

const TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"
const SECRET = "insecure/test+client=secret"
const opened: (TestServer | TestContext)[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

async function begin(listener: RequestListener): Promise<{ readonly server: TestServer; readonly ctx: TestContext }> {
  const server = await serveHttp(listener)
  const ctx = makeContext()
  opened.push(server, ctx)
  return { server, ctx }
}

/** Repeats what it was sent. */
const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    const basic = (request.headers.authorization ?? "").replace(/^Basic /, "")
    const sent = `${Buffer.concat(chunks).toString()} ${basic} ${atob(basic)} ${TOKEN}`
    response.writeHead(400).end(JSON.stringify({ error: "invalid_request", error_description: `I saw ${sent}` }))
  })
}

describe("adv: CVE-2025-48374 an answer that repeats what it was sent", () => {
  it.each<[string, Partial<Provider>]>([
    ["in the form", { basicOnly: false }],
    ["in the header", { basicOnly: true }],
  ])("is shown without secrets: %s", async (_, traits) => {
    const { server, ctx } = await begin(echo)
    const provider = { issuer: server.origin, tokenEndpoint: `${server.origin}/token`, ...traits } as Provider
    const form = { grant_type: "authorization_code", code: "insecure-test-code", code_verifier: "insecure-verifier" }
    const answer = await askTokenEndpoint(ctx, provider, { id: "sigstore", secret: SECRET }, form)
    const error = await failure(Promise.resolve().then(() => tokensOf(answer)))
    expect(error.code).toBe("E_OIDC_REJECTED")
    expect(error.message).toContain("invalid_request: I saw grant_type=authorization_code")
    const encoded = Buffer.from(`sigstore:${SECRET}`).toString("base64")
    for (const secret of [
      SECRET,
      encodeURIComponent(SECRET),
      encoded,
      "insecure-test-code",
      "insecure-verifier",
      TOKEN,
    ]) {
      expect(JSON.stringify(error) + error.message).not.toContain(secret)
    }
  })

  it("is shown without the bearer token of a CI job", async () => {
    const { server, ctx } = await begin((request, response) => {
      const message = `no such job: ${request.headers.authorization ?? ""}`
      response.writeHead(400).end(JSON.stringify({ message }))
    })
    const headers = { authorization: "Token insecure-test-agent-token" }
    const answer = await askJson(await ctx.http(), { url: server.origin, who: "the agent", headers, json: {} })
    expect(problemOf(answer)).toBe("status 400: no such job: Token …")
  })
})

describe("an answer that never ends", () => {
  it.each<[string, RequestListener]>([
    [
      "it drips",
      (_, response) => {
        response.writeHead(200).write("{")
        const timer = setInterval(() => response.write(" "), 5)
        response.on("close", () => {
          clearInterval(timer)
        })
      },
    ],
    ["nothing comes", () => undefined],
  ])("is given up: %s", async (_, listener) => {
    const { server, ctx } = await begin(listener)
    const question = { url: `${server.origin}/x?secret=1`, who: "the issuer", timeoutMs: 100 }
    const error = await failure(askJson(await ctx.http(), question))
    expect([error.code, error.what]).toEqual(["E_NET_TIMEOUT", "the issuer did not answer in time"])
    expect(error.message).not.toContain("secret=1")
  })

  it("ends when the caller does, with the caller's reason", async () => {
    const { server, ctx } = await begin(() => undefined)
    const caller = new AbortController()
    const asked = askJson(await ctx.http(), { url: server.origin, who: "the issuer", signal: caller.signal })
    caller.abort()
    expect((await failure(asked)).what).toContain("was cancelled")
  })
})
