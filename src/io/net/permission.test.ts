import { afterEach, describe, expect, it } from "vitest"
import type { HttpClientOptions } from "./http-client.ts"
import { testNet, text } from "./test-client.ts"
import { failure } from "./test-servers.ts"

const { makeClient, serve, closeAll } = testNet()

afterEach(closeAll)

describe("permission", () => {
  it.each([
    ["nothing allowed", []],
    ["another host allowed", ["registry.example:443"]],
    ["another port allowed", ["127.0.0.1:1"]],
  ])("offline opens no socket and looks up no name (%s)", async (_name, offlineExcept) => {
    const server = await serve((_request, response) => response.end())
    let lookups = 0
    const lookup: HttpClientOptions["lookup"] = (_host, _options, callback) => {
      lookups++
      callback(null, [{ address: "127.0.0.1", family: 4 }])
    }
    const client = makeClient({ offlineExcept, lookup })
    for (const url of [server.origin, `http://localhost:${server.port}`, "https://other.example/"]) {
      expect((await failure(client.request({ method: "GET", url }))).code).toBe("E_NET_OFFLINE")
    }
    expect([server.connections(), lookups]).toEqual([0, 0])
  })

  it("offline allows the host that was named", async () => {
    const server = await serve((_request, response) => response.end("x"))
    const client = makeClient({ offlineExcept: [`127.0.0.1:${server.port}`] })
    expect(await text(client, { method: "GET", url: server.origin })).toBe("x")
  })

  it.each([
    ["loopback", "http://10.0.0.1/"],
    ["loopback", "http://registry.example/"],
    ["loopback", "http://127.0.0.1.registry.example/"],
    ["loopback", "http://localhost.registry.example/"],
    ["private", "http://registry.example/"],
    ["private", "http://169.254.169.254/"],
    ["private", "http://8.8.8.8/"],
  ] as const)(
    "adv: CVE-2019-1010275 plain http is not used where it is not allowed: %s, %s",
    async (plainHttp, url) => {
      const error = await failure(makeClient({ plainHttp, tries: 1 }).request({ method: "GET", url }))
      expect([error.code, error.what]).toEqual(["E_NET_FORBIDDEN_TARGET", expect.stringContaining("plain http")])
    },
  )
})
