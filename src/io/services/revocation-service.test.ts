import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import type { IncomingMessage, ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { JsonObject } from "../../core/json-value.ts"
import type { RevocationService } from "../../core/service-ports.ts"
import { limits } from "../../core/limits.ts"
import { opensslThere, openTestPki, type TestPki } from "../../testing/openssl-authority.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { createHttpClient } from "../net/http-client.ts"
import { failure, readRequest, serveHttp, type TestServer } from "../net/test-servers.ts"
import { createRevocationService, type RevocationServiceOptions } from "./revocation-service.ts"

const open: { close(): Promise<void> }[] = []
let folder = ""
let warnings: JsonObject[] = []
let messages: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-crl-"))
  warnings = []
  messages = []
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
  rmSync(folder, { recursive: true, force: true })
})

async function serve(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<TestServer> {
  const server = await serveHttp(listener)
  open.push(server)
  return server
}

/** For servers that never end. */
const BRIEF = { times: { startMs: 150, totalMs: 300, ocspMs: 150 } }

function makeService(
  options: Partial<RevocationServiceOptions> & { readonly offline?: boolean } = {},
): RevocationService {
  const { offline, ...rest } = options
  const http = createHttpClient({ userAgent: "t", ...(offline === true ? { offlineExcept: [] } : {}) })
  open.push(http)
  return createRevocationService({
    http: () => Promise.resolve(http),
    cacheFolder: join(folder, "crl"),
    clock: { now: () => Date.now() },
    logger: {
      debug: (_event, fields) => messages.push(JSON.stringify(fields?.["message"])),
      info: () => undefined,
      warn: (_event, fields) => warnings.push(fields ?? {}),
    },
    reach: "loopback",
    allowHosts: [],
    times: { startMs: 10_000, totalMs: 20_000, ocspMs: 10_000 },
    ...rest,
  })
}

function answering(
  body: Uint8Array | string,
  status = 200,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    response.writeHead(status).end(body)
  }
}

/** Sends a byte now and then, for ever. */
function trickling(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200)
  const timer = setInterval(() => response.write("0"), 20)
  response.on("close", () => {
    clearInterval(timer)
  })
}

const keyOf = (url: string): string => createHash("sha256").update(url).digest("hex")
const cacheFile = (url: string): string => join(folder, "crl", keyOf(url))

describe("OCSP", () => {
  it("asks by GET while the request is short, as upstream writes it, else by POST", async () => {
    const bodies: string[] = []
    const server = await serve((request, response) => {
      void readRequest(request).then((body) => {
        bodies.push(body)
        response.end("answer")
      })
    })
    const service = makeService()
    const short = Uint8Array.from([0xfb, 0xff, 0xfe, 1])
    expect(await service.ocsp(`${server.origin}/base/`, short)).toEqual(new TextEncoder().encode("answer"))
    await service.ocsp(`${server.origin}/base?x=1`, short)
    await service.ocsp(server.origin, new Uint8Array(200).fill(65))
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /base/%2B%2F%2F%2BAQ%3D%3D",
      "GET /base/%2B%2F%2F%2BAQ%3D%3D?x=1",
      "POST /",
    ])
    expect(server.seen[2]?.headers["content-type"]).toBe("application/ocsp-request")
    expect(bodies[2]).toBe("A".repeat(200))
  })

  it.each([500, 404, 206, 204, 301])("adv: notation-core-go #239: status %i is no answer", async (status) => {
    const server = await serve(answering(status === 204 ? "" : "good", status))
    const error = await failure(makeService().ocsp(server.origin, new Uint8Array(3)))
    expect(error.code).toBe("E_CERT_REVOCATION_UNKNOWN")
    expect(error.what).toContain(String(status))
    expect(server.seen).toHaveLength(1)
  })

  it("bounds size and time", async () => {
    const large = await serve(answering(new Uint8Array(limits.ocspBytes + 1)))
    expect((await failure(makeService().ocsp(large.origin, new Uint8Array(3)))).code).toBe("E_NET_TOO_LARGE")
    const silent = await serve(() => undefined)
    expect((await failure(makeService(BRIEF).ocsp(silent.origin, new Uint8Array(3)))).code).toBe("E_NET_TIMEOUT")
    expect(silent.seen).toHaveLength(1)
    const slow = await serve(trickling)
    expect((await failure(makeService(BRIEF).ocsp(slow.origin, new Uint8Array(3)))).code).toBe("E_NET_TIMEOUT")
  })

  it.each([
    ["https://ocsp.test/", "E_CERT_REVOCATION_UNKNOWN", "OCSPServer protocol https is not supported"],
    ["ldap://ocsp.test/", "E_NET_FORBIDDEN_TARGET", "OCSPServer protocol ldap is not supported"],
    ["file:///etc/passwd", "E_NET_FORBIDDEN_TARGET", "OCSPServer protocol file is not supported"],
    ["nonsense", "E_NET_FORBIDDEN_TARGET", "OCSPServer protocol  is not supported"],
  ])("adv: revocation SSRF: %s is not asked", async (url, code, what) => {
    expect(await failure(makeService().ocsp(url, new Uint8Array(3)))).toMatchObject({ code, what })
  })

  it("adv: revocation SSRF: local addresses are not asked for a public artifact", async () => {
    const server = await serve(answering("x"))
    const error = await failure(makeService({ reach: "public" }).ocsp(server.origin, new Uint8Array(3)))
    expect(error.code).toBe("E_NET_FORBIDDEN_TARGET")
    expect((await failure(makeService({ reach: "public" }).list(`${server.origin}/a`, []))).code).toBe(
      "E_NET_FORBIDDEN_TARGET",
    )
    expect(server.connections()).toBe(0)
    const allowed = makeService({ reach: "public", allowHosts: [`127.0.0.1:${server.port}`] })
    expect(await allowed.ocsp(server.origin, new Uint8Array(3))).toHaveLength(1)
  })

  it("offline asks nobody", async () => {
    const server = await serve(answering("x"))
    expect((await failure(makeService({ offline: true }).ocsp(server.origin, new Uint8Array(3)))).code).toBe(
      "E_NET_OFFLINE",
    )
    expect((await failure(makeService({ onlyCache: true }).ocsp(server.origin, new Uint8Array(3)))).code).toBe(
      "E_NET_OFFLINE",
    )
    expect(server.connections()).toBe(0)
  })
})

describe.skipIf(!opensslThere)("lists", () => {
  let pki: TestPki
  let serial = 0n
  let base: Uint8Array
  beforeAll(() => {
    pki = openTestPki()
    serial = parseCertificate(pki.issue("leaf")).serial
    pki.revoke("leaf", "keyCompromise")
    base = pki.list({ number: 16 })
  })
  afterAll(() => {
    pki.remove()
  })

  it("fetches once per process, keeps what notation reads, and reads it back", async () => {
    const server = await serve(answering(base))
    const url = `${server.origin}/ca.crl`
    const service = makeService()
    const [first, second] = await Promise.all([service.list(url, [serial]), service.list(url, [serial])])
    expect(first.base.entries).toEqual([{ serial, revokedAt: first.base.entries[0]?.revokedAt, reason: 1 }])
    expect(second).toEqual(first)
    expect((await service.list(url, [serial, 5n])).base.entries).toHaveLength(1)
    expect((await service.list(url, [5n])).base.entries).toHaveLength(0)
    expect(server.seen).toHaveLength(1)
    expect(readFileSync(cacheFile(url), "utf8")).toBe(`{"baseCRL":"${Buffer.from(base).toString("base64")}"}`)
    expect(statSync(cacheFile(url)).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, "crl")).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(folder, "crl"))).toEqual([keyOf(url)])
    expect(await makeService({ onlyCache: true }).list(url, [serial])).toEqual(first)
    expect(server.seen).toHaveLength(1)
    expect(warnings).toEqual([])
    expect(messages).toContain(JSON.stringify(`Storing crl bundle to file cache with key "${url}" ...`))
    expect(messages.join("\n")).toMatch(/CRL file cache miss/)
  })

  it.each([true, false])("fetches once without a cache too; asked for by %s", async (both) => {
    const server = await serve(answering(base))
    const service = makeService({ cacheFolder: undefined })
    expect((await service.list(`${server.origin}/a`, both ? [serial, 5n] : [5n])).base.entries).toHaveLength(
      both ? 1 : 0,
    )
    expect((await service.list(`${server.origin}/a`, [serial])).base.entries).toHaveLength(1)
    expect(server.seen).toHaveLength(1)
  })

  it("takes deltas from the first URL that gives one", async () => {
    const delta = pki.list({ number: 17, extensions: "2.5.29.27 = critical, DER:02:01:10" })
    let withFreshest = base
    const server = await serve((request, response) => {
      if (request.url === "/base") response.end(withFreshest)
      else if (request.url === "/delta") response.end(delta)
      else if (request.url === "/half") response.end(delta.subarray(0, 100))
      else response.writeHead(404).end("no")
    })
    const urls = ["/none", "/half", "/delta"].map((path) => `URI:${server.origin}${path}`)
    withFreshest = pki.list({ number: 16, extensions: `freshestCRL = ${urls.join(",")}` })
    const lists = await makeService().list(`${server.origin}/base`, [serial])
    expect(lists.delta?.extensions.has("2.5.29.27")).toBe(true)
    expect(server.seen.map(({ url }) => url)).toEqual(["/base", "/none", "/half", "/delta"])
    const written = JSON.parse(readFileSync(cacheFile(`${server.origin}/base`), "utf8")) as Record<string, string>
    expect(written).toEqual({
      baseCRL: Buffer.from(withFreshest).toString("base64"),
      deltaCRL: Buffer.from(delta).toString("base64"),
    })
    expect(await makeService({ onlyCache: true }).list(`${server.origin}/base`, [serial])).toEqual(lists)
    withFreshest = pki.list({ number: 16, extensions: `freshestCRL = URI:${server.origin}/none` })
    const error = await failure(
      makeService()
        .list(`${server.origin}/base?2`, [serial])
        .then(() => makeService({ cacheFolder: undefined }).list(`${server.origin}/base`, [serial])),
    )
    expect(error.code).toBe("E_CERT_REVOCATION_UNKNOWN")
  })

  it("reads what notation writes with other spacing, and nothing else", async () => {
    const server = await serve(answering(base))
    const text = Buffer.from(base).toString("base64")
    mkdirSync(join(folder, "crl"))
    const cases: readonly (readonly [string, boolean])[] = [
      [`{"baseCRL":"${text}"}\n`, true],
      [` { "baseCRL" : "${text}" , "deltaCRL" : "${text}" } `, true],
      [`{"baseCRL":"${text}"`, false],
      [`{"baseCRL":"${text}"}}`, false],
      [`{"baseCRL":"${text.slice(0, -4)}"}`, false],
      [`{"baseCRL":"${text.slice(0, 40)}=${text.slice(41)}"}`, false],
      [`{"baseCRL":"${text}","baseCRL":"${text}"}`, false],
      [`{"deltaCRL":"${text}"}`, false],
      [`{"baseCRL":"${text}","other":1}`, false],
      [`{"baseCRL":null}`, false],
      [`{"baseCRL":""}`, false],
      ["", false],
      ["[]", false],
      ["x".repeat(100_000), false],
    ]
    for (const [index, [content, readable]] of cases.entries()) {
      warnings = []
      const url = `${server.origin}/${index}`
      writeFileSync(cacheFile(url), content)
      const before = server.seen.length
      expect((await makeService().list(url, [serial])).base.entries).toHaveLength(1)
      expect(server.seen.length - before, content.slice(0, 60)).toBe(readable ? 0 : 1)
      expect(warnings).toHaveLength(readable ? 0 : 1)
    }
    expect(warnings).toEqual([
      { message: "CRL cache error discarded. Enable debug log through '-d' for error details." },
    ])
  })

  it("does not use stale files, and keeps no stale lists", async () => {
    const stale = pki.list({ extensions: "", days: 1 })
    const server = await serve(answering(stale))
    const url = `${server.origin}/ca.crl`
    const later = { now: (): number => Date.now() + 2 * 86_400_000 }
    await makeService().list(url, [serial])
    expect(existsSync(cacheFile(url))).toBe(true)
    await makeService({ clock: later }).list(url, [serial])
    expect(server.seen).toHaveLength(2)
    expect(messages.join("\n")).toMatch(/CRL bundle retrieved from file cache has expired at 20\d\d-\d\d-\d\d /)
    expect((await failure(makeService({ clock: later, onlyCache: true }).list(url, [serial]))).code).toBe(
      "E_NET_OFFLINE",
    )
    expect(warnings).toEqual([])
  })

  it.each<[string, (path: string) => void]>([
    [
      "a file",
      (path) => {
        writeFileSync(path, "")
      },
    ],
    [
      "below a file",
      (path) => {
        writeFileSync(path, "")
        folder = join(path)
      },
    ],
    [
      "without rights",
      (path) => {
        mkdirSync(path)
        chmodSync(path, 0o500)
      },
    ],
    ["in a folder that takes none", () => undefined],
    [
      "holding a folder of that name",
      (path) => {
        mkdirSync(path)
      },
    ],
  ])("adv: GHSA-qjh3-4j3h-vmwp: a cache that is %s changes nothing but one warning", async (name, prepare) => {
    const server = await serve(answering(base))
    const own = folder
    const cacheFolder = name === "in a folder that takes none" ? "/proc/countersign/crl" : join(folder, "crl")
    prepare(cacheFolder)
    if (name.startsWith("holding")) mkdirSync(join(cacheFolder, keyOf(`${server.origin}/a`)))
    folder = own
    const service = makeService({ cacheFolder: name === "below a file" ? join(cacheFolder, "deeper") : cacheFolder })
    for (const path of ["/a", "/b"])
      expect((await service.list(`${server.origin}${path}`, [serial])).base.entries).toHaveLength(1)
    // The administrator's rights have no bounds.
    if (name === "a file")
      expect(messages.join("\n")).toMatch(/failed to get crl bundle from file cache with key .*crl\/[0-9a-f]{64}: /)
    const possible = name === "without rights" && process.getuid?.() === 0
    expect(warnings).toHaveLength(possible ? 0 : 1)
    if (name === "without rights") chmodSync(cacheFolder, 0o700)
  })

  it("leaves nothing behind when a list cannot be read", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/short") response.end(base.subarray(0, 100))
      else if (request.url === "/garbage") response.end("<html>")
      else if (request.url === "/status") response.writeHead(500).end(base)
      else if (request.url === "/huge") response.end(Uint8Array.from([0x30, 0x84, 0x7f, 0, 0, 0]))
      else trickling(request, response)
    })
    for (const path of ["/short", "/garbage", "/status", "/huge"]) {
      expect((await failure(makeService().list(server.origin + path, [serial]))).code).toBe("E_CERT_REVOCATION_UNKNOWN")
    }
    expect((await failure(makeService().list(`${server.origin}/garbage2`, [serial]))).code).toBe(
      "E_CERT_REVOCATION_UNKNOWN",
    )
    expect(readdirSync(join(folder, "crl"))).toEqual([])
    expect(warnings).toEqual([])
  })

  it("asks a failing server once a minute", async () => {
    const server = await serve(answering("no", 503))
    let now = Date.now()
    const service = makeService({ clock: { now: () => now } })
    for (let time = 0; time < 3; time++) await failure(service.list(`${server.origin}/a`, [serial]))
    expect(server.seen).toHaveLength(1)
    now += 61_000
    await failure(service.list(`${server.origin}/a`, [serial]))
    expect(server.seen).toHaveLength(2)
  })

  it("bounds the time to the first byte and to the last", async () => {
    const silent = await serve(() => undefined)
    expect(await failure(makeService(BRIEF).list(`${silent.origin}/a`, []))).toMatchObject({
      code: "E_NET_TIMEOUT",
      why: "no first byte within 150 ms",
    })
    const headers = await serve((_request, response) => {
      response.writeHead(200).flushHeaders()
    })
    expect(await failure(makeService(BRIEF).list(`${headers.origin}/a`, []))).toMatchObject({
      code: "E_NET_TIMEOUT",
      why: "no first byte within 150 ms",
    })
    const drop = Uint8Array.from([0x30, 0x84, 1, 0, 0, 0, 0x30, 0x84, 0, 0xff, 0xff, 0])
    const slow = await serve((_request, response) => {
      response.writeHead(200).write(drop.subarray(0, 8))
      const timer = setInterval(() => response.write(Uint8Array.of(0)), 20)
      response.on("close", () => {
        clearInterval(timer)
      })
      response.write(Uint8Array.of(0, 0xff, 0xf0, 0, 4))
    })
    const error = await failure(makeService(BRIEF).list(`${slow.origin}/a`, []))
    expect(["E_NET_TIMEOUT", "E_CERT_REVOCATION_UNKNOWN"]).toContain(error.code)
  })

  it("a caller that stops waiting stops nobody else", async () => {
    let answer = (): void => undefined
    const server = await serve((_request, response) => {
      answer = () => response.end(base)
    })
    const service = makeService({ times: {} })
    const stopper = new AbortController()
    const stopped = service.list(`${server.origin}/a`, [serial], stopper.signal)
    const other = service.list(`${server.origin}/a`, [serial])
    while (server.seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
    stopper.abort(new Error("enough"))
    await expect(stopped).rejects.toThrow("enough")
    answer()
    expect((await other).base.entries).toHaveLength(1)
    expect(server.seen).toHaveLength(1)
  })
})
