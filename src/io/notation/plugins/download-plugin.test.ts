import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync } from "node:fs"
import { gzipSync } from "node:zlib"

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"

import { ToolError } from "../../../core/errors.ts"
import { createHttpClient } from "../../net/http-client.ts"
import type { HttpClient, HttpResponse } from "../../net/http-types.ts"
import {
  hasOpenssl,
  makeCertificates,
  serveHttp,
  serveHttps,
  type TestCertificates,
  type TestServer,
} from "../../net/test-servers.ts"
import { createTls } from "../../net/tls.ts"
import { answering, failureOf, makeTestHome, metadataOf, type TestHome } from "../test-home.ts"
import { tarOf } from "./test-archives.ts"

const archive = gzipSync(
  tarOf([{ name: "notation-p", content: `#!/bin/sh\n${answering(metadataOf("p"))}\n`, mode: 0o755 }]),
)
const sha256 = createHash("sha256").update(archive).digest("hex")

let test: TestHome
let http: HttpClient
let temporary = ""
beforeEach(() => {
  test = makeTestHome({}, () => Promise.resolve(http))
  temporary = test.at("tmp", "x").slice(0, -2)
  vi.stubEnv("TMPDIR", temporary)
})
afterEach(() => {
  vi.unstubAllEnvs()
  test.remove()
})

const install = (url: string, sum = sha256): Promise<unknown> =>
  test.home.plugins.installFromUrl(url, { sha256: sum, force: false })

/** A client that answers everything alike. */
function answers(response: Partial<HttpResponse>): HttpClient {
  return {
    request: ({ url }) =>
      Promise.resolve({
        status: 200,
        url,
        header: () => undefined,
        headerValues: () => [],
        body: chunksOf(archive),
        bytes: () => Promise.reject(new Error("not asked for")),
        discard: () => Promise.resolve(),
        ...response,
      }),
    close: () => Promise.resolve(),
  }
}

async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk)
}

function expectClean(): void {
  expect(readdirSync(temporary)).toEqual([])
  expect(existsSync(test.at("libexec", "plugins", "p"))).toBe(false)
}

const never: HttpClient = {
  request: () => Promise.reject(new Error("must not be asked")),
  close: () => Promise.resolve(),
}

describe("before anything is downloaded", () => {
  it.each([
    ["https://h/p", "", "installing from URL requires non-empty SHA256 checksum of the plugin source"],
    ["http://h/p", sha256, "failed to download plugin from URL: only the HTTPS scheme is supported, but got http"],
    ["file:///p", sha256, "failed to download plugin from URL: only the HTTPS scheme is supported, but got file"],
    ["h/p", sha256, "failed to download plugin from URL: only the HTTPS scheme is supported, but got "],
    [
      "https://u:p@h/p",
      sha256,
      "failed to download plugin from URL https://h/p with error: the URL contains credentials",
    ],
  ])("%s with %j is refused", async (url, sum, what) => {
    http = never
    expect(await failureOf(install(url, sum))).toMatchObject({
      code: "E_PLUGIN_INVALID",
      what,
      details: { stage: "download" },
    })
    expectClean()
  })
})

describe("what a server may answer", () => {
  it("the archive, whose checksum is compared in any case of letters", async () => {
    http = answers({})
    const order: string[] = []
    const onDownloaded = (): void => {
      order.push("downloaded", ...readdirSync(temporary).map(() => "file is there"))
    }
    const options = { sha256: sha256.toUpperCase(), force: false, onDownloaded }
    expect(await test.home.plugins.installFromUrl("https://h/p", options)).toMatchObject({
      metadata: { version: "1.0.0" },
    })
    expect(order).toEqual(["downloaded", "file is there"])
    expect(readdirSync(temporary)).toEqual([])
  })

  it("another file, which is not opened", async () => {
    const sum = "0".repeat(64)
    http = answers({})
    const error = await failureOf(install("https://h/p", sum))
    expect(error).toMatchObject({
      code: "E_PLUGIN_INVALID",
      what: `plugin SHA-256 checksum does not match user input. Expecting ${sum}`,
    })
    expect(error.details["stage"]).toBeUndefined()
    expectClean()
  })

  it.each<readonly [string, Partial<HttpResponse>, string]>([
    ["an error", { status: 404 }, 'GET "https://h/p?sig=…": https response bad status: 404 Not Found'],
    ["a page that is none", { status: 204 }, 'GET "https://h/p?sig=…": https response bad status: 204 No Content'],
    ["plain http after a redirect", { url: "http://h/p" }, 'GET "http://h/p": a redirect led away from https'],
  ])("%s", async (_name, response, what) => {
    http = answers(response)
    expect(await failureOf(install("https://h/p?sig=secret"))).toMatchObject({
      code: "E_PLUGIN_INVALID",
      what: `failed to download plugin from URL https://h/p?sig=… with error: ${what}`,
      details: { stage: "download" },
    })
    expectClean()
  })

  it("no end", async () => {
    const chunk = new Uint8Array(16 * 1024 * 1024)
    http = answers({ body: chunksOf(...Array.from({ length: 17 }, () => chunk)) })
    const error = await failureOf(install("https://h/p"))
    expect([error.code, error.what]).toEqual([
      "E_PLUGIN_INVALID",
      'failed to download plugin from URL https://h/p with error: GET "https://h/p": https response reached the 256 MiB size limit',
    ])
    expectClean()
  })

  it("nothing: what the network says keeps its code", async () => {
    http = { ...never, request: () => Promise.reject(new ToolError("E_NET_DNS", { what: "no such host h" })) }
    expect(await failureOf(install("https://h/p"))).toMatchObject({
      code: "E_NET_DNS",
      what: "failed to download plugin from URL https://h/p with error: no such host h",
      details: { stage: "download" },
    })
    expectClean()
  })
})

describe.skipIf(!hasOpenssl())("over the network", () => {
  let certificates: TestCertificates
  let server: TestServer
  let plain: TestServer
  let client: HttpClient
  beforeAll(async () => {
    certificates = makeCertificates()
    plain = await serveHttp((_request, response) => response.end(archive))
    server = await serveHttps(certificates.server, (request, response) => {
      if (request.url === "/moved") response.writeHead(302, { location: "/p" }).end()
      else if (request.url === "/plain") response.writeHead(302, { location: `${plain.origin}/p` }).end()
      else if (request.url === "/p") response.end(archive)
      else response.writeHead(404).end()
    })
    client = createHttpClient({
      userAgent: "countersign-test/0",
      tls: createTls({ env: {}, caFile: certificates.caFile }),
      tries: 1,
    })
  })
  afterAll(async () => {
    await client.close()
    await Promise.all([server.close(), plain.close()])
    certificates.remove()
  })
  beforeEach(() => {
    http = client
    mkdirSync(temporary, { recursive: true })
  })

  it.each(["/p", "/moved"])("%s is installed", async (path) => {
    expect(await install(`${server.origin}${path}`)).toMatchObject({ metadata: { name: "p" } })
  })

  it("a redirect to plain http is not followed", async () => {
    const error = await failureOf(install(`${server.origin}/plain`))
    expect(error.details["stage"]).toBe("download")
    expect(plain.seen).toEqual([])
    expectClean()
  })
})
