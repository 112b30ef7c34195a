import type { IncomingMessage, ServerResponse } from "node:http"
import { afterEach, describe, expect, it } from "vitest"

import { checkAddresses, checkTarget, type TargetReach } from "./forbidden-target.ts"
import { nextHop, type Hop } from "./hops.ts"
import { createHttpClient, type HttpClientOptions } from "./http-client.ts"
import type { HttpClient, HttpRequest } from "./http-types.ts"
import { failure, readRequest, serveHttp, type TestServer } from "./test-servers.ts"

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function serve(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<TestServer> {
  const server = await serveHttp(listener)
  open.push(server)
  return server
}

function makeClient(options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = createHttpClient({ userAgent: "t", sleep: () => Promise.resolve(), tries: 1, ...options })
  open.push(client)
  return client
}

const redirecting =
  (location: () => string, status = 307) =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, { Location: location() }).end()
  }

describe("within one origin", () => {
  it.each<[HttpRequest["method"], number, number]>([
    ["GET", 301, 200],
    ["GET", 302, 200],
    ["GET", 303, 200],
    ["GET", 307, 200],
    ["GET", 308, 200],
    ["HEAD", 302, 200],
    ["PUT", 307, 200],
    ["POST", 308, 200],
    ["PUT", 302, 302],
    ["POST", 303, 303],
    ["GET", 304, 304],
    ["GET", 300, 300],
  ])("%s after %i gives %i", async (method, status, expected) => {
    const bodies: string[] = []
    const server = await serve((request, response) => {
      void readRequest(request).then((body) => {
        bodies.push(body)
        if (request.url === "/new?x=1") response.end()
        else response.writeHead(status, { Location: "new?x=1" }).end()
      })
    })
    const body = method === "PUT" || method === "POST" ? { bytes: new TextEncoder().encode("b") } : undefined
    const headers = { authorization: "Bearer x", "x-custom": "1" }
    const url = `${server.origin}/old`
    const response = await makeClient().request({ method, url, headers, ...(body === undefined ? {} : { body }) })
    await response.discard()
    expect(response.status).toBe(expected)
    expect(response.url).toBe(expected === 200 ? `${server.origin}/new?x=1` : url)
    expect(server.seen.at(-1)!.headers).toMatchObject(headers)
    if (body !== undefined) expect(bodies.at(-1)).toBe("b")
  })

  it("manual gives the redirect itself", async () => {
    const server = await serve(redirecting(() => "/x"))
    const response = await makeClient().request({ method: "GET", url: server.origin, redirect: "manual" })
    expect([response.status, response.header("location"), server.seen.length]).toEqual([307, "/x", 1])
  })

  it("a loop ends after five", async () => {
    const server = await serve(redirecting(() => "/again"))
    const error = await failure(makeClient().request({ method: "GET", url: server.origin }))
    expect([error.code, server.seen.length]).toEqual(["E_LIMIT_EXCEEDED", 6])
  })
})

describe("to another origin", () => {
  it("content follows and leaves everything behind that identifies the user, also on the way back", async () => {
    const last = await serve((_request, response) => response.end("blob"))
    const back = await serve(redirecting(() => `${last.origin}/end?sig=a%2Fb`))
    const first = await serve(redirecting(() => `${back.origin}/x`))
    const headers = {
      Authorization: "Bearer SECRET",
      "X-Meta": "SECRET",
      Cookie: "SECRET",
      Accept: "*/*",
      Range: "bytes=3-",
    }
    const response = await makeClient().request({ method: "GET", url: first.origin, redirect: "content", headers })
    await response.discard()
    expect(response.url).toBe(`${last.origin}/end?sig=a%2Fb`)
    expect(first.seen[0]!.headers).toMatchObject({ authorization: "Bearer SECRET", "x-meta": "SECRET" })
    for (const server of [back, last]) {
      expect(JSON.stringify(server.seen)).not.toMatch(/SECRET/)
      expect(server.seen[0]!.headers).toMatchObject({ accept: "*/*", range: "bytes=3-" })
    }
  })

  it("adv: ggcr-2349 A to B to A: the token is on A's first request alone", async () => {
    const other = await serve(redirecting(() => `${first.origin}/end`))
    const first: TestServer = await serve((request, response) => {
      if (request.url === "/end") response.end()
      else response.writeHead(307, { Location: other.origin }).end()
    })
    const headers = { authorization: "Bearer SECRET" }
    await (await makeClient().request({ method: "GET", url: first.origin, redirect: "content", headers })).discard()
    expect(first.seen.map((seen) => seen.headers.authorization)).toEqual(["Bearer SECRET", undefined])
    expect(other.seen[0]!.headers.authorization).toBeUndefined()
  })

  it.each<[string, Partial<HttpRequest>]>([
    ["a request for no content", {}],
    ["an upload", { method: "PUT", redirect: "content", body: { bytes: new Uint8Array(3) } }],
    ["a POST", { method: "POST", redirect: "content" }],
  ])("%s is not sent there", async (_name, more) => {
    const other = await serve((_request, response) => response.end())
    const first = await serve((request, response) => {
      request.resume()
      response.writeHead(307, { Location: other.origin }).end()
    })
    const error = await failure(makeClient().request({ method: "GET", url: first.origin, ...more }))
    expect([error.code, other.connections()]).toEqual(["E_NET_FORBIDDEN_TARGET", 0])
  })

  it.each([
    "http://169.254.169.254/latest/meta-data",
    "http://metadata.google.internal/",
    "http://10.0.0.1/",
    "http://0.0.0.0/",
    "https://[::ffff:127.0.0.1]/",
    "https://user@localhost/",
    "ftp://localhost/",
    "file:///etc/passwd",
    "http://[",
  ])("adv: ggcr-2243 redirect to %s is refused", async (location) => {
    const server = await serve(redirecting(() => location, 302))
    const error = await failure(makeClient().request({ method: "GET", url: server.origin, redirect: "content" }))
    expect(error.code).toBe("E_NET_FORBIDDEN_TARGET")
  })

  it("offline holds for redirect targets too", async () => {
    const other = await serve((_request, response) => response.end())
    const first = await serve(redirecting(() => other.origin))
    const client = makeClient({ offlineExcept: [`127.0.0.1:${first.port}`] })
    const error = await failure(client.request({ method: "GET", url: first.origin, redirect: "content" }))
    expect([error.code, other.connections()]).toEqual(["E_NET_OFFLINE", 0])
  })
})

describe("adv: ggcr-2302 names that resolve to local addresses", () => {
  it("are refused when a server on the internet named them, and no connection is made", async () => {
    const server = await serve((_request, response) => response.end())
    const lookup: HttpClientOptions["lookup"] = (_host, _options, callback) => {
      callback(null, [{ address: "127.0.0.1", family: 4 }])
    }
    const url = `https://inner.example:${server.port}/token`
    const error = await failure(
      makeClient({ lookup }).request({ method: "GET", url, namedBy: "https://registry.example" }),
    )
    expect([error.code, server.connections()]).toEqual(["E_NET_FORBIDDEN_TARGET", 0])
    expect(error.why).toContain("inner.example resolves to 127.0.0.1")
  })

  it("are the user's own choice otherwise", async () => {
    const server = await serve((_request, response) => response.end())
    const lookup: HttpClientOptions["lookup"] = (_host, _options, callback) => {
      callback(null, [{ address: "127.0.0.1", family: 4 }])
    }
    const client = makeClient({ lookup, plainHttp: "always" })
    const response = await client.request({ method: "GET", url: `http://inner.example:${server.port}/` })
    expect(response.status).toBe(200)
  })
})

describe("checkTarget", () => {
  it.each<[string, string, TargetReach]>([
    ["https://auth.example/token", "https://registry.example", "public"],
    ["https://registry.example:8443/t", "https://registry.example", "public"],
    ["https://10.0.0.1/t", "https://10.0.0.1", "public"],
    ["https://8.8.8.8/t", "https://registry.example", "public"],
    ["https://[2606:4700::1]/t", "https://registry.example", "public"],
    ["http://registry.example:5001/t", "http://registry.example:5000", "public"],
    ["http://127.0.0.1:5001/t", "http://localhost:5000", "loopback"],
    ["https://10.0.0.2/t", "https://10.0.0.1", "private"],
  ])("allows %s from %s", (url, from, reach) => {
    expect(checkTarget({ url, from, reach, role: "token service" }).href).toBe(url)
  })

  it.each<[string, string, TargetReach]>([
    ["http://registry.example/t", "https://registry.example", "public"],
    ["http://tok.example/t", "https://registry.example", "public"],
    ["http://tok.example/t", "http://registry.example", "public"],
    ["ftp://registry.example/t", "https://registry.example", "public"],
    ["https://user@registry.example/t", "https://registry.example", "public"],
    ["https://127.0.0.1/t", "https://registry.example", "public"],
    ["https://2130706433/t", "https://registry.example", "public"],
    ["https://0x7f.1/t", "https://registry.example", "public"],
    ["https://127.1/t", "https://registry.example", "public"],
    ["https://0177.0.0.1/t", "https://registry.example", "public"],
    ["https://localhost/t", "https://registry.example", "public"],
    ["https://x.localhost/t", "https://registry.example", "public"],
    ["https://localhost./t", "https://registry.example", "public"],
    ["https://10.0.0.1/t", "https://registry.example", "public"],
    ["https://172.31.255.255/t", "https://registry.example", "public"],
    ["https://192.168.0.1/t", "https://registry.example", "public"],
    ["https://100.64.0.1/t", "https://registry.example", "public"],
    ["https://169.254.169.254/t", "https://registry.example", "public"],
    ["https://169.254.169.254/t", "https://127.0.0.1", "loopback"],
    ["https://10.0.0.1/t", "https://127.0.0.1", "loopback"],
    ["https://127.0.0.1/t", "https://10.0.0.1", "private"],
    ["https://0.0.0.0/t", "https://127.0.0.1", "loopback"],
    ["https://[::]/t", "https://registry.example", "public"],
    ["https://[::1]/t", "https://registry.example", "public"],
    ["https://[::ffff:127.0.0.1]/t", "https://127.0.0.1", "loopback"],
    ["https://[::ffff:8.8.8.8]/t", "https://registry.example", "public"],
    ["https://[64:ff9b::a00:1]/t", "https://registry.example", "public"],
    ["https://[fd00::1]/t", "https://registry.example", "public"],
    ["https://[fe80::1]/t", "https://registry.example", "public"],
    ["https://[fd00:ec2::254]/t", "https://10.0.0.1", "private"],
    ["https://[2002:7f00:1::]/t", "https://registry.example", "public"],
    ["https://[ff02::1]/t", "https://registry.example", "public"],
    ["https://224.0.0.1/t", "https://registry.example", "public"],
    ["https://metadata.google.internal/t", "https://registry.example", "public"],
    ["/token", "https://registry.example", "public"],
    ["//evil.example/token", "https://registry.example", "public"],
    ["javascript:alert(1)", "https://registry.example", "public"],
    ["", "https://registry.example", "public"],
  ])("adv: GHSA-xf85-363p-868w refuses %s from %s", (url, from, reach) => {
    expect(() => checkTarget({ url, from, reach, role: "token service" })).toThrow(
      expect.objectContaining({ code: "E_NET_FORBIDDEN_TARGET" }) as Error,
    )
  })

  it("does not show passwords and signatures", () => {
    const check = { from: "https://a.example", reach: "public", role: "redirect" } as const
    expect(() => checkTarget({ ...check, url: "https://user:SECRET@b.example/?sig=SECRET" })).toThrow(/^(?!.*SECRET)/)
  })

  it("one local address among several refuses the name", () => {
    expect(() => {
      checkAddresses("x.example", ["8.8.8.8", "::ffff:10.0.0.1"], "public")
    }).toThrow("10.0.0.1")
  })
})

describe("a chain of redirects", () => {
  it.each<[TargetReach | undefined, TargetReach, TargetReach]>([
    [undefined, "loopback", "loopback"],
    [undefined, "public", "public"],
    ["loopback", "loopback", "loopback"],
    ["public", "loopback", "public"],
    ["loopback", "public", "public"],
    ["loopback", "private", "public"],
  ])("from reach %s over a %s server has reach %s", (before, server, after) => {
    const hop: Hop = { method: "GET", url: new URL("https://a.example"), headers: [], withBody: false, reach: before }
    const response = { header: () => "https://b.example/" } as unknown as Parameters<typeof nextHop>[2]
    const request: HttpRequest = { method: "GET", url: "https://a.example", redirect: "content" }
    expect(nextHop(request, hop, response, { reachFrom: () => server }).reach).toBe(after)
  })
})
