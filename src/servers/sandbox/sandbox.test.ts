import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { randomBytes } from "node:crypto"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { RunningSandbox, SandboxHost } from "../../app/sandbox-host.ts"
import { parseSigningConfig } from "../../envelopes/trusted-root/signing-config.ts"
import { parseTrustedRoot } from "../../envelopes/trusted-root/trusted-root.ts"
import { createSandboxHost } from "./serve-sandbox.ts"

let folder: string
let logged: string
let running: RunningSandbox[]
let host: SandboxHost

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-sandbox-"))
  logged = ""
  running = []
  host = createSandboxHost({
    clock: { now: () => Date.now() },
    randomness: { bytes: (count) => new Uint8Array(randomBytes(count)) },
    log: (line) => {
      logged += line
    },
  })
})

afterEach(async () => {
  await Promise.all(running.map((server) => server.close()))
  await rm(folder, { recursive: true, force: true })
})

const data = (): string => join(folder, "data")

async function serve(more: Partial<Parameters<SandboxHost["serve"]>[0]> = {}): Promise<RunningSandbox> {
  const server = await host.serve({ listen: "127.0.0.1:0", data: data(), durability: "fast", ...more })
  running.push(server)
  return server
}

async function stop(server: RunningSandbox): Promise<void> {
  running = running.filter((other) => other !== server)
  await server.close()
}

describe("a sandbox", () => {
  it("writes what clients need, and keys that nobody else can read", async () => {
    const { facts } = await serve()
    const root = parseTrustedRoot(await readFile(facts.files.trustedRoot))
    expect([root.tlogs.length, root.ctlogs.length]).toEqual([2, 1])
    expect([root.certificateAuthorities.length, root.timestampAuthorities.length]).toEqual([1, 1])
    const v1 = parseSigningConfig(await readFile(facts.files.signingConfig))
    expect(v1.logs).toMatchObject([{ url: facts.services.rekor, majorApiVersion: 1 }])
    expect(v1.timestampAuthorities).toEqual([])
    const v2 = parseSigningConfig(await readFile(facts.files.signingConfigV2))
    expect(v2.logs).toMatchObject([{ url: facts.services.rekor2, majorApiVersion: 2 }])
    expect(v2.timestampAuthorities).toMatchObject([{ url: facts.services.timestamp }])
    for (const name of await readdir(join(data(), "keys"))) {
      const { mode } = await stat(join(data(), "keys", name))
      expect(mode & 0o777, name).toBe(name.endsWith("-chain.pem") ? 0o644 : 0o600)
    }
    expect((await stat(join(data(), "keys"))).mode & 0o777).toBe(0o700)
  })

  it("keeps its keys and its TUF root, and publishes under a higher version", async () => {
    const first = await serve()
    const kept = async (): Promise<string[]> =>
      Promise.all(
        ["keys/fulcio-chain.pem", "rekor.pub", "root.json"].map((name) => readFile(join(data(), name), "utf8")),
      )
    const before = await kept()
    const timestamp = async ({ facts }: RunningSandbox): Promise<number> => {
      const { signed } = (await (await fetch(`${facts.services.tuf}/timestamp.json`)).json()) as {
        signed: { version: number }
      }
      return signed.version
    }
    expect(await timestamp(first)).toBe(1)
    await stop(first)
    const second = await serve()
    expect(await kept()).toEqual(before)
    expect(await timestamp(second)).toBe(2)
    expect(await (await fetch(`${second.facts.services.tuf}/1.root.json`)).text()).toBe(before[2])
  })

  it("removes what a process that was killed left half made, keys among it", async () => {
    const left = ".00000000-0000-4000-8000-000000000000.new"
    await mkdir(join(data(), left), { recursive: true })
    await writeFile(join(data(), left, "oidc.pem"), "key")
    await writeFile(join(data(), `trusted_root.json${left}`), "{}")
    await writeFile(join(data(), "mine.new"), "stays")
    await serve()
    expect((await readdir(data())).filter((name) => name.endsWith(".new"))).toEqual(["mine.new"])
  })

  it("is served by one of many who start it at once", async () => {
    const started = await Promise.allSettled(Array.from({ length: 5 }, () => serve()))
    expect(started.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
    for (const one of started)
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "E_STORAGE_LOCKED" })
  })

  it("has its folder for itself", async () => {
    await serve()
    await expect(serve()).rejects.toMatchObject({ code: "E_STORAGE_LOCKED" })
  })

  it("lets go of the folder when the address cannot be had", async () => {
    const { address } = await serve({ data: join(folder, "other") })
    await expect(serve({ listen: address })).rejects.toMatchObject({ code: "E_ADDRESS_IN_USE" })
    await expect(serve({ url: "http://a.example/path" })).rejects.toMatchObject({ code: "E_CONFIG_INVALID" })
    await serve()
  })

  it("refuses keys that somebody damaged instead of making new ones", async () => {
    await stop(await serve())
    await writeFile(join(data(), "keys", "ct.pem"), "damaged")
    await expect(serve()).rejects.toMatchObject({ code: "E_KEY_TYPE" })
    await rm(join(data(), "keys", "ct.pem"))
    await expect(serve()).rejects.toMatchObject({ code: "E_IO" })
  })

  it("names its services by the URL that clients use, if that is another one", async () => {
    const { facts, loopback } = await serve({ url: "http://sigstore.example:8080/" })
    expect(facts.services.fulcio).toBe("http://sigstore.example:8080/fulcio")
    expect(loopback).toBe(true)
    const root = parseTrustedRoot(await readFile(facts.files.trustedRoot))
    expect(root.tlogs.map(({ baseUrl }) => baseUrl)).toContain("http://sigstore.example:8080/rekor2")
  })

  it("says when others can reach it", async () => {
    const { loopback, facts } = await serve({ listen: "0.0.0.0:0" })
    expect(loopback).toBe(false)
    expect(facts.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it("serves documents, and nothing that lies in its folder beside them", async () => {
    const { facts } = await serve()
    const get = async (path: string): Promise<Response> => fetch(facts.url + path)
    expect(await (await get("/trusted_root.json")).text()).toBe(await readFile(facts.files.trustedRoot, "utf8"))
    expect(await (await get("/tsa/api/v1/timestamp/certchain")).text()).toBe(
      await readFile(join(data(), "tsa.pem"), "utf8"),
    )
    expect(await (await get("/rekor/api/v1/log/publicKey")).text()).toBe(
      await readFile(join(data(), "rekor.pub"), "utf8"),
    )
    expect(await (await get("/")).text()).toContain(facts.services.oidc)
    for (const path of [
      "/keys/oidc.pem",
      "/tuf/keys/oidc.pem",
      "/tuf/%2e%2e/keys/oidc.pem",
      "/tuf/",
      "/sandbox.json",
    ]) {
      expect((await get(path)).ok, path).toBe(false)
    }
  })

  it("adv: CVE-2025-48374 logs neither tokens nor codes", async () => {
    const { facts } = await serve({ logLevel: "debug" })
    const token = await host.token({ data: data(), email: "alice@example.com" })
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
    await fetch(`${facts.services.fulcio}/api/v2/signingCert`, { method: "POST", body: "{}", headers })
    await fetch(`${facts.services.oidc}/auth?state=very-secret&code_challenge=x`)
    expect(logged).toContain("sandbox.request")
    expect(logged).not.toContain(token.slice(0, 20))
    expect(logged).not.toContain("very-secret")
  })

  it("adv: GHSA-4qg8-fj49-pxjh takes no long requests for timestamps", async () => {
    const { facts } = await serve()
    const post = (body: string, type: string): Promise<Response> =>
      fetch(facts.services.timestamp, { method: "POST", body, headers: { "content-type": type } })
    expect((await post("{}", "application/json")).status).toBe(415)
    expect((await post("x".repeat(20_000), "application/timestamp-query")).status).toBe(413)
    expect((await post("{}", `application/timestamp-query${";".repeat(10_000)}`)).status).toBe(415)
    expect((await fetch(facts.services.timestamp)).status).toBe(405)
  })
})

describe("hostile requests", () => {
  const BODIES = [
    "",
    "{}",
    "[]",
    "null",
    '{"a":',
    "\0".repeat(100),
    "a=b&a=c",
    "x".repeat(9000),
    '{"__proto__":{"x":1}}',
  ]
  const TYPES = ["application/json", "application/x-www-form-urlencoded", "application/timestamp-query", "text/plain"]

  it("never end in an error of the server", async () => {
    const { facts } = await serve({ logLevel: "quiet" })
    const { oidc, fulcio, ct, rekor, rekor2, timestamp, tuf } = facts.services
    const urls = [
      ...["/auth", "/token", "/keys", "/device", "/device/code", "/.well-known/openid-configuration"].map(
        (path) => oidc + path,
      ),
      ...["/api/v1/signingCert", "/api/v1/rootCert", "/api/v2/signingCert", "/api/v2/trustBundle"].map(
        (path) => fulcio + path,
      ),
      ...["/ct/v1/add-chain", "/ct/v1/add-pre-chain", "/key"].map((path) => ct + path),
      ...["/api/v1/log", "/api/v1/log/entries", "/api/v1/log/entries/retrieve", "/api/v1/index/retrieve"].map(
        (path) => rekor + path,
      ),
      ...["/api/v2/log/entries", "/api/v2/checkpoint", "/api/v2/tile/0/000"].map((path) => rekor2 + path),
      ...[timestamp, tuf, `${tuf}/targets/x`, facts.url],
    ]
    for (const url of urls) {
      for (const method of ["GET", "DELETE", "PUT"]) {
        expect((await fetch(`${url}?a=1&a=2&code=%00`, { method, redirect: "manual" })).status, url).toBeLessThan(500)
      }
      for (const type of TYPES) {
        for (const body of BODIES) {
          const headers = { "content-type": type, authorization: "Bearer ...." }
          const { status } = await fetch(url, { method: "POST", body, headers, redirect: "manual" })
          expect(status, `${url} ${type} ${body.slice(0, 20)}`).toBeLessThan(500)
        }
      }
    }
  })

  it("adv: CVE-2025-30204 with tokens of dots are refused at once", async () => {
    const { facts } = await serve()
    const answer = await fetch(`${facts.services.fulcio}/api/v2/signingCert`, {
      method: "POST",
      body: JSON.stringify({ credentials: { oidcIdentityToken: ".".repeat(100_000) } }),
    })
    expect(answer.status).toBe(400)
    const headers = { authorization: `Bearer ${".".repeat(60_000)}` }
    const long = fetch(`${facts.services.fulcio}/api/v2/signingCert`, { method: "POST", body: "{}", headers })
    await expect(long).resolves.toMatchObject({ status: 431 })
  })
})

describe("tokens and variables of a folder", () => {
  it("are there while nobody serves", async () => {
    const server = await serve()
    const { facts } = server
    await stop(server)
    const token = await host.token({ data: data(), email: "alice@example.com", claims: { extra: "1" } })
    const claims = JSON.parse(atob(token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "")) as object
    expect(claims).toMatchObject({ iss: facts.services.oidc, aud: "sigstore", email: "alice@example.com", extra: "1" })
    await rm(join(data(), "ctfe.pub"))
    const { variables } = await host.environment(data())
    const found = Object.fromEntries(variables)
    expect(Object.keys(found)).toEqual([
      "SIGSTORE_ROOT_FILE",
      "SIGSTORE_REKOR_PUBLIC_KEY",
      "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE",
      "SIGSTORE_TSA_CERTIFICATE_FILE",
      "TUF_MIRROR",
      "TUF_ROOT_JSON",
      "TUF_ROOT",
    ])
    expect(await readFile(found["SIGSTORE_CT_LOG_PUBLIC_KEY_FILE"] ?? "", "utf8")).toContain("PUBLIC KEY")
  })

  it("are not made up for a folder that no sandbox was served from", async () => {
    await expect(host.token({ data: data(), email: "a@example.com" })).rejects.toMatchObject({
      code: "E_FILE_NOT_FOUND",
    })
    await expect(host.environment(data())).rejects.toMatchObject({ code: "E_FILE_NOT_FOUND" })
    await expect(readdir(folder)).resolves.toEqual([])
  })

  it("are about somebody", async () => {
    await stop(await serve())
    await expect(host.token({ data: data() })).rejects.toMatchObject({ code: "E_USAGE" })
  })
})
