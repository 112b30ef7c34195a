import type { ServerResponse } from "node:http"

import { afterEach, describe as suite, expect, it } from "vitest"

import {
  describe,
  EMPTY,
  errorBody,
  json,
  MANIFEST_TYPE,
  send,
  sha256,
  startRegistry,
  type Manners,
  type TestRegistry,
} from "./test-registry.ts"
import { failure } from "./test-failure.ts"

const running: TestRegistry[] = []

async function registry(manners: Partial<Manners> = {}): Promise<TestRegistry> {
  const started = await startRegistry(manners)
  running.push(started)
  return started
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
})

const octets = "application/octet-stream"
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const paths = (server: TestRegistry, method?: string): string[] =>
  server.log.filter((one) => method === undefined || one.method === method).map((one) => `${one.method} ${one.path}`)

function subjectless(): unknown {
  return { schemaVersion: 2, mediaType: MANIFEST_TYPE, config: describe(EMPTY, octets), layers: [] }
}

suite("uploads", () => {
  const content = bytesOf("to be uploaded")
  const blob = describe(content, octets)

  it.each([
    ["POST 202, then PUT", { singlePost: 202 }, ["HEAD", "POST", "PUT"]],
    ["POST 201", { singlePost: 201 }, ["HEAD", "POST"]],
    ["POST 404 with digest, then POST and PUT", { singlePost: 404 }, ["HEAD", "POST", "POST", "PUT"]],
    ["HEAD 405", { singlePost: 202, headStatus: 405 }, ["HEAD", "POST", "PUT"]],
    ["absolute Location", { location: "absolute" }, ["HEAD", "POST", "PUT"]],
  ] as const)("%s", async (_name, manners, methods) => {
    const server = await registry(manners)
    const client = server.client()
    await client.pushBlob(blob, { bytes: content })
    await client.pushBlob(blob, { bytes: content })
    expect(server.log.map((one) => one.method)).toEqual(methods)
    expect(server.blobs.get(blob.digest)).toEqual(Buffer.from(content))
  })

  it("learns that one POST is enough, and then does not ask first", async () => {
    const server = await registry({ singlePost: 201 })
    const client = server.client()
    await client.pushBlob(blob, { bytes: content })
    await client.pushBlob(describe(EMPTY, octets), { bytes: EMPTY })
    expect(server.log.map((one) => one.method)).toEqual(["HEAD", "POST", "POST"])
  })

  it.each<[string, (response: ServerResponse) => unknown]>([
    ["is unknown to the registry", (response) => (send(response, 404, errorBody("BLOB_UPLOAD_UNKNOWN")), true)],
    ["breaks", (response) => response.destroy()],
    ["meets a server that is down", (response) => (send(response, 503), true)],
  ])("opens a new session when one %s", async (_name, spoil) => {
    let puts = 0
    const server = await registry({
      singlePost: 404,
      intercept: (request, response) => {
        if (request.method !== "PUT" || ++puts > 1) return false
        request.resume()
        spoil(response)
        return true
      },
    })
    await server.client().pushBlob(blob, { bytes: content })
    expect(server.blobs.has(blob.digest)).toBe(true)
    expect(server.log.map((one) => one.method)).toEqual(["HEAD", "POST", "POST", "PUT", "DELETE", "POST", "PUT"])
  })

  it("does not try for ever, nor what cannot help", async () => {
    const server = await registry({
      intercept: (request, response) =>
        request.method === "PUT" ? (send(response, 400, errorBody("DIGEST_INVALID")), true) : false,
    })
    expect((await failure(server.client().pushBlob(blob, { bytes: content }))).code).toBe("E_REGISTRY_PROTOCOL")
    expect(paths(server, "PUT")).toHaveLength(1)
    server.manners.intercept = (request, response) => (request.method === "PUT" ? (send(response, 503), true) : false)
    expect((await failure(server.client().pushBlob(blob, { bytes: content }))).code).toBe("E_REGISTRY_UNAVAILABLE")
    expect(paths(server, "PUT")).toHaveLength(4)
  })

  it("skips what is there", async () => {
    const server = await registry()
    server.blobs.set(blob.digest, Buffer.from(content))
    await server.client().pushBlob(blob, { bytes: content })
    expect(server.log.map((one) => one.method)).toEqual(["HEAD"])
  })

  it("uploads again what the registry only claimed to have", async () => {
    const server = await registry({ headLies: true })
    const client = server.client()
    await client.pushBlob(describe(EMPTY, octets), { bytes: EMPTY })
    await client.pushManifest(json(subjectless()), MANIFEST_TYPE, "v1")
    expect(server.log.map((one) => one.method)).toEqual(["HEAD", "PUT", "POST", "PUT", "PUT"])
    expect(server.tags.has("v1")).toBe(true)
  })

  it("mounts, or says that it cannot", async () => {
    const server = await registry()
    expect(await server.client().mountBlob(blob, "other/app")).toBe(false)
    server.blobs.set(blob.digest, Buffer.from(content))
    expect(await server.client().mountBlob(blob, "other/app")).toBe(true)
    expect(paths(server, "DELETE")).toHaveLength(1)
  })

  suite("adv: GHSA-jxpm-75mh-9fp7 Location of an upload elsewhere", () => {
    it.each([
      ["https on another host", () => "https://evil.example/x"],
      ["scheme-relative", () => "//evil.example/x"],
      ["private address", () => "http://10.0.0.1/x"],
      ["metadata service", () => "http://169.254.169.254/x"],
      ["other port", () => "http://127.0.0.1:1/x"],
      [
        "other name of the same host",
        (_path: string, server: TestRegistry) => server.origin.replace("127.0.0.1", "localhost"),
      ],
      ["https on the same host", (_path: string, server: TestRegistry) => server.origin.replace("http:", "https:")],
      ["with a user name", (path: string, server: TestRegistry) => `${server.origin.replace("//", "//u:p@")}${path}`],
      ["file", () => "file:///etc/passwd"],
      ["javascript", () => "javascript:1"],
      ["missing", () => ""],
      ["no URL", () => "http://[::1"],
      ["very long", () => `/${"x".repeat(20_000)}`],
    ])("%s", async (_name, location) => {
      const server = await registry()
      server.manners.location = (path) => location(path, server)
      const error = await failure(server.client().pushBlob(blob, { bytes: content }))
      expect(["E_REGISTRY_PROTOCOL", "E_NET_TOO_LARGE"]).toContain(error.code)
      expect(server.log.map((one) => one.method)).toEqual(["HEAD", "POST"])
    })
  })

  it("sends large streams in chunks and goes on after a break", async () => {
    const part = Buffer.alloc(1 << 20, "0123456789")
    const whole = Buffer.concat(Array.from({ length: 20 }, () => part))
    let patches = 0
    const server = await registry({
      patchStatus: 204,
      intercept: (request, response) => {
        if (request.method !== "PATCH" || ++patches !== 2) return false
        response.destroy()
        return true
      },
    })
    const open = async function* open(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 20; i++) yield await Promise.resolve(new Uint8Array(part))
    }
    const large = describe(whole, octets)
    await server.client().pushBlob(large, { size: large.size, open })
    expect(sha256(server.blobs.get(large.digest)!)).toBe(large.digest)
    const patched = server.log.filter((one) => one.method === "PATCH").map((one) => one.headers["content-range"])
    expect(patched).toEqual(["0-8388607", "8388608-16777215", "8388608-16777215", "16777216-20971519"])
  })

  it("refuses a source that is other than its descriptor, and leaves nothing", async () => {
    const server = await registry()
    const open = async function* open(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(bytesOf("something else"))
    }
    const push = server.client().pushBlob(blob, { size: blob.size, open })
    await expect(push).rejects.toThrow()
    expect(server.blobs.size).toBe(0)
    expect((await failure(server.client().pushBlob(blob, { bytes: EMPTY }))).code).toBe("E_REGISTRY_PROTOCOL")
  })
})
