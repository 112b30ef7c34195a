import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import type { Logger } from "../../../core/ports.ts"
import { failure } from "../../net/test-servers.ts"
import { createAuthFiles, searchOrder, type AuthFilesOptions, type AuthStyle } from "./auth-files.ts"
import type { Credential } from "./credentials.ts"
import { createHelpers } from "./helper.ts"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-auth-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const warnings: unknown[] = []
const logger: Logger = { debug: () => undefined, info: () => undefined, warn: (event) => warnings.push(event) }

function write(path: string, content: unknown): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content))
}

/** A helper program made of a shell script. */
function program(name: string, script: string): void {
  write(`bin/docker-credential-${name}`, `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, `bin/docker-credential-${name}`), 0o755)
}

function files(
  style: AuthStyle = "own",
  more: Partial<AuthFilesOptions> = {},
  timeoutMs = 5000,
): ReturnType<typeof createAuthFiles> {
  const env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, XDG_RUNTIME_DIR: join(folder, "run"), ...more.env }
  const helpers = createHelpers({ env, timeoutMs })
  return createAuthFiles({ style, home: join(folder, "home"), uid: 1000, helpers, logger, ...more, env })
}

const pair = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString("base64") })
const shown = (credential: Credential | undefined): string | undefined =>
  credential === undefined
    ? undefined
    : credential.kind === "basic"
      ? `${credential.username}:${credential.password}`
      : `${credential.kind}:${credential.token}`

const DOCKER = "home/.docker/config.json"

describe("search order", () => {
  const base = { home: "/h", uid: 7, env: { XDG_RUNTIME_DIR: "/r" } }
  it.each<[string, Parameters<typeof searchOrder>[0], readonly string[], boolean]>([
    [
      "own",
      { ...base, style: "own" },
      ["/r/containers/auth.json", "/h/.config/containers/auth.json", "/h/.docker/config.json"],
      false,
    ],
    [
      "own, no runtime folder",
      { ...base, env: {}, style: "own" },
      ["/run/containers/7/auth.json", "/h/.config/containers/auth.json", "/h/.docker/config.json"],
      false,
    ],
    ["own, REGISTRY_AUTH_FILE", { ...base, env: { REGISTRY_AUTH_FILE: "/a" }, style: "own" }, ["/a"], true],
    ["own, --authfile", { ...base, env: { REGISTRY_AUTH_FILE: "/a" }, authFile: "/b", style: "own" }, ["/b"], true],
    ["docker", { ...base, env: { REGISTRY_AUTH_FILE: "/a" }, style: "docker" }, ["/h/.docker/config.json"], true],
    ["docker, DOCKER_CONFIG", { ...base, env: { DOCKER_CONFIG: "/d" }, style: "docker" }, ["/d/config.json"], true],
    [
      "cosign",
      { ...base, env: { REGISTRY_AUTH_FILE: "/a", XDG_RUNTIME_DIR: "/r" }, style: "cosign" },
      ["/h/.docker/config.json", "/a", "/r/containers/auth.json", "/h/.config/containers/auth.json"],
      true,
    ],
    [
      "containers",
      { ...base, env: { XDG_CONFIG_HOME: "/x" }, style: "containers" },
      ["/run/containers/7/auth.json", "/x/containers/auth.json", "/h/.docker/config.json", "/h/.dockercfg"],
      false,
    ],
  ])("%s", (_name, options, paths, alone) => {
    expect(searchOrder(options)).toMatchObject({ paths, alone })
  })

  it("own: the first file with a match wins; cosign: the first file alone counts", async () => {
    write("run/containers/auth.json", { auths: { "a.example": pair("u:run") } })
    write(DOCKER, { auths: { "a.example": pair("u:docker"), "b.example": pair("u:b") } })
    expect(shown(await files().find("a.example", "x"))).toBe("u:run")
    expect(shown(await files().find("b.example", "x"))).toBe("u:b")
    expect(shown(await files("cosign").find("a.example", "x"))).toBe("u:docker")
    write(DOCKER, { auths: {} })
    expect(await files("cosign").find("a.example", "x")).toBeUndefined()
  })

  it("no file means anonymous", async () => {
    expect(await files().find("a.example", "x")).toBeUndefined()
    expect(await files().headers()).toEqual({})
  })

  it("a file that was named on the command line must be there", async () => {
    const named = files("own", { authFile: join(folder, "nofile") })
    await expect(named.find("a.example", "x")).rejects.toMatchObject({ code: "E_FILE_NOT_FOUND", kind: "usage" })
  })
})

describe("adv: sigstore-js-85c58380 credentials are matched by whole hosts and path segments", () => {
  const auths = {
    "ghcr.io": pair("u:ghcr"),
    "127.0.0.1:5000": pair("u:local"),
    "https://index.docker.io/v1/": pair("u:hub"),
    "reg.example/ns": pair("u:ns"),
    "reg.example/ns/deep": pair("u:deep"),
    "https://url.example/v2/": pair("u:url"),
  }
  it.each([
    ["ghcr.io", "a/b", "u:ghcr"],
    ["cr.io", "a/b", undefined],
    ["ghcr.io.evil", "a/b", undefined],
    ["evil-ghcr.io", "a", undefined],
    ["ghcr.io:443", "a", undefined],
    ["ghcr.io:8443", "a", undefined],
    ["127.0.0.1:5000", "a", "u:local"],
    ["victim.127.0.0.1:5000", "a", undefined],
    ["127.0.0.1", "a", undefined],
    ["127.0.0.1:50000", "a", undefined],
    ["docker.io", "library/alpine", "u:hub"],
    ["index.docker.io", "library/alpine", "u:hub"],
    ["index.docker.io.evil", "library/alpine", undefined],
    ["reg.example", "ns/app", "u:ns"],
    ["reg.example", "ns", "u:ns"],
    ["reg.example", "ns/deep/app", "u:deep"],
    ["reg.example", "ns2", undefined],
    ["reg.example", "ns2/app", undefined],
    ["reg.example", "other/ns", undefined],
    ["reg.example", undefined, undefined],
    ["REG.example", "ns/app", undefined],
    ["reg.example.", "ns/app", undefined],
    ["url.example", "a", "u:url"],
    ["url.example:443", "a", undefined],
    ["__proto__", "a", undefined],
    ["constructor", "a", undefined],
  ])("%s/%s", async (registry, repository, expected) => {
    write(DOCKER, { auths })
    expect(shown(await files().find(registry, repository))).toBe(expected)
  })

  it("adv: CVE-2019-10214 credentials of another registry are not used for the Hub", async () => {
    write(DOCKER, { auths: { "registry.example": pair("u:p") } })
    expect(await files().find("docker.io", "library/alpine")).toBeUndefined()
  })

  it.each([
    ["evil.azurecr.io.attacker.com", "x"],
    ["attacker.com", "azurecr.io/x"],
  ])("adv: GHSA-44f7-5fj5-h4px %s/%s gets nothing of azurecr.io", async (registry, repository) => {
    write(DOCKER, { auths: { "azurecr.io": pair("u:p"), "evil.azurecr.io": pair("u:p") } })
    expect(await files().find(registry, repository)).toBeUndefined()
  })
})

describe("entries", () => {
  it.each<[string, unknown, string | undefined]>([
    ["auth", pair("user:pa:ss"), "user:pa:ss"],
    ["auth padded with NULs", pair("user:pass\0\0"), "user:pass"],
    ["auth without base64 padding", { auth: "dTpwYXM" }, "u:pas"],
    ["username and password", { username: "u", password: "p" }, "u:p"],
    ["an identity token", { ...pair("u:x"), identitytoken: "I" }, "identity-token:I"],
    ["a registry token", { registrytoken: "R" }, "registry-token:R"],
    ["a marker", {}, undefined],
    ["an empty auth", { auth: "" }, undefined],
  ])("%s", async (_name, entry, expected) => {
    write(DOCKER, { auths: { "a.example": entry } })
    expect(shown(await files().find("a.example", "x"))).toBe(expected)
  })

  it.each<[string, string]>([
    ["no JSON", "{SECRET"],
    ["an array", '["SECRET"]'],
    ["a duplicate key", '{"auths":{},"auths":{"a.example":{"auth":"SECRET"}}}'],
    ["auths as text", '{"auths":"SECRET"}'],
    ["an entry as text", '{"auths":{"a.example":"SECRET"}}'],
    ["auth that is no base64", '{"auths":{"a.example":{"auth":"*SECRET*"}}}'],
    ["auth without colon", '{"auths":{"a.example":{"auth":"U0VDUkVU"}}}'],
    ["auth as number", '{"auths":{"a.example":{"auth":1}}}'],
    ["a helper as number", '{"credHelpers":{"a.example":1}}'],
    ["too much", JSON.stringify({ x: "SECRET".repeat(200_000) })],
  ])("%s is E_CONFIG_INVALID and is not shown", async (_name, text) => {
    write(DOCKER, text)
    const error = await failure(files().find("a.example", "x"))
    expect(error.code).toBe("E_CONFIG_INVALID")
    expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toMatch(/SECRET|U0VDUkVU/)
  })

  it("HttpHeaders come without those of the protocol", async () => {
    write(DOCKER, { HttpHeaders: { "X-Meta": "1", Authorization: "no", host: "no", Cookie: "no" } })
    expect(await files().headers()).toEqual({ "X-Meta": "1" })
  })

  it.each([{ "X-A": "a\r\nB: c" }, { "X A": "b" }, { X: 1 }])("HttpHeaders %j are refused", async (headers) => {
    write(DOCKER, { HttpHeaders: headers })
    expect((await failure(files().headers())).code).toBe("E_CONFIG_INVALID")
  })
})

describe("helpers", () => {
  const answering = `read server; printf '{"ServerURL":"%s","Username":"u","Secret":"for %s"}' "$server" "$server"`

  it.each([
    ["a.example", "for a.example"],
    ["docker.io", "for https://index.docker.io/v1/"],
  ])("are asked for %s by the right name, once", async (registry, secret) => {
    program("test", `echo x >> ${join(folder, "calls")}; ${answering}`)
    write(DOCKER, { credsStore: "test" })
    const source = files()
    await source.find(registry, "x")
    expect(shown(await source.find(registry, "y"))).toBe(`u:${secret}`)
    expect(readFileSync(join(folder, "calls"), "utf8")).toBe("x\n")
  })

  it("`<token>` is an identity token", async () => {
    program("test", `echo '{"username":"<token>","SECRET":"T"}'`)
    write(DOCKER, { credHelpers: { "a.example": "test" } })
    expect(shown(await files().find("a.example", "x"))).toBe("identity-token:T")
  })

  it("not found goes on to what is written", async () => {
    program("test", "echo 'credentials not found in native keychain'; exit 1")
    write(DOCKER, { credsStore: "test", credHelpers: { "a.example": "test" }, auths: { "a.example": pair("u:p") } })
    expect(shown(await files("docker").find("a.example", "x"))).toBe("u:p")
  })

  it("a store for everything that is not there stops nothing and is told", async () => {
    warnings.length = 0
    write(DOCKER, { credsStore: "nowhere" })
    expect(await files().find("a.example", "x")).toBeUndefined()
    expect(warnings).toEqual(["registry.credentials"])
  })

  it("see no credentials of the environment", async () => {
    program("test", `env > ${join(folder, "seen")}; ${answering}`)
    write(DOCKER, { credsStore: "test" })
    const env = {
      COUNTERSIGN_REGISTRY_TOKEN: "SECRET",
      COUNTERSIGN_REGISTRY_PASSWORD: "SECRET",
      COUNTERSIGN_PASSWORD: "SECRET",
      COSIGN_PASSWORD: "SECRET",
      COSIGN_REGISTRY_TOKEN: "SECRET",
      NOTATION_PASSWORD: "SECRET",
      KEPT: "yes",
    }
    await files("own", { env }).find("a.example", "x")
    const seen = readFileSync(join(folder, "seen"), "utf8")
    expect(seen).toMatch(/^KEPT=yes$/m)
    expect(seen).not.toContain("SECRET")
  })

  it.each<[string, string]>([
    ["fails", "echo SECRET; exit 1"],
    ["answers no JSON", "echo SECRET"],
    ["answers for another server", `echo '{"ServerURL":"evil.example","Username":"u","Secret":"SECRET"}'`],
    ["prints without end", "while :; do echo SECRETSECRETSECRETSECRETSECRETSECRETSECRET; done"],
    ["hangs", "sleep 60"],
  ])("adv: CVE-2025-15558 a helper that %s is E_CONFIG_INVALID", async (_name, script) => {
    program("test", script)
    write(DOCKER, { credHelpers: { "a.example": "test" } })
    const error = await failure(files("own", {}, 1500).find("a.example", "x"))
    expect(error.code).toBe("E_CONFIG_INVALID")
    expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toMatch(/SECRET/)
  })

  it.each(["../../x", "a/b", "a b", "a\nb", "$(x)", "a;b", "", "x".repeat(100)])(
    "adv: CVE-2025-15558 the helper name %j is refused",
    async (name) => {
      expect(() => createHelpers({ env: {} }).open(name)).toThrow("refused")
      if (name === "") return
      write(DOCKER, { credsStore: name })
      expect((await failure(files().find("a.example", "x"))).code).toBe("E_CONFIG_INVALID")
    },
  )

  it.each(["", ".", "bin", "./bin"])(
    "adv: CVE-2025-15558 PATH entry %j of the current folder is not searched",
    async (entry) => {
      program("test", answering)
      const helpers = createHelpers({ env: { PATH: entry } })
      const before = process.cwd()
      process.chdir(entry === "" || entry === "." ? join(folder, "bin") : folder)
      try {
        expect(await helpers.exists("test")).toBe(false)
      } finally {
        process.chdir(before)
      }
    },
  )

  it.each([
    ["a.example\nevil.example", "u", "p"],
    ["a.example", "u\nx", "p"],
    ["a.example", "u", "p\r\n"],
  ])("adv: CVE-2020-5260 line breaks never reach a helper: %j", async (server, username, secret) => {
    program("test", `cat > ${join(folder, "got")}`)
    const helper = createHelpers({ env: { PATH: join(folder, "bin") } }).open("test")
    expect((await failure(helper.store(server, username, secret))).code).toBe("E_CONFIG_INVALID")
    const { existsSync } = await import("node:fs")
    expect(existsSync(join(folder, "got"))).toBe(false)
  })
})
