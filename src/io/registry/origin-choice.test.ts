import { afterEach, describe, expect, it } from "vitest"

import { ToolError } from "../../core/errors.ts"
import { createHttpClient } from "../net/http-client.ts"
import type { HttpClient } from "../net/http-types.ts"
import { hasOpenssl, makeCertificates, serveHttp, serveHttps, type TestServer } from "../net/test-servers.ts"
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
