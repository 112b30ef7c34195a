import { connect, type Socket } from "node:net"

import { afterEach, describe, expect, it } from "vitest"

import { ToolError } from "../../core/errors.ts"
import { createHttpClient } from "../net/http-client.ts"
import type { HttpClient } from "../net/http-types.ts"
import {
  failure,
  hasOpenssl,
  makeCertificates,
  serveHttp,
  serveHttps,
  serveTcp,
  type TestCertificates,
  type TestServer,
} from "../net/test-servers.ts"
import { createTls } from "../net/tls.ts"
import { OriginChoice } from "./origin-choice.ts"

const running: { close(): Promise<void> }[] = []

function keep<T extends { close(): Promise<void> }>(one: T): T {
  running.push(one)
  return one
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
})

function choose(server: TestServer, http: HttpClient): { readonly choice: OriginChoice; readonly tried: string[] } {
  const tried: string[] = []
  const connect = (origin: string): HttpClient => {
    tried.push(origin.slice(0, origin.indexOf(":")))
    return http
  }
  const host = `127.0.0.1:${server.port}`
  return { choice: new OriginChoice(connect, [`http://${host}`, `https://${host}`]), tried }
}

const get = { method: "GET", path: "/v2/x/manifests/y", scope: [] } as const

describe("the scheme of a registry on loopback", () => {
  it("is plain http at no extra request", async () => {
    const server = keep(await serveHttp((_request, response) => response.end("x")))
    const { choice, tried } = choose(server, keep(createHttpClient({ userAgent: "countersign-test/0" })))
    const answers = await Promise.all([choice.send(get), choice.send(get)])
    await Promise.all(answers.map((one) => one.discard()))
    expect(tried).toEqual(["http"])
    expect(server.seen).toHaveLength(2)
  })

  it("is found with a harmless probe when the first request would change something", async () => {
    const server = keep(await serveHttp((_request, response) => response.end("x")))
    const { choice } = choose(server, keep(createHttpClient({ userAgent: "countersign-test/0" })))
    const answer = await choice.send({ ...get, method: "PUT", body: { bytes: new Uint8Array(3) } })
    await answer.discard()
    expect(server.seen.map((one) => `${one.method} ${one.url}`)).toEqual(["GET /v2/", "PUT /v2/x/manifests/y"])
  })

  it("takes a registry's own 400 for an answer", async () => {
    const server = keep(
      await serveHttp((_request, response) => {
        response.writeHead(400, { "content-type": "application/json" })
        response.end('{"errors":[]}')
      }),
    )
    const { choice, tried } = choose(server, keep(createHttpClient({ userAgent: "countersign-test/0" })))
    const answer = await choice.send(get)
    await answer.discard()
    expect([answer.status, tried]).toEqual([400, ["http"]])
  })

  it.skipIf(!hasOpenssl())("is https where plain http gets nowhere", async () => {
    const certificates = makeCertificates()
    try {
      const server = keep(await serveHttps(certificates.server, (_request, response) => response.end("x")))
      const tls = createTls({ caFile: certificates.caFile, env: {} })
      const { choice, tried } = choose(server, keep(createHttpClient({ userAgent: "countersign-test/0", tls })))
      for (let i = 0; i < 2; i++) {
        const answer = await choice.send(get)
        expect(answer.url).toMatch(/^https:/)
        await answer.discard()
      }
      expect(tried).toEqual(["http", "https"])
      expect(server.seen).toHaveLength(2)
    } finally {
      certificates.remove()
    }
  })

  it("is an error when nobody speaks either", async () => {
    const server = await serveHttp((_request, response) => response.end("x"))
    await server.close()
    const http = keep(createHttpClient({ userAgent: "countersign-test/0", tries: 1 }))
    const { choice } = choose(server, http)
    const error: unknown = await choice.send(get).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ToolError)
    expect((error as ToolError).code).toBe("E_NET_CONNECT")
  })
})

/** A TLS server that tells clients who speak plain http so, as Go's servers do. */
async function serveGoTls(certificates: TestCertificates, wantClient = false): Promise<TestServer> {
  const tls = { ...certificates.server, ca: certificates.ca, wantClient }
  const inner = keep(await serveHttps(tls, (_request, response) => response.end("x")))
  const outer = await serveTcp((socket: Socket) => {
    socket.once("data", (first) => {
      if (first[0] !== 0x16) {
        socket.end("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
        return
      }
      const upstream = connect(inner.port, "127.0.0.1", () => {
        upstream.write(first)
        socket.pipe(upstream).pipe(socket)
      })
      upstream.on("error", () => socket.destroy())
      socket.on("error", () => upstream.destroy())
    })
  })
  return keep(outer)
}

describe.skipIf(!hasOpenssl())("a registry that wants https and cannot be reached by it", () => {
  const made: TestCertificates[] = []
  const certificatesFor = (days?: string): TestCertificates => {
    const certificates = makeCertificates(undefined, days)
    made.push(certificates)
    return certificates
  }
  afterEach(() => {
    for (const certificates of made.splice(0)) certificates.remove()
  })
  const reach = (server: TestServer, caFile: string | undefined, secureFirst = false): Promise<unknown> => {
    const tls = createTls({ ...(caFile === undefined ? {} : { caFile }), env: {} })
    const http = keep(createHttpClient({ userAgent: "countersign-test/0", tls, tries: 1, plainHttp: "always" }))
    const origins = [`http://127.0.0.1:${server.port}`, `https://127.0.0.1:${server.port}`]
    return new OriginChoice(() => http, secureFirst ? origins.reverse() : origins).send(get)
  }

  it("shows that the certificate has expired, and that plain http was tried", async () => {
    const certificates = certificatesFor("-1")
    const error = await failure(reach(await serveGoTls(certificates), certificates.caFile))
    expect(error.code).toBe("E_TLS_HANDSHAKE")
    expect(error.why).toMatch(/CERT_HAS_EXPIRED.*http:\/\/127\.0\.0\.1:\d+ was tried before: it answered 400/s)
  })

  it("shows that the certificate has expired where plain http is not even answered", async () => {
    const certificates = certificatesFor("-1")
    const silent = keep(await serveHttps(certificates.server, (_request, response) => response.end("x")))
    expect((await failure(reach(silent, certificates.caFile))).why).toContain("CERT_HAS_EXPIRED")
  })

  it("shows that a client certificate is wanted", async () => {
    const certificates = certificatesFor()
    const error = await failure(reach(await serveGoTls(certificates, true), certificates.caFile))
    expect(error.code).toBe("E_TLS_CLIENT")
    expect(error.next.join()).toContain("--registry-client-cert")
  })

  it("shows an unknown authority, and that plain http was tried", async () => {
    const error = await failure(reach(await serveGoTls(certificatesFor()), undefined))
    expect(error.code).toBe("E_TLS_UNKNOWN_CA")
    expect(error.why).toContain("http://127.0.0.1")
  })

  it("sends nothing in the clear after a bad certificate, even where plain http is allowed", async () => {
    const certificates = certificatesFor("-1")
    const server = await serveGoTls(certificates)
    const before = server.connections()
    const error = await failure(reach(server, certificates.caFile, true))
    expect([error.code, server.connections() - before]).toEqual(["E_TLS_HANDSHAKE", 1])
  })

  it("logs the attempt that failed", async () => {
    const certificates = certificatesFor()
    const server = await serveGoTls(certificates)
    const events: unknown[] = []
    const logger = { debug: (...event: unknown[]) => events.push(event), info: () => undefined, warn: () => undefined }
    const tls = createTls({ caFile: certificates.caFile, env: {} })
    const http = keep(createHttpClient({ userAgent: "countersign-test/0", tls }))
    const origins = [`http://127.0.0.1:${server.port}`, `https://127.0.0.1:${server.port}`]
    const answer = await new OriginChoice(() => http, origins, logger).send(get)
    await answer.discard()
    expect(events).toEqual([["registry.origin.failed", expect.objectContaining({ origin: origins[0] })]])
  })
})
