import type { RequestListener } from "node:http"
import { afterEach, describe, expect, it } from "vitest"

import type { Logger } from "../../../core/ports.ts"
import { createHttpClient } from "../../net/http-client.ts"
import type { HttpClient, HttpRequest, HttpResponse } from "../../net/http-types.ts"
import {
  failure,
  hasOpenssl,
  makeCertificates,
  serveHttp,
  serveHttps,
  type TestServer,
} from "../../net/test-servers.ts"
import { createTls } from "../../net/tls.ts"
import { createAuthedClient, type AuthedClientOptions } from "./authed-client.ts"
import { fixedCredentials, type Credential } from "./credentials.ts"
import type { RegistryHttp, RegistryRequest } from "./registry-http.ts"

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

const logged: unknown[] = []
const logger: Logger = {
  debug: (event, fields) => logged.push(event, fields),
  info: (event, fields) => logged.push(event, fields),
  warn: (event, fields) => logged.push(event, fields),
}

const user: Credential = { kind: "basic", username: "alice", password: "SECRET", source: "a file" }
const identity: Credential = { kind: "identity-token", username: "alice", token: "SECRET", source: "a file" }
const SECRETS = /SECRET|QUxJQ0U|YWxpY2U6U0VDUkVU/

async function serve(listener: RequestListener): Promise<TestServer> {
  const server = await serveHttp(listener)
  open.push(server)
  return server
}

function connect(origin: string, more: Partial<AuthedClientOptions> = {}): RegistryHttp {
  const http = createHttpClient({ userAgent: "t", tries: 1, sleep: () => Promise.resolve(), logger })
  open.push(http)
  const credentials = fixedCredentials(user)
  const clock = { now: () => 0 }
  return createAuthedClient({
    http,
    registryOrigin: origin,
    registry: "reg.example",
    credentials,
    clock,
    logger,
    ...more,
  })
}

const get = (origin: string, more: Partial<RegistryRequest> = {}): RegistryRequest => ({
  method: "GET",
  url: `${origin}/v2/team/app/blobs/x`,
  scope: ["repository:team/app:pull"],
  ...more,
})

/** A registry somewhere on the internet, without a network: answers 401 to everything and records what is sent. */
function remoteRegistry(challenges: readonly string[]): HttpClient & { readonly sent: HttpRequest[] } {
  const sent: HttpRequest[] = []
  const real = createHttpClient({
    userAgent: "t",
    tries: 1,
    lookup: (_host, _options, callback) => {
      callback(null, [{ address: "127.0.0.1", family: 4 }])
    },
  })
  open.push(real)
  const answer = (request: HttpRequest): HttpResponse => ({
    status: 401,
    url: request.url,
    header: (name) => (name === "www-authenticate" ? challenges.join(", ") : undefined),
    headerValues: (name) => (name === "www-authenticate" ? challenges : []),
    body: { [Symbol.asyncIterator]: () => [][Symbol.iterator]() as unknown as AsyncIterator<Uint8Array> },
    bytes: () => Promise.resolve(new Uint8Array(0)),
    discard: () => Promise.resolve(),
  })
  return {
    sent,
    request(request) {
      if (request.namedBy !== undefined) return real.request(request)
      sent.push(request)
      return Promise.resolve(answer(request))
    },
    close: () => Promise.resolve(),
  }
}

describe("adv: GHSA-xf85-363p-868w the realm of a registry on the internet", () => {
  it.each<[string, readonly string[]]>([
    ["plain http", ['Bearer realm="http://tok.example/t"']],
    ["plain http on the same host", ['Bearer realm="http://registry.example/t"']],
    ["ftp", ['Bearer realm="ftp://tok.example/t"']],
    ["loopback", ['Bearer realm="https://127.0.0.1/t"']],
    ["localhost", ['Bearer realm="https://localhost/t"']],
    ["metadata", ['Bearer realm="https://169.254.169.254/"']],
    ["private", ['Bearer realm="https://10.0.0.1"']],
    ["unspecified", ['Bearer realm="https://0.0.0.0"']],
    ["mapped", ['Bearer realm="https://[::ffff:127.0.0.1]"']],
    ["decimal", ['Bearer realm="https://2130706433/"']],
    ["a user", ['Bearer realm="https://user@tok.example"']],
    ["relative", ['Bearer realm="/token"']],
    ["without scheme", ['Bearer realm="//tok.example/t"']],
    ["empty", ['Bearer realm=""']],
    ["missing", ["Bearer service=x"]],
    ["too long", [`Bearer realm="https://tok.example/${"x".repeat(4000)}"`]],
    ["100 KiB", [`Bearer realm="https://tok.example/${"x".repeat(100 * 1024)}"`]],
    ["two", ['Bearer realm="https://a.example/t"', 'Bearer realm="https://b.example/t"']],
    ["two in one challenge", ['Bearer realm="https://a.example/t",realm="https://b.example/t"']],
    ["a name that resolves to this host", ['Bearer realm="https://inner.example/t"']],
  ])("%s is refused and gets nothing", async (_name, challenges) => {
    for (const credential of [user, identity]) {
      logged.length = 0
      const http = remoteRegistry(challenges)
      const client = connect("https://registry.example", { http, credentials: fixedCredentials(credential) })
      const error = await failure(client.request(get("https://registry.example")))
      expect(error.code).toMatch(/^E_(NET_FORBIDDEN_TARGET|REGISTRY_PROTOCOL)$/)
      expect(http.sent.length).toBe(1)
      expect(JSON.stringify([error.message, error.next, error.details, logged, http.sent])).not.toMatch(SECRETS)
    }
  })

  it("of a local registry may be on this host, another private network not", async () => {
    const tokens = await serve((_request, response) => response.end('{"token":"t"}'))
    let realm = `${tokens.origin}/t`
    const registry = await serve((request, response) => {
      if (request.headers.authorization === "Bearer t") response.end()
      else response.writeHead(401, { "WWW-Authenticate": `Bearer realm="${realm}"` }).end()
    })
    expect((await connect(registry.origin).request(get(registry.origin))).status).toBe(200)
    for (realm of ["https://10.0.0.1/t", "http://10.0.0.1/t", "https://169.254.169.254/", "https://0.0.0.0/"]) {
      expect((await failure(connect(registry.origin).request(get(registry.origin)))).code).toBe(
        "E_NET_FORBIDDEN_TARGET",
      )
    }
  })
})

it("adv: GHSA-xf85-363p-868w two token services to choose from: neither is asked", async () => {
  const services = [
    await serve((_request, response) => response.end()),
    await serve((_request, response) => response.end()),
  ]
  const challenges = services.map(({ origin }) => `Bearer realm="${origin}/t"`)
  const registry = await serve((_request, response) =>
    response.writeHead(401, { "WWW-Authenticate": challenges }).end(),
  )
  const error = await failure(connect(registry.origin).request(get(registry.origin)))
  expect(error.code).toBe("E_REGISTRY_PROTOCOL")
  expect(services.map((service) => service.connections())).toEqual([0, 0])
})

describe("adv: ggcr-2285 a token service that redirects", () => {
  it.each([301, 302, 303, 307, 308])("%i to another place is not followed", async (status) => {
    const other = await serve((_request, response) => response.end('{"token":"t"}'))
    for (const location of ["http://169.254.169.254/", other.origin]) {
      const tokens = await serve((_request, response) => response.writeHead(status, { Location: location }).end())
      const registry = await serve((_request, response) => {
        response.writeHead(401, { "WWW-Authenticate": `Bearer realm="${tokens.origin}/t"` }).end()
      })
      for (const credential of [user, identity]) {
        const client = connect(registry.origin, { credentials: fixedCredentials(credential) })
        const error = await failure(client.request(get(registry.origin)))
        expect(error.code).toMatch(/^E_(NET_FORBIDDEN_TARGET|REGISTRY_PROTOCOL)$/)
      }
    }
    expect(other.connections()).toBe(0)
  })
})

describe("adv: GHSA-qvqc-4c52-x6qp storage behind a registry", () => {
  it.each(["Basic realm=x", "Bearer realm=https://tok.example/t"])(
    "asks with %s and gets nothing",
    async (challenge) => {
      const storage = await serve((_request, response) =>
        response.writeHead(401, { "WWW-Authenticate": challenge }).end(),
      )
      const registry = await serve((request, response) => {
        if (request.headers.authorization === undefined)
          response.writeHead(401, { "WWW-Authenticate": "Basic realm=r" }).end()
        else response.writeHead(307, { Location: `${storage.origin}/blob?sig=SECRET` }).end()
      })
      const headers = { accept: "x/y", "x-own": "SECRET" }
      const error = await failure(
        connect(registry.origin).request(get(registry.origin, { redirect: "content", headers })),
      )
      expect([error.code, error.what]).toEqual(["E_REGISTRY_UNAUTHENTICATED", expect.stringContaining("storage host")])
      expect(error.what).toContain(new URL(storage.origin).host)
      expect(storage.seen.length).toBe(1)
      expect(JSON.stringify(storage.seen[0]!.headers)).not.toMatch(SECRETS)
      expect(JSON.stringify([error.message, error.next, error.details])).not.toMatch(SECRETS)
    },
  )
})

describe("adv: sigstore-js-1718 custom headers of the configuration", () => {
  it("go to the registry alone", async () => {
    const storage = await serve((_request, response) => response.end("blob"))
    const tokens = await serve((_request, response) => response.end('{"token":"t"}'))
    const registry = await serve((request, response) => {
      if (request.headers.authorization === "Bearer t") response.writeHead(307, { Location: storage.origin }).end()
      else response.writeHead(401, { "WWW-Authenticate": `Bearer realm="${tokens.origin}/t"` }).end()
    })
    const credentials = {
      find: () => Promise.resolve(user),
      headers: () => Promise.resolve({ "X-Meta": "mine", Accept: "no" }),
    }
    const client = connect(registry.origin, { credentials })
    const response = await client.request(get(registry.origin, { redirect: "content", headers: { accept: "a/b" } }))
    expect(response.status).toBe(200)
    expect(registry.seen.map(({ headers }) => [headers["x-meta"], headers.accept])).toEqual([
      ["mine", "a/b"],
      ["mine", "a/b"],
    ])
    for (const { headers } of [...tokens.seen, ...storage.seen]) expect(headers["x-meta"]).toBeUndefined()
    expect(storage.seen[0]!.headers.authorization).toBeUndefined()
  })
})

describe("adv: GHSA-jxpm-75mh-9fp7 a request to another origin", () => {
  it("carries neither credentials nor custom headers, even when the caller puts some in", async () => {
    const other = await serve((_request, response) =>
      response.writeHead(401, { "WWW-Authenticate": "Basic realm=x" }).end(),
    )
    const registry = await serve((_request, response) => response.end())
    const credentials = { find: () => Promise.resolve(user), headers: () => Promise.resolve({ "X-Meta": "mine" }) }
    const client = connect(registry.origin, { credentials })
    const response = await client.request(get(other.origin, { headers: { Authorization: "SECRET" } }))
    expect([response.status, other.seen.length]).toEqual([401, 1])
    expect(other.seen[0]!.headers).not.toHaveProperty("authorization")
    expect(other.seen[0]!.headers).not.toHaveProperty("x-meta")
  })
})

describe("https registries", () => {
  it("adv: GHSA-xf85-363p-868w realms over the wire: plain http and foreign addresses get no connection", async (context) => {
    if (!hasOpenssl()) {
      console.warn("openssl is not on PATH")
      context.skip()
    }
    const certificates = makeCertificates()
    try {
      const tokens = await serve((_request, response) => response.end('{"token":"t"}'))
      let realm = `${tokens.origin}/t`
      const registry = await serveHttps(certificates.server, (_request, response) => {
        response.writeHead(401, { "WWW-Authenticate": `Bearer realm="${realm}"` }).end()
      })
      open.push(registry)
      const tls = createTls({ caFile: certificates.caFile, env: {} })
      const http = createHttpClient({ userAgent: "t", tries: 1, tls })
      open.push(http)
      const targets = ["https://169.254.169.254/", "https://10.0.0.1", "https://0.0.0.0", "https://[::ffff:127.0.0.1]"]
      for (realm of [realm, ...targets]) {
        const error = await failure(connect(registry.origin, { http }).request(get(registry.origin)))
        expect(error.code).toBe("E_NET_FORBIDDEN_TARGET")
      }
      expect(tokens.connections()).toBe(0)
      expect(registry.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true)
    } finally {
      certificates.remove()
    }
  })
})

it("adv: GHSA-xf85-363p-868w headers of 100 KiB end the request", async () => {
  const registry = await serve((_request, response) => {
    response.writeHead(401, { "WWW-Authenticate": `Bearer realm="https://tok.example/${"x".repeat(102_400)}"` }).end()
  })
  expect((await failure(connect(registry.origin).request(get(registry.origin)))).code).toBe("E_NET_TOO_LARGE")
})

it("nothing secret is logged", async () => {
  logged.length = 0
  const tokens = await serve((_request, response) => response.end('{"token":"SECRET-TOKEN"}'))
  const registry = await serve((request, response) => {
    if (request.headers.authorization === "Bearer SECRET-TOKEN") response.end()
    else response.writeHead(401, { "WWW-Authenticate": `Bearer realm="${tokens.origin}/t?key=SECRET"` }).end()
  })
  const response = await connect(registry.origin).request(get(registry.origin))
  expect(response.status).toBe(200)
  expect(logged.length).toBeGreaterThan(3)
  expect(JSON.stringify(logged)).not.toMatch(SECRETS)
})
