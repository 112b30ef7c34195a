import { gzipSync } from "node:zlib"
import { afterEach, describe, expect, it } from "vitest"

import type { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { createHttpClient, type HttpClientOptions } from "./http-client.ts"
import { testNet, text } from "./test-client.ts"
import { failure, readRequest } from "./test-servers.ts"

const { keep, makeClient, serve, serveRaw, closeAll } = testNet()

afterEach(closeAll)

describe("one exchange", () => {
  it("sends nothing but what was asked, User-Agent and Accept-Encoding", async () => {
    const server = await serve((_request, response) => {
      response.setHeader("Link", ["<a>; rel=next", "<b>; rel=prev"])
      response.end("hello")
    })
    const client = makeClient()
    const response = await client.request({ method: "GET", url: `${server.origin}/x?y=1`, headers: { Accept: "a/b" } })
    expect(response.status).toBe(200)
    expect(response.headerValues("link")).toEqual(["<a>; rel=next", "<b>; rel=prev"])
    expect(response.header("LINK")).toBe("<a>; rel=next, <b>; rel=prev")
    expect(new TextDecoder().decode(await response.bytes(5))).toBe("hello")
    expect(server.seen[0]!.headers).toEqual({
      host: `127.0.0.1:${server.port}`,
      connection: "keep-alive",
      accept: "a/b",
      "user-agent": "countersign-test",
      "accept-encoding": "identity",
    })
  })

  it.each([
    ["bytes", { bytes: new TextEncoder().encode("abc") }],
    ["large bytes", { bytes: new Uint8Array(1_000_000).fill(97) }],
    ["a stream", { size: 6, open: () => streamOf("abc", "def") }],
    ["nothing", { bytes: new Uint8Array(0) }],
  ])("uploads %s with Content-Length", async (_name, body) => {
    const server = await serve((request, response) => {
      void readRequest(request).then((got) => response.end(String(got.length)))
    })
    const size = "bytes" in body ? body.bytes.length : body.size
    expect(await text(makeClient(), { method: "PUT", url: server.origin, body })).toBe(String(size))
    expect(server.seen[0]!.headers["content-length"]).toBe(String(size))
    expect(server.seen[0]!.headers["transfer-encoding"]).toBeUndefined()
  })

  it.each([
    "http://alice:insecure-secret@127.0.0.1:1/",
    "https://insecure-secret@a.example/",
    "ftp://a/x",
    "http://[x",
    "",
  ])("refuses %j, which came with the command", async (url) => {
    const error = await failure(makeClient().request({ method: "GET", url }))
    expect(error.code).toBe("E_USAGE")
    expect(JSON.stringify(error) + error.message).not.toContain("insecure-secret")
  })

  it("reports a failing source as it is and does not retry", async () => {
    const server = await serve((request, response) => {
      void readRequest(request).then(
        () => response.end(),
        () => undefined,
      )
    })
    const body = { size: 9, open: () => streamOf("abc") }
    const error = await failure(makeClient().request({ method: "PUT", url: server.origin, body }))
    expect(error.code).toBe("E_IO")
    expect(error.why).toContain("gave 3 bytes, expected 9")
    expect(server.connections()).toBe(1)
  })
})

// eslint-disable-next-line @typescript-eslint/require-await -- a source is an async iterable
async function* streamOf(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield new TextEncoder().encode(part)
}

describe("retries", () => {
  it.each([408, 429, 500, 502, 503, 504])("repeats a GET after %i", async (status) => {
    let count = 0
    const server = await serve((_request, response) => {
      response.writeHead(++count < 3 ? status : 200).end("done")
    })
    const client = makeClient()
    expect(await text(client, { method: "GET", url: server.origin })).toBe("done")
    expect(count).toBe(3)
    expect(client.pauses.every((ms) => ms < 20_000)).toBe(true)
  })

  it.each([
    ["a POST", { method: "POST" as const }, 503, 1],
    ["a request that may not be replayed", { method: "PUT" as const, replayable: false }, 503, 1],
    ["an accepted status", { method: "GET" as const, accept: [503] }, 503, 1],
    ["a final status", { method: "GET" as const }, 404, 1],
    ["a replayable POST", { method: "POST" as const, replayable: true }, 503, limits.tries],
  ])("%s: the answer comes back after its tries", async (_name, request, status, tries) => {
    const server = await serve((_request, response) => response.writeHead(status).end("no"))
    const response = await makeClient().request({ url: server.origin, ...request })
    expect(response.status).toBe(status)
    await response.discard()
    expect(server.seen.length).toBe(tries)
  })

  it("opens a stream again for each try", async () => {
    let count = 0
    const bodies: string[] = []
    const server = await serve((request, response) => {
      void readRequest(request).then((body) => {
        bodies.push(body)
        response.writeHead(++count < 2 ? 500 : 201).end()
      })
    })
    const body = { size: 3, open: () => streamOf("abc") }
    const response = await makeClient().request({ method: "PUT", url: server.origin, body })
    expect([response.status, bodies]).toEqual([201, ["abc", "abc"]])
  })

  it.each([
    ["seconds", "7", 7000],
    ["HTTP-date", new Date(Date.UTC(2026, 0, 1) + 9000).toUTCString(), 9000],
  ])("waits as Retry-After says (%s)", async (_name, value, expected) => {
    let count = 0
    const server = await serve((_request, response) => {
      response.writeHead(++count < 2 ? 429 : 200, { "Retry-After": value }).end("x")
    })
    const client = makeClient()
    await text(client, { method: "GET", url: server.origin })
    expect(client.pauses[0]).toBe(expected)
  })

  it.each(["3600", "99999999999", new Date(Date.UTC(2027, 0, 1)).toUTCString()])(
    "gives up at once when asked to wait %s",
    async (value) => {
      const server = await serve((_request, response) => response.writeHead(429, { "Retry-After": value }).end())
      const error = await failure(makeClient().request({ method: "GET", url: server.origin }))
      expect(error.code).toBe("E_REGISTRY_RATE_LIMITED")
      expect(error.why).toContain("we wait at most 60 s")
      expect(server.seen.length).toBe(1)
    },
  )

  it("holds back every request to a host that answered 429", async () => {
    let limited = false
    const order: string[] = []
    const server = await serve((request, response) => {
      const first = !limited
      limited = true
      order.push(request.url ?? "")
      response.writeHead(first ? 429 : 200, { "Retry-After": "5" }).end()
    })
    let slept: () => void = () => undefined
    const waiting: Promise<void>[] = []
    let now = 0
    const client = makeClient({
      perHost: 2,
      clock: { now: () => now },
      sleep: () => {
        const one = new Promise<void>((resolve) => {
          const before = slept
          slept = () => {
            before()
            resolve()
          }
        })
        waiting.push(one)
        return one
      },
    })
    const send = async (at: number): Promise<number> => {
      const response = await client.request({ method: "GET", url: `${server.origin}/${at}` })
      await response.discard()
      return response.status
    }
    const first = send(1)
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const others = [2, 3].map(send)
    while (waiting.length < 3) await new Promise((resolve) => setImmediate(resolve))
    expect(order).toEqual(["/1"])
    now = 5000
    slept()
    expect(await Promise.all([first, ...others])).toEqual([200, 200, 200])
  })

  it("keeps at most `perHost` requests in flight, first come first served", async () => {
    let inside = 0
    let most = 0
    const order: string[] = []
    const server = await serve((request, response) => {
      most = Math.max(most, ++inside)
      order.push(request.url ?? "")
      setImmediate(() => {
        inside--
        response.end("x")
      })
    })
    const client = makeClient({ perHost: 1 })
    const paths = Array.from({ length: 12 }, (_, at) => `/${at}`)
    await Promise.all(paths.map((path) => text(client, { method: "GET", url: server.origin + path })))
    expect([most, order]).toEqual([1, paths])
  })
})

describe("broken connections", () => {
  it("repeats a GET whose answer never came", async () => {
    let count = 0
    const server = await serveRaw((socket) => {
      socket.once("data", () => {
        if (++count < 3) socket.destroy()
        else socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      })
    })
    expect(await text(makeClient(), { method: "GET", url: server.origin })).toBe("ok")
  })

  it.each([0, 1, 60, 99])("finds a body cut at byte %i and reads it again", async (cut) => {
    let count = 0
    const server = await serveRaw((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        socket.end("x".repeat(++count === 1 ? cut : 100))
      })
    })
    expect((await text(makeClient(), { method: "GET", url: server.origin })).length).toBe(100)
    expect(count).toBe(2)
  })

  it("does not mix two answers that differ", async () => {
    let count = 0
    const server = await serveRaw((socket) => {
      socket.once("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\nETag: "${++count}"\r\nContent-Length: 100\r\n\r\n`)
        socket.end("x".repeat(count === 1 ? 5 : 100))
      })
    })
    const error = await failure(text(makeClient(), { method: "GET", url: server.origin }))
    expect(error.code).toBe("E_NET_CONNECT")
  })

  it.each([
    ["Content-Length", "Content-Length: 100\r\n\r\nabc"],
    ["chunks", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
  ])("a stream cut short is an error, never an end (%s)", async (_name, tail) => {
    const server = await serveRaw((socket) => {
      socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\n${tail}`))
    })
    const response = await makeClient().request({ method: "GET", url: server.origin })
    const error = await failure(drain(response.body))
    expect(error.code).toBe("E_NET_CONNECT")
  })

  it.each([
    ["never answers", "", "E_NET_TIMEOUT"],
    ["stops in the headers", "HTTP/1.1 200 OK\r\nX: ", "E_NET_TIMEOUT"],
    ["stops in the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "E_NET_TIMEOUT"],
    ["speaks another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "E_NET_CONNECT"],
    ["sends endless headers", `HTTP/1.1 200 OK\r\nX: ${"y".repeat(40_000)}\r\n\r\n`, "E_NET_TOO_LARGE"],
  ])("a server that %s fails in time", async (_name, answer, code) => {
    const server = await serveRaw((socket) => {
      socket.once("data", () => socket.write(answer))
    })
    const client = makeClient({ tries: 1, timeouts: { headersMs: 60, bodyIdleMs: 60 } })
    const error = await failure(text(client, { method: "GET", url: server.origin }))
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(`127.0.0.1:${server.port}`)])
  })

  it("times out an upload nobody takes", async () => {
    const server = await serveRaw((socket) => socket.pause())
    const client = makeClient({ tries: 1, timeouts: { headersMs: 80 } })
    const body = { bytes: new Uint8Array(30_000_000) }
    const error = await failure(client.request({ method: "PUT", url: server.origin, body }))
    expect(error.code).toBe("E_NET_TIMEOUT")
  })

  it.each([
    ["a refused port", "http://127.0.0.1:1/", "E_NET_CONNECT", "nothing listens"],
    ["an unknown name", "https://nothing.invalid/", "E_NET_DNS", "name server"],
  ])("%s is named with its host", async (_name, url, code, why) => {
    const lookup: HttpClientOptions["lookup"] = (_host, _options, callback) => {
      callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), [])
    }
    const error = await failure(makeClient({ lookup }).request({ method: "GET", url }))
    expect([error.code, error.why]).toEqual([code, expect.stringContaining(why)])
  })

  it("stops at the deadline of the whole command", async () => {
    const server = await serve(() => undefined)
    const client = keep(createHttpClient({ userAgent: "t", timeoutMs: 50 }))
    const error = await failure(client.request({ method: "GET", url: server.origin }))
    expect([error.code, error.why]).toEqual(["E_NET_TIMEOUT", expect.stringContaining("50 ms")])
  })

  it("stops when the caller says so, also while it waits for its turn", async () => {
    const server = await serve(() => undefined)
    const client = makeClient({ perHost: 1 })
    const stop = new AbortController()
    const first = client.request({ method: "GET", url: server.origin, signal: stop.signal })
    const second = client.request({ method: "GET", url: server.origin, signal: stop.signal })
    const both = Promise.all([failure(first), failure(second)])
    stop.abort()
    expect((await both).map((error: ToolError) => error.what)).toEqual([
      expect.stringContaining("cancelled"),
      expect.stringContaining("cancelled"),
    ])
  })
})

async function drain(body: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0
  for await (const chunk of body) size += chunk.length
  return size
}

describe("bodies", () => {
  it.each([
    ["announced", { "Content-Length": "2000" }],
    ["not announced", { "Transfer-Encoding": "chunked" }],
    ["compressed", { "Content-Encoding": "gzip" }],
  ])("a body past the limit is refused (%s)", async (_name, headers) => {
    const plain = Buffer.alloc(2000)
    const server = await serve((_request, response) => {
      response.writeHead(200, headers as Record<string, string>)
      response.end("Content-Encoding" in headers ? gzipSync(plain) : plain)
    })
    const response = await makeClient().request({ method: "GET", url: server.origin })
    expect((await failure(response.bytes(1999))).code).toBe("E_NET_TOO_LARGE")
  })

  it("an endless body is left after the limit", async () => {
    const server = await serve((_request, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(more))
      }
      more()
    })
    const client = makeClient()
    const response = await client.request({ method: "GET", url: server.origin })
    expect((await failure(response.bytes(100_000))).code).toBe("E_NET_TOO_LARGE")
    await (await client.request({ method: "GET", url: server.origin })).discard()
  })

  it("undoes gzip that a proxy added, and hides the headers of the coded form", async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync("plain text"))
    })
    const response = await makeClient().request({ method: "GET", url: server.origin })
    expect([response.header("content-encoding"), response.header("content-length")]).toEqual([undefined, undefined])
    expect(new TextDecoder().decode(await response.bytes(100))).toBe("plain text")
  })

  it.each([
    ["an unknown coding", 200, "br", Buffer.from("x"), "E_REGISTRY_PROTOCOL"],
    ["a coding on a partial answer", 206, "gzip", gzipSync("abc"), "E_REGISTRY_PROTOCOL"],
    ["a broken coding", 200, "gzip", Buffer.from("not gzip"), "E_NET_CONNECT"],
    ["a truncated coding", 200, "gzip", gzipSync("abcdef").subarray(0, 12), "E_NET_CONNECT"],
  ])("%s is refused", async (_name, status, coding, body, code) => {
    const server = await serve((_request, response) => {
      response.writeHead(status, { "Content-Encoding": coding }).end(body)
    })
    const error = await failure(text(makeClient({ tries: 1 }), { method: "GET", url: server.origin }))
    expect(error.code).toBe(code)
  })
})

it("shows each request without secrets", async () => {
  const server = await serve((_request, response) => response.end("x"))
  const events: unknown[] = []
  const logger = {
    debug: (event: string, fields?: object) => events.push([event, fields]),
    info: () => undefined,
    warn: () => undefined,
  }
  const client = makeClient({ logger })
  const url = `${server.origin}/blob?sig=SECRET1&digest=sha256:1`
  await text(client, { method: "GET", url, headers: { authorization: "Bearer SECRET2" } })
  expect(events).toEqual([
    ["http.request", expect.objectContaining({ method: "GET", status: 200, retry: 0, bytes: 1 })],
  ])
  expect(JSON.stringify(events)).not.toMatch(/SECRET/)
})
