import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { SHIPPED } from "./shipped.ts"
import {
  DAY,
  newKey,
  NOW,
  SIGNING_CONFIG,
  TestMirror,
  textTarget,
  TRUSTED_ROOT,
} from "../../../../tests/services/tuf-mirror.ts"

let mirror: TestMirror

beforeEach(async () => {
  mirror = await TestMirror.start()
})
afterEach(() => mirror.stop())

const online = { offline: false }
const offline = { offline: true }

describe("initialize", () => {
  it("keeps what cosign keeps, and answers with roles and targets", async () => {
    const answer = await mirror.client().initialize({ mirror: mirror.url, root: mirror.file("1.root.json") })
    expect(answer.mirror).toBe(mirror.url)
    expect(answer.roles.map(({ name, version }) => `${name} ${version}`)).toEqual([
      "root 1",
      "timestamp 1",
      "snapshot 1",
      "targets 1",
    ])
    expect(answer.status.map(({ name }) => name)).toEqual(["trusted_root.json", "signing_config.v0.2.json"])
    const folder = mirror.cacheFolder()
    expect(readdirSync(folder).toSorted()).toEqual([
      "countersign.state",
      "root.json",
      "snapshot.json",
      "targets",
      "targets.json",
      "timestamp.json",
    ])
    expect(readdirSync(join(folder, "targets")).toSorted()).toEqual(["signing_config.v0.2.json", "trusted_root.json"])
    expect(readFileSync(join(folder, "..", "remote.json"), "utf8")).toBe(`{"mirror":"${mirror.url}"}`)
    expect(readFileSync(`${folder}.json`, "utf8")).toBe('{"lastTimestamp":"2027-01-01T00:00:00.000Z"}')
  })

  it("refuses a mirror without a root of its own", async () => {
    await expect(mirror.client().initialize({ mirror: mirror.url })).rejects.toMatchObject({ code: "E_TRUST_MISSING" })
  })

  it("keeps what was there when the new mirror is refused", async () => {
    await mirror.initialize()
    const root = mirror.file("1.root.json")
    await mirror.publish({ keys: { ...mirror.input.keys, root: [await newKey()] }, versions: { root: 2 } })
    await expect(mirror.client().initialize({ mirror: mirror.url, root })).rejects.toMatchObject({
      code: "E_TRUST_MALFORMED",
    })
    const { value, source } = await mirror.client().trustedRoot(offline)
    expect(value.tlogs).toEqual([])
    expect(source).toBe("cache")
  })

  it("forgets what cosign 2 kept of another mirror", async () => {
    const folder = join(mirror.folder, "home", ".sigstore", "root")
    mkdirSync(join(folder, "tuf.db"), { recursive: true })
    mkdirSync(join(folder, "targets"))
    await mirror.initialize()
    expect(readdirSync(folder).filter((name) => ["tuf.db", "targets"].includes(name))).toEqual([])
  })

  it("assembles a trusted root from single files", async () => {
    const pem = (await import("../../../crypto/public-key.ts")).publicKeyPem((await newKey()).publicKey)
    await mirror.publish({ targets: [textTarget("log.pub", pem, { usage: "Rekor", status: "Active" })] })
    await mirror.initialize()
    const { value, bytes } = await mirror.client().trustedRoot(online)
    expect(value.tlogs).toHaveLength(1)
    expect(new TextDecoder().decode(bytes)).toContain("tlogs")
    await expect(mirror.client().signingConfig(online)).rejects.toMatchObject({ code: "E_TRUST_MISSING" })
  })
})

describe("refreshing", () => {
  it.each(["always", "daily"] as const)("asks once in a process: %s", async (refresh) => {
    await mirror.initialize()
    const client = mirror.client({ refresh, at: NOW + 2 * DAY })
    mirror.asked = []
    await Promise.all([client.trustedRoot(online), client.signingConfig(online), client.status(online)])
    expect(mirror.asked).toEqual(["2.root.json", "timestamp.json"])
    await client.trustedRoot(online)
    expect(mirror.asked).toHaveLength(2)
  })

  it("takes a timestamp alone where nothing changed", async () => {
    await mirror.initialize()
    mirror.asked = []
    const { source, refreshedAt } = await mirror.client({ at: NOW + 5 }).trustedRoot(online)
    expect(source).toBe("tuf")
    expect(refreshedAt).toBe(NOW + 5)
    expect(mirror.asked).toEqual(["2.root.json", "timestamp.json"])
  })

  it("brings new targets and follows new roots", async () => {
    await mirror.initialize()
    const next = await newKey()
    await mirror.publish({
      versions: { root: 2, targets: 2, snapshot: 2, timestamp: 2 },
      formerRootKeys: mirror.input.keys.root,
      keys: { ...mirror.input.keys, root: [next] },
      targets: [textTarget("trusted_root.json", `${TRUSTED_ROOT} `)],
    })
    const { bytes } = await mirror.client().trustedRoot(online)
    expect(new TextDecoder().decode(bytes)).toBe(`${TRUSTED_ROOT} `)
    const status = await mirror.client().status(offline)
    expect(status.roles.map(({ version }) => version)).toEqual([2, 2, 2, 2])
  })

  it.each([
    ["of today", NOW + DAY - 1, 0],
    ["older than a day", NOW + DAY, 2],
    ["of a time to come", NOW - 1, 2],
  ])("daily: data %s", async (_, at, requests) => {
    await mirror.initialize()
    mirror.asked = []
    await mirror.client({ at, refresh: "daily" }).trustedRoot(online)
    expect(mirror.asked).toHaveLength(requests)
  })

  it("daily: asks all the same when told to, or when something has expired", async () => {
    await mirror.initialize()
    mirror.asked = []
    await mirror.client({ refresh: "daily" }).status({ offline: false, refresh: "always" })
    expect(mirror.asked).toHaveLength(2)
    await mirror.publish({
      versions: { targets: 2, snapshot: 2, timestamp: 2 },
      expires: { ...mirror.input.expires, timestamp: NOW + 3000 },
    })
    await mirror.client({ at: NOW + 1000 }).trustedRoot(online)
    await expect(mirror.client({ at: NOW + 4000, refresh: "daily" }).trustedRoot(online)).rejects.toMatchObject({
      code: "E_TRUST_STALE",
    })
  })

  it("daily: uses what has not expired where the network fails, and says so", async () => {
    await mirror.initialize()
    const warnings: string[] = []
    const logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: (event: string) => warnings.push(event),
    }
    mirror.answer = (_path, response) => {
      response.destroy()
      return true
    }
    const { source, refreshedAt } = await mirror
      .client({ at: NOW + 2 * DAY, refresh: "daily", logger })
      .trustedRoot(online)
    expect([source, refreshedAt, warnings]).toEqual(["cache", NOW, ["tuf.refresh"]])
    await expect(mirror.client({ at: NOW + 8 * DAY, refresh: "daily" }).trustedRoot(online)).rejects.toMatchObject({
      code: "E_NET_CONNECT",
    })
    await expect(mirror.client({ at: NOW + 2 * DAY }).trustedRoot(online)).rejects.toMatchObject({
      code: "E_NET_CONNECT",
    })
  })

  it("goes on without a cache that cannot be written", async () => {
    await mirror.initialize()
    rmSync(join(mirror.folder, "home"), { recursive: true })
    writeFileSync(join(mirror.folder, "home"), "no folder")
    const env = { TUF_MIRROR: mirror.url, TUF_ROOT_JSON: "root.json" }
    const files = { read: () => Promise.resolve(mirror.file("1.root.json")) }
    const { source } = await mirror.client({ env, files }).trustedRoot(online)
    expect(source).toBe("tuf")
    // Who asks for an update wants it kept.
    await expect(mirror.client({ env, files }).status({ offline: false, refresh: "always" })).rejects.toMatchObject({
      code: "E_IO",
    })
  })
})

describe("offline", () => {
  it("uses the cache, expired or not, and tells its age", async () => {
    await mirror.initialize()
    mirror.asked = []
    const { source, refreshedAt, value } = await mirror.client({ at: NOW + 400 * DAY }).trustedRoot(offline)
    expect([source, refreshedAt, value.tlogs]).toEqual(["cache", NOW, []])
    const config = await mirror.client({ at: NOW + 400 * DAY }).signingConfig(offline)
    expect(new TextDecoder().decode(config.bytes)).toBe(SIGNING_CONFIG)
    expect(mirror.asked).toEqual([])
  })

  it("tells the true age after a clock that was wrong", async () => {
    await mirror.initialize()
    await mirror.client({ at: NOW + 5 * DAY }).trustedRoot(online)
    await mirror.client({ at: NOW + DAY }).trustedRoot(online)
    const { refreshedAt } = await mirror.client({ at: NOW + 4 * DAY }).trustedRoot(offline)
    expect(refreshedAt).toBe(NOW + DAY)
  })

  it("uses what came with the program for the public instance alone", async () => {
    const { source, refreshedAt, value, mirror: url } = await mirror.client().trustedRoot(offline)
    expect([source, refreshedAt, url]).toEqual(["shipped", SHIPPED.at, "https://tuf-repo-cdn.sigstore.dev"])
    expect(value.certificateAuthorities.length).toBeGreaterThan(0)
    const status = await mirror.client().status(offline)
    expect(status.roles).toMatchObject([{ name: "root", version: 16 }])
    await expect(mirror.client().signingConfig(offline)).rejects.toMatchObject({ code: "E_TRUST_MISSING" })
    const env = { TUF_MIRROR: mirror.url }
    await expect(mirror.client({ env }).trustedRoot(offline)).rejects.toMatchObject({ code: "E_TRUST_MISSING" })
  })

  it("says when the package that ships the root changed", () => {
    const path = new URL("../../../../node_modules/@sigstore/tuf/package.json", import.meta.url)
    expect((JSON.parse(readFileSync(path, "utf8")) as { version: string }).version).toBe(SHIPPED.version)
  })
})

describe("what names the repository", () => {
  it("TUF_ROOT, TUF_MIRROR and TUF_ROOT_JSON", async () => {
    const env = { TUF_ROOT: join(mirror.folder, "elsewhere"), TUF_MIRROR: mirror.url, TUF_ROOT_JSON: "r" }
    const files = { read: () => Promise.resolve(mirror.file("1.root.json")) }
    const status = await mirror.client({ env, files }).status(online)
    expect(status.folder).toBe(join(mirror.folder, "elsewhere"))
    expect(status.mirror).toBe(mirror.url)
  })

  it.each(["not json", "{}", '{"mirror":1}', '{"mirror":""}'])("refuses remote.json %s", async (text) => {
    const folder = join(mirror.folder, "home", ".sigstore", "root")
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "remote.json"), text)
    await expect(mirror.client().trustedRoot(offline)).rejects.toMatchObject({ code: "E_CONFIG_INVALID" })
  })
})
