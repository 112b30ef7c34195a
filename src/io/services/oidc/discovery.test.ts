import type { RequestListener } from "node:http"
import { afterEach, describe, expect, it } from "vitest"
import { failure, serveHttp, type TestServer } from "../../net/test-servers.ts"
import { discover } from "./discovery.ts"
import { createIdentityTokens } from "./identity-tokens.ts"
import { makeContext, orderFor, type TestContext } from "./test-context.ts"

const opened: (TestServer | TestContext)[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

async function serve(listener: RequestListener): Promise<TestServer> {
  const server = await serveHttp(listener)
  opened.push(server)
  return server
}

function context(facts: Parameters<typeof makeContext>[0] = {}): TestContext {
  const ctx = makeContext(facts)
  opened.push(ctx)
  return ctx
}

/** A server whose discovery document differs in some members. */
async function issuerWith(members: (origin: string) => Readonly<Record<string, unknown>>): Promise<string> {
  const server: TestServer = await serve((_, response) => {
    const { origin } = server
    const document = {
      issuer: origin,
      authorization_endpoint: `${origin}/auth`,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/keys`,
      code_challenge_methods_supported: ["plain", "S256"],
      ...members(origin),
    }
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document))
  })
  return server.origin
}

describe("discovery", () => {
  it("reads the endpoints", async () => {
    const issuer = await issuerWith((origin) => ({ device_authorization_endpoint: `${origin}/device` }))
    expect(await discover(context(), issuer)).toEqual({
      issuer,
      authorizationEndpoint: `${issuer}/auth`,
      tokenEndpoint: `${issuer}/token`,
      deviceEndpoint: `${issuer}/device`,
      jwksUri: `${issuer}/keys`,
      pkce: true,
      namesItself: false,
      basicOnly: false,
    })
  })

  it.each<[string, (origin: string) => Readonly<Record<string, unknown>>, string]>([
    [
      "adv: GHSA-f5mr-q85p-6hh6 another issuer",
      () => ({ issuer: "https://other.example" }),
      "got https://other.example",
    ],
    ["another issuer by a slash", (origin) => ({ issuer: `${origin}/` }), "issuer did not match"],
    ["no issuer", () => ({ issuer: undefined }), "got none"],
    ["an issuer that is a list", (origin) => ({ issuer: [origin] }), "got none"],
    [
      "adv: GHSA-f5mr-q85p-6hh6 keys on another origin",
      () => ({ jwks_uri: "https://other.example/keys" }),
      "jwks_uri is refused",
    ],
    [
      "adv: GHSA-f5mr-q85p-6hh6 token endpoint on another origin",
      () => ({ token_endpoint: "http://127.0.0.1:1/token" }),
      "token_endpoint is refused",
    ],
    [
      "login page elsewhere",
      () => ({ authorization_endpoint: "https://other.example/" }),
      "is not on http://127.0.0.1",
    ],
    ["device page elsewhere", () => ({ device_authorization_endpoint: "https://o.example/" }), "is not on"],
    ["plain http elsewhere", () => ({ token_endpoint: "http://other.example/token" }), "is plain http"],
    ["another scheme", () => ({ authorization_endpoint: "javascript:alert(1)" }), "is not an https URL"],
    ["a user name", (origin) => ({ token_endpoint: origin.replace("//", "//a:b@") }), "user name"],
    ["no token endpoint", () => ({ token_endpoint: undefined }), "names no token_endpoint"],
    ["no keys", () => ({ jwks_uri: "" }), "names no jwks_uri"],
  ])("is refused: %s", async (_, members, words) => {
    const issuer = await issuerWith(members)
    const error = await failure(discover(context(), issuer))
    expect(error.code).toBe("E_OIDC_REJECTED")
    expect(error.message).toContain(words)
  })

  it("lets an issuer name an origin that is trusted by name", async () => {
    const issuer = await issuerWith(() => ({ jwks_uri: "https://keys.example/keys" }))
    const provider = await discover(context({ trustedOrigins: ["https://keys.example"] }), issuer)
    expect(provider.jwksUri).toBe("https://keys.example/keys")
  })

  it("adv: GHSA-f5mr-q85p-6hh6 follows no redirect to another host", async () => {
    const other = await serve((_, response) => response.end("{}"))
    const server = await serve((_, response) => response.writeHead(302, { location: `${other.origin}/x` }).end())
    const error = await failure(discover(context(), server.origin))
    expect(error.code).toBe("E_OIDC_REJECTED")
    expect(other.seen).toEqual([])
  })

  it.each<[string, RequestListener, string]>([
    ["404", (_, response) => response.writeHead(404).end(), "status 404"],
    ["no JSON", (_, response) => response.end("<html>"), "no JSON object"],
    ["a list", (_, response) => response.end("[]"), "no JSON object"],
    ["members twice", (_, response) => response.end('{"issuer":"a","issuer":"b"}'), "no JSON object"],
  ])("is refused: %s", async (_, listener, words) => {
    const server = await serve(listener)
    const error = await failure(discover(context(), server.origin))
    expect([error.code, error.kind]).toEqual(["E_OIDC_REJECTED", "negative"])
    expect(error.message).toContain(words)
  })

  it("leaves it open while the issuer is down", async () => {
    const server = await serve((_, response) => response.writeHead(503).end())
    const error = await failure(discover(context(), server.origin))
    expect([error.code, error.kind]).toEqual(["E_OIDC_REJECTED", "unknown"])
  })

  it("reads no endless document", async () => {
    const server = await serve((_, response) => response.end("x".repeat(70_000)))
    expect((await failure(discover(context(), server.origin))).code).toBe("E_NET_TOO_LARGE")
  })

  it.each<[string, string]>([
    ["http://issuer.example", "E_OIDC_REJECTED"],
    ["http://10.0.0.1/", "E_OIDC_REJECTED"],
    ["https://a:b@issuer.example", "E_OIDC_REJECTED"],
    ["https://issuer.example/?a=b", "E_OIDC_REJECTED"],
    ["file:///etc/passwd", "E_USAGE"],
    ["", "E_USAGE"],
  ])("refuses the issuer %s", async (issuer, code) => {
    expect((await failure(discover(context(), issuer))).code).toBe(code)
  })
})

describe("PKCE", () => {
  it.each<[string, unknown]>([
    ["no methods", undefined],
    ["plain alone", ["plain"]],
    ["no list", "S256"],
  ])("is demanded of a provider with %s", async (_, methods) => {
    const issuer = await issuerWith((origin) => ({
      code_challenge_methods_supported: methods,
      device_authorization_endpoint: `${origin}/device`,
    }))
    for (const flow of ["normal", "device"] as const) {
      const error = await failure(createIdentityTokens(context()).get(orderFor(issuer, { flow })))
      expect(error.code).toBe("E_OIDC_REJECTED")
      expect(error.message).toContain(`PKCE is not supported by OIDC provider '${issuer}/auth'`)
    }
  })
})
