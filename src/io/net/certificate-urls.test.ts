import type { IncomingMessage, ServerResponse } from "node:http"
import { afterEach, describe, expect, it } from "vitest"

import type { TargetReach } from "./forbidden-target.ts"
import { createHttpClient, type HttpClientOptions } from "./http-client.ts"
import type { HttpRequest } from "./http-types.ts"
import { failure, serveHttp, type TestServer } from "./test-servers.ts"

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function serve(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<TestServer> {
  const server = await serveHttp(listener)
  open.push(server)
  return server
}

function ask(
  url: string,
  reach: TargetReach,
  allow: readonly string[] = [],
  options: Partial<HttpClientOptions> = {},
  redirect: HttpRequest["redirect"] = "content",
): Promise<string> {
  const client = createHttpClient({ userAgent: "t", tries: 1, ...options })
  open.push(client)
  return client
    .request({ method: "GET", url, redirect, replayable: false, named: { by: "certificate", reach, allow } })
    .then(async (response) => new TextDecoder().decode(await response.bytes(1000)))
}

const hello = (_request: IncomingMessage, response: ServerResponse): void => {
  response.end("hello")
}

describe("adv: revocation SSRF, addresses", () => {
  it.each<[string, TargetReach, readonly string[]]>([
    ["http://169.254.169.254/latest", "public", []],
    ["http://169.254.169.254/latest", "local", []],
    ["http://169.254.169.254/latest", "local", ["169.254.169.254"]],
    ["http://metadata.google.internal/", "local", ["metadata.google.internal"]],
    ["http://[fe80::1]/", "local", ["[fe80::1]"]],
    ["http://0.0.0.0/", "local", ["0.0.0.0"]],
    ["http://224.0.0.1/", "local", []],
    ["http://[::1]/", "public", []],
    ["http://[::ffff:127.0.0.1]/", "loopback", []],
    ["http://127.0.0.1:1/", "public", []],
    ["http://127.0.0.1:1/", "private", []],
    ["http://2130706433/", "public", []],
    ["http://10.0.0.1/", "loopback", []],
    ["http://localhost:1/", "public", ["localhost:2"]],
    ["http://user:secret@ca.test/", "local", ["ca.test"]],
    ["file:///etc/passwd", "local", []],
    ["ldap://127.0.0.1/cn=x", "local", []],
    ["not a url", "local", []],
  ])("%s is refused within %s", async (url, reach, allow) => {
    const error = await failure(ask(url, reach, allow))
    expect(error.code).toBe("E_NET_FORBIDDEN_TARGET")
    expect(JSON.stringify([error.what, error.why, error.details])).not.toContain("secret")
  })

  it("a name that leads to a local address is refused, and allowed by its name", async () => {
    const server = await serve(hello)
    const lookup: HttpClientOptions["lookup"] = (_name, _options, callback) => {
      callback(null, [{ address: "127.0.0.1", family: 4 }])
    }
    const url = `http://ocsp.test:${server.port}/`
    expect((await failure(ask(url, "public", [], { lookup }))).code).toBe("E_NET_FORBIDDEN_TARGET")
    expect(server.connections()).toBe(0)
    expect(await ask(url, "public", ["ocsp.test"], { lookup })).toBe("hello")
    expect(await ask(url, "public", [`OCSP.test:${server.port}`], { lookup })).toBe("hello")
    expect(await ask(url, "loopback", [], { lookup })).toBe("hello")
  })

  it("a name that leads to the metadata service is refused even when it is allowed", async () => {
    const lookup: HttpClientOptions["lookup"] = (_name, _options, callback) => {
      callback(null, [{ address: "169.254.169.254", family: 4 }])
    }
    const error = await failure(ask("http://ocsp.test/", "local", ["ocsp.test"], { lookup }))
    expect(error.code).toBe("E_NET_FORBIDDEN_TARGET")
  })

  it("a redirect is judged like the first address", async () => {
    const target = await serve(hello)
    const server = await serve((_request, response) => {
      response.writeHead(302, { Location: `${target.origin}/x` }).end()
    })
    const own = `127.0.0.1:${server.port}`
    expect((await failure(ask(`${server.origin}/`, "public", [own]))).code).toBe("E_NET_FORBIDDEN_TARGET")
    expect(target.seen).toHaveLength(0)
    expect(await ask(`${server.origin}/`, "public", ["127.0.0.1"])).toBe("hello")
    expect(await ask(`${server.origin}/`, "loopback")).toBe("hello")
  })

  it.each(["http://169.254.169.254/", "file:///etc/passwd", "http://[::ffff:169.254.169.254]/"])(
    "a redirect to %s is refused",
    async (location) => {
      const server = await serve((_request, response) => {
        response.writeHead(307, { Location: location }).end()
      })
      expect((await failure(ask(`${server.origin}/`, "local", ["127.0.0.1"]))).code).toBe("E_NET_FORBIDDEN_TARGET")
    },
  )

  it("a chain of 20 redirects ends", async () => {
    const server = await serve((request, response) => {
      const step = Number(request.url?.slice(1))
      if (step < 20) response.writeHead(302, { Location: `/${step + 1}` }).end()
      else response.end("hello")
    })
    expect((await failure(ask(`${server.origin}/0`, "loopback"))).code).toBe("E_LIMIT_EXCEEDED")
    expect(server.seen.length).toBeLessThanOrEqual(6)
  })

  it("offline means no socket", async () => {
    const server = await serve(hello)
    const error = await failure(ask(`${server.origin}/`, "loopback", ["127.0.0.1"], { offlineExcept: [] }))
    expect(error.code).toBe("E_NET_OFFLINE")
    expect(server.connections()).toBe(0)
  })
})
