import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import type { TLSSocket } from "node:tls"
import { promisify } from "node:util"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"

import { createHttpClient, type HttpClientOptions } from "./http-client.ts"
import { createProxyResolver } from "./proxy.ts"
import {
  failure,
  hasOpenssl,
  makeCertificates,
  serveHttp,
  serveHttps,
  serveProxy,
  type TestCertificates,
  type TestServer,
} from "./test-servers.ts"
import { createTls, type TlsOptions } from "./tls.ts"

const openssl = hasOpenssl()
if (!openssl) console.warn("openssl is not on PATH: TLS tests are skipped")

const open: { close(): Promise<void> }[] = []
let good: TestCertificates
let elsewhere: TestCertificates
let expired: TestCertificates

beforeAll(() => {
  if (!openssl) return
  good = makeCertificates()
  elsewhere = makeCertificates("DNS:other.example")
  expired = makeCertificates("DNS:localhost,IP:127.0.0.1", "-1")
})
afterAll(() => {
  if (!openssl) return
  for (const one of [good, elsewhere, expired]) one.remove()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function https(certificates: TestCertificates, wantClient = false): Promise<TestServer> {
  const server = await serveHttps({ ...certificates.server, ca: certificates.ca, wantClient }, (_request, response) => {
    response.end("secret")
  })
  open.push(server)
  return server
}

async function get(url: string, tls: TlsOptions, options: Partial<HttpClientOptions> = {}): Promise<string> {
  const client = createHttpClient({ userAgent: "t", tls: createTls({ env: {}, ...tls }), tries: 1, ...options })
  open.push(client)
  const response = await client.request({ method: "GET", url })
  return new TextDecoder().decode(await response.bytes(100))
}

describe.skipIf(!openssl)("certificates", () => {
  it.each(["localhost", "127.0.0.1"])("a known authority is enough for %s", async (host) => {
    const { port } = await https(good)
    expect(await get(`https://${host}:${port}`, { caFile: good.caFile })).toBe("secret")
    expect(await get(`https://${host}:${port}`, { env: { SSL_CERT_FILE: good.caFile } })).toBe("secret")
    expect(await get(`https://${host}:${port}`, { env: { NODE_EXTRA_CA_CERTS: good.caFile } })).toBe("secret")
    mkdirSync(join(good.folder, "dir"), { recursive: true })
    writeFileSync(join(good.folder, "dir/x.pem"), good.ca)
    expect(await get(`https://${host}:${port}`, { env: { SSL_CERT_DIR: `/nothing:${good.folder}/dir` } })).toBe(
      "secret",
    )
  })

  it.each<[string, () => TestCertificates, () => TlsOptions, string, string]>([
    ["an unknown authority", () => good, () => ({}), "E_TLS_UNKNOWN_CA", "no known authority"],
    ["another authority", () => good, () => ({ caFile: elsewhere.caFile }), "E_TLS_UNKNOWN_CA", "no known authority"],
    ["another name", () => elsewhere, () => ({ caFile: elsewhere.caFile }), "E_TLS_HOSTNAME", "ALTNAME"],
    [
      "another server name",
      () => good,
      () => ({ caFile: good.caFile, serverName: "x.example" }),
      "E_TLS_HOSTNAME",
      "ALTNAME",
    ],
    ["the past", () => expired, () => ({ caFile: expired.caFile }), "E_TLS_HANDSHAKE", "CERT_HAS_EXPIRED"],
  ])("%s is refused", async (_name, certificates, tls, code, why) => {
    const server = await https(certificates())
    const error = await failure(get(`https://localhost:${server.port}`, tls()))
    expect([error.code, error.why]).toEqual([code, expect.stringContaining(why)])
    expect(error.what).toContain(`localhost:${server.port}`)
    expect(server.seen).toEqual([])
  })

  it("a server name that fits is checked instead of the host", async () => {
    const { port } = await https(elsewhere)
    const tls = { caFile: elsewhere.caFile, serverName: "other.example" }
    expect(await get(`https://127.0.0.1:${port}`, tls)).toBe("secret")
  })

  it("insecure is for the hosts named alone", async () => {
    const [one, two] = [await https(elsewhere), await https(elsewhere)]
    const insecure = (host: string): boolean => host === `localhost:${one.port}`
    expect(await get(`https://localhost:${one.port}`, { insecure })).toBe("secret")
    expect((await failure(get(`https://localhost:${two.port}`, { insecure }))).code).toMatch(/^E_TLS_/)
  })

  it("adv: CVE-2019-1010275 there is no way back from https to http", async () => {
    const server = await serveHttp((_request, response) => response.end())
    open.push(server)
    const error = await failure(get(`https://localhost:${server.port}`, {}))
    expect([error.code, error.why]).toEqual(["E_TLS_HANDSHAKE", expect.stringContaining("plain http")])
    expect(server.seen).toEqual([])
  })

  it("adv: GHSA-qvqc-4c52-x6qp a redirect from https to http is refused", async () => {
    const plain = await serveHttp((_request, response) => response.end())
    open.push(plain)
    const secure = await serveHttps(good.server, (_request, response) => {
      response.writeHead(307, { Location: plain.origin }).end()
    })
    open.push(secure)
    const client = createHttpClient({ userAgent: "t", tls: createTls({ caFile: good.caFile, env: {} }) })
    open.push(client)
    const error = await failure(client.request({ method: "GET", url: secure.origin, redirect: "content" }))
    expect([error.code, plain.connections()]).toEqual(["E_NET_FORBIDDEN_TARGET", 0])
  })
})

describe.skipIf(!openssl)("client certificates", () => {
  const pair = (): TlsOptions => ({
    caFile: good.caFile,
    clientCertFile: good.client.certFile,
    clientKeyFile: good.client.keyFile,
  })

  it("are shown to the host the user named", async () => {
    const { port } = await https(good, true)
    expect(await get(`https://localhost:${port}`, pair())).toBe("secret")
  })

  it("are missed by a server that wants one, before it sees a request", async () => {
    const server = await https(good, true)
    const error = await failure(get(`https://localhost:${server.port}`, { caFile: good.caFile }))
    // In TLS 1.3 the refusal comes after the handshake, as an alert before the connection is closed.
    expect([error.code, server.seen]).toEqual(["E_TLS_CLIENT", []])
  })

  it("are not shown to a redirect's target", async () => {
    let shown: unknown
    const target = createTlsServer(
      { ...good.server, ca: good.ca, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        shown = Object.keys((request.socket as unknown as TLSSocket).getPeerCertificate())
        response.end()
      },
    )
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve))
    open.push({
      close: async () => {
        target.closeAllConnections()
        await promisify(target.close.bind(target))()
      },
    })
    const { port } = target.address() as AddressInfo
    const first = await serveHttps(good.server, (_request, response) => {
      response.writeHead(307, { Location: `https://127.0.0.1:${port}/` }).end()
    })
    open.push(first)
    const client = createHttpClient({ userAgent: "t", tls: createTls({ ...pair(), env: {} }) })
    open.push(client)
    const response = await client.request({ method: "GET", url: first.origin, redirect: "content" })
    expect([response.status, shown]).toEqual([200, []])
  })

  it.each<[string, () => TlsOptions, string]>([
    ["no file", () => ({ caFile: "/nothing.pem" }), "no such file"],
    ["no certificate", () => ({ caFile: good.client.keyFile }), "no certificate"],
    ["a key alone", () => ({ clientKeyFile: good.client.keyFile }), "expected both"],
    ["a certificate alone", () => ({ clientCertFile: good.client.certFile }), "expected both"],
    ["another's key", () => ({ ...pair(), clientKeyFile: elsewhere.client.keyFile }), "do not fit"],
  ])("%s is E_TLS_CLIENT before anything is sent", async (_name, tls, why) => {
    const server = await https(good)
    const error = await failure(get(`https://localhost:${server.port}`, tls()))
    expect([error.code, error.why]).toEqual(["E_TLS_CLIENT", expect.stringContaining(why)])
    expect(server.seen).toEqual([])
  })

  it("certs.d: the host's folder gives authorities and pair; a part of a pair is an error", async () => {
    const { port } = await https(good, true)
    const base = join(good.folder, "certs.d")
    const folder = join(base, `localhost:${port}`)
    mkdirSync(folder, { recursive: true })
    const put = (name: string, from: string): void => {
      writeFileSync(join(folder, name), from)
    }
    const { readFileSync } = await import("node:fs")
    put("ca.crt", good.ca)
    put("client.cert", readFileSync(good.client.certFile, "utf8"))
    const settings = { certsFolders: [join(good.folder, "nowhere"), base] }
    expect((await failure(get(`https://localhost:${port}`, settings))).why).toContain("client.key is missing")
    put("client.key", readFileSync(good.client.keyFile, "utf8"))
    expect(await get(`https://localhost:${port}`, settings)).toBe("secret")
    expect((await failure(get(`https://127.0.0.1:${port}`, settings))).code).toBe("E_TLS_UNKNOWN_CA")
  })
})

describe.skipIf(!openssl)("through a proxy", () => {
  const target = async (): Promise<{ url: string; options: Partial<HttpClientOptions> }> => {
    const server = await https(good)
    // Loopback is never proxied, so the proxy is chosen by hand here.
    return { url: `https://localhost:${server.port}`, options: {} }
  }

  it("https uses a tunnel, with credentials that the target never sees", async () => {
    const seen: (string | undefined)[] = []
    const proxy = await serveProxy((_target, authorization) => {
      seen.push(authorization)
      return undefined
    })
    open.push(proxy)
    const { url } = await target()
    const route = createProxyResolver({ HTTPS_PROXY: `http://us%40er:pa%3Ass@127.0.0.1:${proxy.port}` })(
      new URL("https://x.example"),
    )
    expect(await get(url, { caFile: good.caFile }, { proxy: () => route })).toBe("secret")
    expect(proxy.targets).toEqual([new URL(url).host])
    expect(seen).toEqual([`Basic ${Buffer.from("us@er:pa:ss").toString("base64")}`])
  })

  it.each<[string, string, string]>([
    ["wants credentials", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "it wants credentials"],
    ["refuses", "HTTP/1.1 403 Forbidden\r\n\r\n", "answered 403"],
    ["is no proxy", "SSH-2.0-x\r\n\r\n", "not HTTP"],
    ["hangs up", "", "closed the connection"],
    ["talks without end", `HTTP/1.1 200 OK\r\nX: ${"y".repeat(20_000)}`, "no end"],
  ])("a proxy that %s is E_NET_PROXY", async (_name, answer, why) => {
    const proxy = await serveProxy(() => answer)
    open.push(proxy)
    const { url } = await target()
    const route = { url: new URL(proxy.origin) }
    const error = await failure(get(url, { caFile: good.caFile }, { proxy: () => route }))
    expect([error.code, error.why]).toEqual(["E_NET_PROXY", expect.stringContaining(why)])
  })

  it("a proxy that is not there is E_NET_PROXY with its host", async () => {
    const error = await failure(
      get("https://registry.example", {}, { proxy: () => ({ url: new URL("http://127.0.0.1:1") }) }),
    )
    expect([error.code, error.what]).toEqual(["E_NET_PROXY", expect.stringContaining("127.0.0.1:1")])
  })

  it("the certificate is the target's, not the proxy's", async () => {
    const proxy = await serveProxy(() => undefined)
    open.push(proxy)
    const server = await https(elsewhere)
    const options = { proxy: () => ({ url: new URL(proxy.origin) }) }
    const error = await failure(get(`https://localhost:${server.port}`, { caFile: elsewhere.caFile }, options))
    expect(error.code).toBe("E_TLS_HOSTNAME")
  })

  it("plain http goes by absolute URL", async () => {
    const proxy = await serveProxy(() => undefined)
    open.push(proxy)
    const route = { url: new URL(proxy.origin), authorization: "Basic x" }
    const body = await get("http://registry.example/v2/?a=b", {}, { proxy: () => route, plainHttp: "always" })
    expect([body, proxy.targets]).toEqual(["forwarded", ["http://registry.example/v2/?a=b"]])
    const refused = await failure(
      get("http://registry.example/", {}, { proxy: () => ({ url: route.url }), plainHttp: "always" }),
    )
    expect(refused.code).toBe("E_NET_PROXY")
  })

  it("offline allows no proxy that was not named", async () => {
    const proxy = await serveProxy(() => undefined)
    open.push(proxy)
    const options = { proxy: () => ({ url: new URL(proxy.origin) }), offlineExcept: ["registry.example"] }
    expect((await failure(get("https://registry.example/", {}, options))).code).toBe("E_NET_OFFLINE")
    expect(proxy.connections()).toBe(0)
  })
})
