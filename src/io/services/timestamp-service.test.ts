import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import { MIB } from "../../core/limits.ts"
import { createHttpClient, type HttpClientOptions } from "../net/http-client.ts"
import type { HttpClient } from "../net/http-types.ts"
import { createTimestampService } from "./timestamp-service.ts"

const REPLY = { "content-type": "application/timestamp-reply" }
const QUERY = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x01)
const opened: { server: Server; client: HttpClient }[] = []

afterEach(async () => {
  for (const { server, client } of opened.splice(0)) {
    await client.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function serve(listener: RequestListener, timeoutMs?: number) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const client = createHttpClient({ userAgent: "test" })
  opened.push({ server, client })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`
  const service = createTimestampService({
    http: () => Promise.resolve(client),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
  return { url, service }
}

describe("asking a timestamp authority", () => {
  it("posts the request and returns the answer as it is", async () => {
    const seen: unknown[] = []
    const { url, service } = await serve((request, response) => {
      const chunks: Buffer[] = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        seen.push(request.method, request.headers["content-type"], Buffer.concat(chunks).toString("hex"))
        response.writeHead(200, REPLY).end(Buffer.from([1, 2, 3]))
      })
    })
    expect(Array.from(await service.ask(url, QUERY))).toEqual([1, 2, 3])
    expect(seen).toEqual(["POST", "application/timestamp-query", "3003020101"])
  })

  it.each<[string, RequestListener, string, string]>([
    [
      "status 404",
      (_, response) => response.writeHead(404, REPLY).end(),
      "E_TSA_INVALID",
      "https response bad status: 404 Not Found",
    ],
    [
      "status 201",
      (_, response) => response.writeHead(201, REPLY).end("x"),
      "E_TSA_INVALID",
      "bad status: 201 Created",
    ],
    ["status 503, asked once", once(503), "E_TSA_INVALID", "bad status: 503 Service Unavailable"],
    ["no content type", (_, response) => response.end("x"), "E_TSA_INVALID", "unexpected response content type: "],
    [
      "a content type with a parameter",
      (_, response) => response.writeHead(200, { "content-type": "application/timestamp-reply; a=b" }).end("x"),
      "E_TSA_INVALID",
      "unexpected response content type: application/timestamp-reply; a=b",
    ],
    [
      "adv: GHSA-4qg8-fj49-pxjh a content type of many separators",
      (_, response) => response.writeHead(200, { "content-type": ";".repeat(100_000) }).end("x"),
      "E_NET_TOO_LARGE",
      "unexpected large http response",
    ],
    [
      "1 MiB",
      (_, response) => response.writeHead(200, REPLY).end(Buffer.alloc(MIB)),
      "E_NET_TOO_LARGE",
      "unexpected large http response, max response body size allowed is 1 MiB",
    ],
    [
      "a redirect to another origin",
      (_, response) => response.writeHead(307, { location: "http://127.0.0.2:9/tsr" }).end(),
      "E_NET_FORBIDDEN_TARGET",
      "Post ",
    ],
    ["a connection that breaks", (request) => request.destroy(), "E_NET_CONNECT", "Post "],
  ])("refuses %s", async (_, listener, code, text) => {
    const { url, service } = await serve(listener)
    const error = { code, what: expect.stringMatching(/^(POST|Post) "http:\/\/127\.0\.0\.1:\d+\/tsr": /) as unknown }
    const asked = service.ask(url, QUERY)
    await expect(asked).rejects.toMatchObject(error)
    await expect(asked).rejects.toThrow(text)
  })

  it("takes an answer of one byte less than 1 MiB", async () => {
    const { url, service } = await serve((_, response) => response.writeHead(200, REPLY).end(Buffer.alloc(MIB - 1)))
    expect((await service.ask(url, QUERY)).length).toBe(MIB - 1)
  })

  it("gives up when nothing comes, or when told to", async () => {
    const { url, service } = await serve(() => undefined, 50)
    await expect(service.ask(url, QUERY)).rejects.toMatchObject({
      code: "E_NET_TIMEOUT",
      what: expect.stringContaining("context deadline exceeded") as unknown,
    })
    const stopped = createTimestampService({ http: () => Promise.resolve(opened[0]!.client) })
    await expect(stopped.ask(url, QUERY, AbortSignal.abort())).rejects.toMatchObject({
      code: "E_NET_TIMEOUT",
      what: expect.not.stringContaining("deadline") as unknown,
    })
  })

  it("hides what may be secret in the URL", async () => {
    const { url, service } = await serve((_, response) => response.writeHead(404).end())
    await expect(service.ask(`${url}?key=hunter2`, QUERY)).rejects.toThrow(
      /\/tsr\?key=…": https response bad status: 404/,
    )
  })
})

/** Answers with a status the first time, and properly after that. */
function once(status: number): RequestListener {
  let asked = 0
  return (_, response) => response.writeHead(asked++ === 0 ? status : 200, REPLY).end("x")
}

describe("authorities on other hosts", () => {
  it("are asked over plain http, whatever registries are asked over", async () => {
    const server = createServer((_, response) => response.writeHead(200, REPLY).end("x"))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const lookup: HttpClientOptions["lookup"] = (_host, _options, callback) => {
      callback(null, [{ address: "127.0.0.1", family: 4 }])
    }
    const client = createHttpClient({ userAgent: "test", plainHttp: "loopback", lookup })
    opened.push({ server, client })
    const service = createTimestampService({ http: () => Promise.resolve(client) })
    const url = `http://tsa.example:${(server.address() as AddressInfo).port}`
    expect(new TextDecoder().decode(await service.ask(url, QUERY))).toBe("x")
  })

  it("are named as the user wrote them when they cannot be asked", async () => {
    const client = createHttpClient({ userAgent: "test", offlineExcept: [], tries: 1 })
    const service = createTimestampService({ http: () => Promise.resolve(client) })
    await expect(service.ask("http://tsa.example", QUERY)).rejects.toMatchObject({
      code: "E_NET_OFFLINE",
      what: expect.stringMatching(/^Post "http:\/\/tsa\.example": /) as string,
    })
    await client.close()
  })
})
