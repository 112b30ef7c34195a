import { mkdtemp, rm } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import type { RunningServer } from "../../app/world.ts"
import type { JsonObject } from "../../core/json-value.ts"
import { createHandlerFixture, digestOf, NAME } from "./handler-fixture.ts"
import { listenRegistry, type ListenOptions } from "./listen.ts"
import { openFileStorage } from "./storage/file-storage.ts"

const running: RunningServer[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})

interface Logged {
  readonly events: JsonObject[]
  /** Resolves with the next request that is logged. */
  next(): Promise<JsonObject>
}

async function listen(options: Partial<ListenOptions> = {}): Promise<{ address: string; log: Logged }> {
  const events: JsonObject[] = []
  const waiting: ((fields: JsonObject) => void)[] = []
  const server = await listenRegistry({
    listen: "127.0.0.1:0",
    handler: createHandlerFixture().handler,
    clock: { now: () => 5 },
    logger: {
      debug: () => undefined,
      warn: () => undefined,
      info: (event, fields = {}) => {
        events.push({ event, ...fields })
        waiting.shift()?.({ event, ...fields })
      },
    },
    timeouts: { close: 50 },
    ...options,
  })
  running.push(server)
  return {
    address: server.address,
    log: { events, next: () => new Promise((resolve) => waiting.push(resolve)) },
  }
}

/** Everything a server answers to raw text before it closes the connection. */
async function raw(address: string, text: string): Promise<string> {
  const { hostname, port } = new URL(`http://${address}`)
  return new Promise((resolve) => {
    let answer = ""
    const socket = connect(Number(port), hostname, () => socket.write(text))
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")))
    socket.on("error", () => undefined)
    socket.on("close", () => {
      resolve(answer)
    })
  })
}

function deferred<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined
  const promise = new Promise<Value>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: registry.test\r\nConnection: close\r\n\r\n`

describe("adv: zot #4131 path forms that a URL parser would repair are refused", () => {
  it.each([
    "//v2/demo/app/tags/list",
    "/v2/demo/../demo/app/tags/list",
    "/v2/demo/./app/tags/list",
    "/v2/x/%2e%2e/demo/app/tags/list",
    "/v2/demo%2fapp/tags/list",
    "/v2/demo%252fapp/tags/list",
    "/v2/demo\\app/tags/list",
    "/v2/demo/app/tags/list/",
    "/v2/demo/app/tags/list;x",
    "/v2/demo/app/tags/list%00",
    "/v2/demo/app/manifests/sha256-aa.sig/../v1",
    "/V2/demo/app/tags/list",
    "http://other.test/v2/demo/app/tags/list",
    "*",
  ])("%s", async (target) => {
    const { handler, pushBlob } = createHandlerFixture()
    await pushBlob(NAME, "x")
    const { address } = await listen({ handler })
    expect(await raw(address, get("/v2/demo/app/tags/list"))).toMatch(/^HTTP\/1\.1 200 /)
    expect(await raw(address, get(target))).toMatch(/^HTTP\/1\.1 40[04] /)
  })
})

describe("connections", () => {
  it("streams a large blob both ways", async () => {
    const { address } = await listen()
    const bytes = new Uint8Array(5_000_000).map((_, at) => at % 251)
    const digest = digestOf(bytes)
    const url = `http://${address}/v2/${NAME}/blobs`
    expect((await fetch(`${url}/uploads/?digest=${digest}`, { method: "POST", body: bytes })).status).toBe(201)
    expect(digestOf(await (await fetch(`${url}/${digest}`)).bytes())).toBe(digest)
  })

  it("breaks a body that fails, with nothing after it", async () => {
    const body = (): ReadableStream<Uint8Array> => {
      let sent = false
      return new ReadableStream({
        pull(controller) {
          if (sent) controller.error(new Error("secret reason"))
          else controller.enqueue(new TextEncoder().encode("first"))
          sent = true
        },
      })
    }
    const { address } = await listen({
      handler: () => Promise.resolve(new Response(body(), { headers: { "Content-Length": "100" } })),
    })
    const answer = await raw(address, get("/v2/"))
    expect(answer).not.toContain("secret")
    await expect(fetch(`http://${address}/v2/`).then((response) => response.text())).rejects.toThrow()
  })

  it("answers HEAD without a body", async () => {
    const { handler, pushBlob } = createHandlerFixture()
    const digest = await pushBlob(NAME, "hello")
    const { address } = await listen({ handler })
    const answer = await raw(address, get(`/v2/${NAME}/blobs/${digest}`).replace("GET", "HEAD"))
    expect(answer.toLowerCase()).toContain("content-length: 5\r\n")
    expect(answer.endsWith("\r\n\r\n")).toBe(true)
  })

  it("bounds the headers", async () => {
    const { address } = await listen()
    const huge = get("/v2/").replace("\r\n\r\n", `\r\nX-Large: ${"x".repeat(40_000)}\r\n\r\n`)
    expect(await raw(address, huge)).toMatch(/^(HTTP\/1\.1 431 |$)/)
  })

  it("finishes what is under way when it closes", async () => {
    const arrived = deferred<undefined>()
    const released = deferred<Response>()
    const { address } = await listen({
      timeouts: { close: 5000 },
      handler: () => {
        arrived.resolve(undefined)
        return released.promise
      },
    })
    const answer = fetch(`http://${address}/v2/`)
    await arrived.promise
    const closing = running.pop()?.close()
    released.resolve(new Response("done"))
    expect(await (await answer).text()).toBe("done")
    await closing
    await expect(fetch(`http://${address}/v2/`)).rejects.toThrow()
  })

  it("does not wait for ever for a client that hangs", async () => {
    const arrived = deferred<undefined>()
    const { address } = await listen({
      handler: () => {
        arrived.resolve(undefined)
        return new Promise(() => undefined)
      },
    })
    const answer = expect(fetch(`http://${address}/v2/`)).rejects.toThrow()
    await arrived.promise
    await running.pop()?.close()
    await answer
  })
})

describe("class: clients that take their time", () => {
  const upload = `POST /v2/${NAME}/blobs/uploads/?digest=${digestOf("x")} HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n`

  /** Send `head`, then one byte again and again; resolves when the server ends the connection. */
  async function drip(address: string, head: string, more: string): Promise<void> {
    const { hostname, port } = new URL(`http://${address}`)
    const socket = connect(Number(port), hostname, () => socket.write(head))
    const timer = setInterval(() => socket.write(more), 5)
    socket.on("error", () => undefined)
    socket.resume()
    await new Promise<void>((resolve) => {
      socket.on("close", () => {
        clearInterval(timer)
        resolve()
      })
    })
  }

  it.each([
    ["headers", "GET /v2/ HTTP/1.1\r\n", "X-A: b\r\n"],
    ["nothing at all", "", ""],
  ])("%s that never end", async (_, head, more) => {
    const { address } = await listen({ timeouts: { headers: 50, close: 50 } })
    await drip(address, head, more)
  })

  it.each([
    ["blob", upload],
    ["manifest", `PUT /v2/${NAME}/manifests/t HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n`],
    ["chunked", `PUT /v2/${NAME}/manifests/t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ])("a body that trickles: %s; an answer that takes long is waited for", async (name, head) => {
    const { handler } = createHandlerFixture()
    const released = deferred<Response>()
    const { address } = await listen({
      connections: { slowMs: 50, leastBytes: 60_000 },
      handler: (request) => (request.method === "GET" ? released.promise : handler(request)),
    })
    const slowAnswer = fetch(`http://${address}/v2/`)
    await drip(address, head, name === "chunked" ? "1\r\nx\r\n" : "x")
    released.resolve(new Response("done"))
    expect(await (await slowAnswer).text()).toBe("done")
  })

  it.each([
    ["idle connections", ""],
    ["trickling bodies", upload],
  ])("too many %s do not keep others out", async (_, head) => {
    const { address } = await listen({ connections: { most: 5 } })
    const slow = Array.from({ length: 12 }, () => drip(address, head, head === "" ? "" : "x"))
    expect(await raw(address, get("/v2/"))).toMatch(/^HTTP\/1\.1 200 /)
    await Promise.any(slow)
    await running.pop()?.close()
    await Promise.all(slow)
  })

  it("closing does not wait for an upload that trickles, and keeps what arrived", async () => {
    const folder = await mkdtemp(join(tmpdir(), "countersign-listen-"))
    const storage = await openFileStorage({ folder, durability: "fast", clock: { now: () => 5 } })
    const { handler, send } = createHandlerFixture({ storage })
    const location = (await send("POST", `/v2/${NAME}/blobs/uploads/`)).headers.get("location") ?? ""
    const { address } = await listen({ handler })
    const head = `PATCH ${location} HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n${"x".repeat(600_000)}`
    const slow = drip(address, head, "x")
    while ((await send("GET", location)).headers.get("range") === "0-0") await new Promise(setImmediate)
    await running.pop()?.close()
    await slow
    await storage.close()
    const again = await openFileStorage({ folder, durability: "fast", clock: { now: () => 5 } })
    const id = location.slice(location.lastIndexOf("/") + 1)
    expect((await again.uploadState(NAME, id))?.size).toBeGreaterThan(500_000)
    await again.close()
    await rm(folder, { recursive: true })
  })
})

describe("the request log", () => {
  it("adv: CVE-2025-48374 has one line a request and nothing secret", async () => {
    const { address, log } = await listen()
    const logged = log.next()
    await fetch(`http://${address}/v2/demo/app/tags/list?token=insecure-test-secret`, {
      headers: { Authorization: "Basic insecure-test-secret", Cookie: "insecure-test-secret" },
    })
    const event = await logged
    expect(event).toMatchObject({
      event: "registry.request",
      method: "GET",
      path: "/v2/demo/app/tags/list",
      status: 404,
      ms: 0,
      complete: true,
    })
    expect(event["bytes"]).toBeGreaterThan(0)
    expect(JSON.stringify(log.events)).not.toContain("secret")
    expect(log.events).toHaveLength(1)
  })

  it.each<[string, () => Response, number]>([
    ["of known length", () => new Response("four", { headers: { "content-length": "4" } }), 4],
    ["of a length that nobody said", () => new Response("what comes"), 10],
    ["of two pieces", () => new Response(ReadableStream.from([new Uint8Array(3), new Uint8Array(4)])), 7],
    ["without a body", () => new Response(null, { status: 204 }), 0],
  ])("counts the bytes of an answer %s", async (_name, answer, bytes) => {
    const { address, log } = await listen({ handler: () => Promise.resolve(answer()) })
    for (let time = 0; time < 2; time++) {
      const logged = log.next()
      await (await fetch(`http://${address}/v2/`)).bytes()
      expect(await logged).toMatchObject({ bytes, complete: true })
    }
  })
})

describe("addresses", () => {
  it.each(["", "x", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", "a b:1", "::1:5000", "http://a:1"])(
    "%j is refused",
    async (address) => {
      await expect(listen({ listen: address })).rejects.toMatchObject({ code: "E_CONFIG_INVALID" })
    },
  )

  it("one that is in use is refused", async () => {
    const { address } = await listen()
    const next = [expect.stringContaining("--listen 127.0.0.1:0") as string]
    await expect(listen({ listen: address })).rejects.toMatchObject({
      code: "E_ADDRESS_IN_USE",
      kind: "conflict",
      next,
    })
  })
})
