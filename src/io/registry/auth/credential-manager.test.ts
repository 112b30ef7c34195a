import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import type { Logger } from "../../../core/ports.ts"
import { createHttpClient } from "../../net/http-client.ts"
import {
  failure,
  hasOpenssl,
  makeCertificates,
  serveHttp,
  serveHttps,
  type TestServer,
} from "../../net/test-servers.ts"
import { createTls } from "../../net/tls.ts"
import {
  createCredentialManager,
  parseServer,
  type CredentialManagerOf,
  type LoginConnection,
} from "./credential-manager.ts"
import { createHelpers } from "./helper.ts"

const logger: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }
const open: TestServer[] = []
let folder = ""
let config = ""

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-login-"))
  config = join(folder, ".docker/config.json")
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
  rmSync(folder, { recursive: true, force: true })
})

function manager(caFile?: string): CredentialManagerOf<LoginConnection> {
  const env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin` }
  return createCredentialManager({
    env,
    home: folder,
    helpers: createHelpers({ env }),
    notationConfig: join(folder, "notation/config.json"),
    platform: "linux",
    clock: { now: () => 0 },
    logger,
    openHttp: () => Promise.resolve(createHttpClient({ userAgent: "t", tls: createTls({ caFile, env: {} }) })),
  })
}

function put(text: string): void {
  mkdirSync(join(folder, ".docker"), { recursive: true })
  writeFileSync(config, text)
}

const read = (): unknown => JSON.parse(readFileSync(config, "utf8"))
const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString("base64") })

describe("store", () => {
  it("makes a private file in a private folder and says that it is plain text", async () => {
    expect(await manager().store("a.example:5000", "u", "p")).toEqual({ storedIn: config, plaintext: true })
    expect(read()).toEqual({ auths: { "a.example:5000": auth("u:p") } })
    expect([statSync(config).mode & 0o777, statSync(join(folder, ".docker")).mode & 0o777]).toEqual([0o600, 0o700])
    expect(readdirSync(join(folder, ".docker"))).toEqual(["config.json"])
  })

  it("keeps unknown fields, their order and exact numbers", async () => {
    const before =
      '{"zeta":{"b":1,"a":[1.5,null]},"big":12345678901234567890,"auths":{"z.example":{"auth":"eA=="}},"<tag>":"&"}'
    put(before)
    await manager().store("a.example", "u", "p")
    const text = readFileSync(config, "utf8")
      .replace(/[\t\n]/g, "")
      .replaceAll('": ', '":')
    expect(text).toBe(before.replace('"eA=="}', `"eA=="},"a.example":{"auth":"${auth("u:p").auth}"}`))
  })

  it("replaces every spelling of the same registry", async () => {
    put(
      JSON.stringify({
        auths: { "docker.io": auth("old:1"), "https://a.example/v1/": auth("old:2"), "a.example.evil": {} },
      }),
    )
    await manager().store("index.docker.io", "u", "p")
    await manager().store("https://a.example/v2/", "v", "q")
    expect(read()).toEqual({
      auths: { "a.example.evil": {}, "https://index.docker.io/v1/": auth("u:p"), "a.example": auth("v:q") },
    })
  })

  it("writes through a symbolic link", async () => {
    mkdirSync(join(folder, ".docker"))
    writeFileSync(join(folder, "real.json"), "{}")
    symlinkSync(join(folder, "real.json"), config)
    await manager().store("a.example", "u", "p")
    expect(JSON.parse(readFileSync(join(folder, "real.json"), "utf8"))).toHaveProperty("auths")
  })

  it("loses nothing when many write at once", async () => {
    const hosts = Array.from({ length: 12 }, (_, at) => `h${at}.example`)
    await Promise.all(hosts.map((host) => manager().store(host, "u", "p")))
    expect(Object.keys((read() as { auths: object }).auths).toSorted()).toEqual(hosts.toSorted())
  })

  it("loses nothing when a lock was left behind and many take it", async () => {
    put("{}")
    writeFileSync(`${config}.lock`, "")
    utimesSync(`${config}.lock`, new Date(0), new Date(0))
    const hosts = Array.from({ length: 12 }, (_, at) => `h${at}.example`)
    await Promise.all(hosts.map((host) => manager().store(host, "u", "p")))
    expect(Object.keys((read() as { auths: object }).auths).toSorted()).toEqual(hosts.toSorted())
    expect(readdirSync(join(folder, ".docker"))).toEqual(["config.json"])
  })

  it("removes the credentials that a dead writer was about to put in place", async () => {
    put("{}")
    writeFileSync(`${config}.lock.${"a".repeat(32)}.new`, "SECRET")
    await manager().store("a.example", "u", "p")
    expect(readdirSync(join(folder, ".docker"))).toEqual(["config.json"])
  })

  it("uses the helper and leaves a marker without secrets", async () => {
    mkdirSync(join(folder, "bin"))
    writeFileSync(join(folder, "bin/docker-credential-test"), `#!/bin/sh\necho "$1 $(cat)" >> ${join(folder, "got")}\n`)
    chmodSync(join(folder, "bin/docker-credential-test"), 0o755)
    put('{"credsStore":"test"}')
    expect(await manager().store("docker.io", "u", "p")).toEqual({
      storedIn: "credential helper test",
      plaintext: false,
    })
    expect(await manager().logout("docker.io")).toBe(true)
    expect(read()).toEqual({ credsStore: "test", auths: {} })
    expect(readFileSync(join(folder, "got"), "utf8").trim().split("\n")).toEqual([
      'store {"ServerURL":"https://index.docker.io/v1/","Username":"u","Secret":"p"}',
      "erase https://index.docker.io/v1/",
    ])
  })

  it.each([
    ["a broken file", "{", "u", "p"],
    ["a colon in the user name", "{}", "u:v", "p"],
    ["a line break in the password", "{}", "u", "p\n"],
  ])("%s: nothing is written", async (_name, text, username, password) => {
    put(text)
    expect((await failure(manager().store("a.example", username, password))).code).toBe("E_CONFIG_INVALID")
    expect(readFileSync(config, "utf8")).toBe(text)
  })
})

describe("logout", () => {
  it("removes the registry alone", async () => {
    put(
      JSON.stringify({
        auths: { "http://a.example": auth("x:1"), "a.example": auth("x:2"), "b.example": auth("x:3") },
      }),
    )
    expect(await manager().logout("a.example")).toBe(true)
    expect(read()).toEqual({ auths: { "b.example": auth("x:3") } })
    expect(await manager().logout("a.example")).toBe(false)
  })

  it("is false without a file", async () => {
    expect(await manager().logout("a.example")).toBe(false)
    expect(existsSync(config)).toBe(false)
  })
})

describe("login", () => {
  const basic = `Basic ${Buffer.from("u:p").toString("base64")}`
  const guard: Parameters<typeof serveHttp>[0] = (request, response) => {
    if (request.headers.authorization === basic) response.end("{}")
    else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="r"' }).end()
  }

  it("stores what the registry accepts", async () => {
    const server = await serveHttp(guard)
    open.push(server)
    const host = `127.0.0.1:${server.port}`
    expect(await manager().login(host, "u", "p", {})).toEqual({ storedIn: config, plaintext: true })
    expect(server.seen.map(({ url }) => url)).toEqual(["/v2/", "/v2/"])
    const file = join(folder, "other.json")
    expect(await manager().login(host, "u", "p", { authFile: file })).toEqual({ storedIn: file, plaintext: true })
  })

  it.each([
    ["refused credentials", 401, "E_REGISTRY_UNAUTHENTICATED"],
    ["forbidden", 403, "E_REGISTRY_UNAUTHENTICATED"],
    ["no registry", 404, "E_REGISTRY_PROTOCOL"],
    ["a broken registry", 500, "E_REGISTRY_UNAVAILABLE"],
  ])("%s: nothing is stored and nothing shown", async (_name, status, code) => {
    const server = await serveHttp((_request, response) =>
      response.writeHead(status, { "WWW-Authenticate": "Basic realm=r" }).end(),
    )
    open.push(server)
    const error = await failure(manager().login(`127.0.0.1:${server.port}`, "u", "SECRET", {}))
    expect(error.code).toBe(code)
    expect(JSON.stringify([error.message, error.next, error.details])).not.toMatch(/SECRET|U0VDUkVU/)
    expect(existsSync(config)).toBe(false)
  })

  it("finds https on a loopback port", async (context) => {
    if (!hasOpenssl()) {
      console.warn("openssl is not on PATH")
      context.skip()
    }
    const certificates = makeCertificates()
    try {
      const server = await serveHttps(certificates.server, guard)
      open.push(server)
      const stored = await manager(certificates.caFile).login(`localhost:${server.port}`, "u", "p", {})
      expect(stored.plaintext).toBe(true)
    } finally {
      certificates.remove()
    }
  })
})

it.each([
  ["a.example", "a.example"],
  ["https://a.example/v2/x", "a.example"],
  ["https://index.docker.io/v1/", "docker.io"],
  ["registry-1.docker.io", "docker.io"],
  ["a.example:443", "a.example:443"],
  ["[::1]:5000", "[::1]:5000"],
])("server %s is %s", (server, expected) => {
  expect(parseServer(server)).toBe(expected)
})

it.each(["", "https://", "u:p@a.example", "a b", "a.example?x", "a.example:99999"])(
  "server %j is refused",
  (server) => {
    expect(() => parseServer(server)).toThrow(expect.objectContaining({ code: "E_USAGE" }) as Error)
  },
)
