import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest"
import type { JsonObject } from "../../src/core/json-value.ts"
import { createHttpClient } from "../../src/io/net/http-client.ts"
import { TufCache } from "../../src/io/services/tuf/cache.ts"
import { cacheFileName, mirrorFolder } from "../../src/io/services/tuf/cache-names.ts"
import { mirrorSource } from "../../src/io/services/tuf/mirror-source.ts"
import type { MirrorContext } from "../../src/io/services/tuf/mirror-files.ts"
import { openCached, openRefreshed } from "../../src/io/services/tuf/mirror.ts"
import { signTuf, tufHead } from "../../src/servers/sandbox/tuf/build-repository.ts"
import { parseDelegations } from "../../src/trust/tuf/delegations.ts"
import { attacks } from "./tuf-attacks.ts"
import { delegate } from "./tuf-delegations.ts"
import { DAY, newKey, NOW, TestMirror, textTarget, TRUSTED_ROOT } from "./tuf-mirror.ts"

let mirror: TestMirror

beforeEach(async () => {
  mirror = await TestMirror.start()
  await mirror.initialize()
})
afterEach(() => mirror.stop())

const online = { offline: false }
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }
const http = createHttpClient({ userAgent: "test", tries: 1 })
afterAll(() => http.close())

function cacheOf(): TufCache {
  const folder = join(mirror.folder, "home", ".sigstore", "root")
  return new TufCache({ folder, clock: { now: () => NOW }, sleep: () => Promise.resolve(), logger })
}

function context(cache: TufCache): MirrorContext {
  const source = mirrorSource(() => Promise.resolve(http), mirror.url)
  return { url: mirror.url, anchor: mirror.file("1.root.json"), cache, source, logger }
}

describe("what a repository must not get away with", () => {
  it.each(attacks)("adv: $id $name", async ({ before, run, code }) => {
    if (before !== undefined) {
      await before(mirror)
      await mirror.client().trustedRoot(online)
    }
    await run(mirror)
    await expect(mirror.client().trustedRoot(online)).rejects.toMatchObject({ code, kind: "unknown" })
    // What was good stays, and nothing else is there.
    const kept = await mirror.client().trustedRoot({ offline: true })
    expect(new TextDecoder().decode(kept.bytes)).toBe(TRUSTED_ROOT)
    expect(readdirSync(mirror.cacheFolder()).filter((name) => name.includes("tmp") || name.includes("new"))).toEqual([])
  })
})

const targetNames = ["../../x", "/etc/x", String.raw`..\..\x`, "a\0b", "a/b", "a%2Fb", "..", ".", "ä", "x".repeat(300)]

it("adv: GHSA-fcv2-xgw5-pqxf names of targets are one file each, below the folder of the cache", async () => {
  const names = [...targetNames, "a%2fb"]
  const targets = [...mirror.input.targets, ...names.map((name) => textTarget(name, `content of ${name}`))]
  await mirror.bump("targets", "snapshot", "timestamp")
  await mirror.publish({ targets })
  // The URL parser takes dots and backslashes for folders; what is served has its hash all the same.
  mirror.answer = (path, response) => {
    const found = targets.find(({ bytes }) => path.includes(createHash("sha256").update(bytes).digest("hex")))
    if (found !== undefined) response.end(found.bytes)
    return found !== undefined
  }
  const cache = cacheOf()
  const opened = await openRefreshed(context(cache), NOW)
  for (const name of names) {
    expect(new TextDecoder().decode(await opened.target(name))).toBe(`content of ${name}`)
  }
  const files = readdirSync(join(mirror.cacheFolder(), "targets"))
  expect(files.toSorted()).toEqual(
    [
      "..%2F..%2Fx",
      "%2Fetc%2Fx",
      "..%5C..%5Cx",
      "a%00b",
      "a%2Fb",
      "a%252Fb",
      "a%252fb",
      "%2E%2E",
      "%2E",
      "%C3%A4",
      "trusted_root.json",
      "signing_config.v0.2.json",
    ].toSorted(),
  )
  expect(existsSync(join(mirror.folder, "x"))).toBe(false)
})

it.each(["..", "../x", "ö", ".", "a/b", "countersign"])(
  "adv: GHSA-wjw6-2cqr-j4qr a delegated role of the name %j is one file in the cache",
  async (name) => {
    const key = await newKey()
    await delegate(mirror, { targets: [{ name, key, paths: ["*"] }], roles: [{ name, key, target: "more.txt" }] })
    const opened = await openRefreshed(context(cacheOf()), NOW)
    expect((await opened.find("more.txt"))?.length).toBe(4)
    const before = readdirSync(join(mirror.folder, "home", ".sigstore", "root"))
    expect(before.toSorted()).toEqual(
      [basename(mirror.cacheFolder()), `${basename(mirror.cacheFolder())}.json`, "remote.json"].toSorted(),
    )
    expect(readdirSync(mirror.cacheFolder())).toContain(`${cacheFileName(name) ?? ""}.json`)
    expect((await openCached(context(cacheOf()), NOW, "cached"))?.trusted.targets?.version).toBe(2)
  },
)

it.each(["../x", "a/b", "", ".", "CON", "a\0b", "x".repeat(300), "..", "-x", "%2e%2e"])(
  "adv: GHSA-jqc5-w2xx-5vq4 a mirror whose folder would be %j is refused",
  (name) => {
    const slashless = name.replaceAll("/", "?")
    expect(() => mirrorFolder(`https://${slashless}`)).toThrow(expect.objectContaining({ code: "E_USAGE" }))
  },
)

it("shows no password of a mirror, and asks nobody", async () => {
  mirror.asked = []
  const url = mirror.url.replace("//", "//alice:insecure-secret@")
  const asked = mirror.client().initialize({ mirror: url, root: mirror.file("1.root.json") })
  const error: unknown = await asked.catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: "E_USAGE" })
  expect(JSON.stringify(error) + String(error)).not.toContain("insecure-secret")
  expect(mirror.asked).toEqual([])
})

describe("delegations", () => {
  it("adv: GHSA-4f8r-qqr9-fq8j a role counts as the parent says that leads to it", async () => {
    const [a, b, good, bad] = [await newKey(), await newKey(), await newKey(), await newKey()]
    // Both A and B leave targets to C; only B names the key that signs it.
    await delegate(mirror, {
      targets: [
        { name: "A", key: a, paths: ["a/*"] },
        { name: "B", key: b, paths: ["b/*"] },
      ],
      roles: [
        { name: "A", key: a, children: [{ name: "C", key: bad, paths: ["a/*"] }] },
        { name: "B", key: b, children: [{ name: "C", key: good, paths: ["b/*"] }] },
        { name: "C", key: good, target: "a/x.txt" },
      ],
    })
    const opened = await openRefreshed(context(cacheOf()), NOW)
    await expect(opened.find("a/x.txt")).rejects.toMatchObject({ code: "E_TRUST_MALFORMED" })
    // C does not list it, although B's chain holds; and nobody leaves others to C.
    expect(await opened.find("b/x.txt")).toBeUndefined()
    expect(await opened.find("c/x.txt")).toBeUndefined()
  })

  it("a role vouches for what its parent leaves to it alone", async () => {
    const key = await newKey()
    await delegate(mirror, {
      targets: [{ name: "A", key, paths: ["a/*"] }],
      roles: [{ name: "A", key, target: "other.txt" }],
    })
    expect(await (await openRefreshed(context(cacheOf()), NOW)).find("other.txt")).toBeUndefined()
  })

  it("ends at cycles and after 32 roles", async () => {
    const key = await newKey()
    const names = Array.from({ length: 40 }, (_, index) => `r${index}`)
    await delegate(mirror, {
      targets: [{ name: "r0", key, paths: ["*"] }],
      roles: names.map((name, index) => ({
        name,
        key,
        children: [{ name: names[(index + 1) % names.length]!, key, paths: ["*"] }],
        ...(index === 39 ? { target: "far.txt" } : {}),
      })),
    })
    mirror.asked = []
    expect(await (await openRefreshed(context(cacheOf()), NOW)).find("far.txt")).toBeUndefined()
    expect(mirror.asked.filter((path) => /^1\.r\d+\.json$/.test(path))).toHaveLength(32)
  })

  it.each([
    ["bin-ff", false],
    ["bin-10", false],
    ["bin-f", true],
    ["bin-0", true],
    ["bin-0f", false],
    ["bin-F", false],
    ["bin-", false],
    ["other-1", false],
    ["bin--1", false],
  ])("adv: GHSA-77hh-43cm-v8j6 of sixteen bins, is %s one: %s", (name, there) => {
    const succinct = { keyids: [], threshold: 1, bit_length: 4, name_prefix: "bin" }
    const delegations = parseDelegations({ keys: {}, succinct_roles: succinct })
    expect(delegations.role(name) !== undefined).toBe(there)
  })

  it.each([0, 33, 1.5, "4"])("succinct roles of %j bits are refused", (bit_length) => {
    const succinct = { keyids: [], threshold: 1, bit_length, name_prefix: "bin" }
    expect(() => parseDelegations({ keys: {}, succinct_roles: succinct })).toThrow()
  })
})

it("adv: PYSEC-2020-145 a root that was refused is not kept", async () => {
  await mirror.bump("root")
  await mirror.publish()
  mirror.files.set("3.root.json", await signTuf({ ...tufHead("root", 3, NOW + DAY) }, [await newKey()]))
  await expect(mirror.client().trustedRoot(online)).rejects.toMatchObject({ code: "E_TRUST_MALFORMED" })
  const status = await mirror.client().status({ offline: true })
  expect(status.roles[0]).toMatchObject({ name: "root", version: 2 })
  const kept = JSON.parse(readFileSync(join(mirror.cacheFolder(), "root.json"), "utf8")) as {
    signed: { version: number }
  }
  expect(kept.signed.version).toBe(2)
  expect(Buffer.from(readFileSync(join(mirror.cacheFolder(), "countersign.state")))).not.toContain(
    Buffer.from(mirror.file("3.root.json")).toString("base64"),
  )
})

it("adv: CVE-2020-6173 endless roots end after 256, and the next run goes on", async () => {
  const root = mirror.input.keys.root
  const { signed } = JSON.parse(new TextDecoder().decode(mirror.file("1.root.json"))) as { signed: JsonObject }
  for (let version = 2; version < 300; version++) {
    mirror.files.set(`${version}.root.json`, await signTuf({ ...signed, version }, root))
  }
  mirror.asked = []
  await mirror.client().trustedRoot(online)
  expect(mirror.asked.filter((path) => path.endsWith(".root.json"))).toHaveLength(256)
})

it.each(["2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json", "targets/"])(
  "adv: endless data %s without end is cut off",
  async (wanted) => {
    await mirror.bump("targets", "snapshot", "timestamp")
    await mirror.publish({ targets: [textTarget("trusted_root.json", `${TRUSTED_ROOT}  `)] })
    let sent = 0
    mirror.answer = (path, response) => {
      if (!path.startsWith(wanted)) return false
      const chunk = new Uint8Array(64 * 1024).fill(0x20)
      const more = (): void => {
        while (!response.destroyed && sent < 64 * 1024 * 1024) {
          sent += chunk.length
          if (!response.write(chunk)) break
        }
        if (sent >= 64 * 1024 * 1024) response.end()
      }
      response.on("drain", more)
      more()
      return true
    }
    await expect(mirror.client().trustedRoot(online)).rejects.toMatchObject({ code: "E_NET_TOO_LARGE" })
    expect(sent).toBeLessThan(16 * 1024 * 1024)
    expect((await mirror.client().trustedRoot({ offline: true })).source).toBe("cache")
  },
)

it.each(["timestamp.json", "2.snapshot.json", "2.targets.json"])("a %s that is cut short is refused", async (path) => {
  await mirror.bump("targets", "snapshot", "timestamp")
  mirror.files.set(path, mirror.file(path).subarray(0, -10))
  await expect(mirror.client().trustedRoot(online)).rejects.toMatchObject({ code: "E_TRUST_MALFORMED" })
})

it("goes on from versions that were too high, once the keys are exchanged", async () => {
  await mirror.publish({ versions: { targets: 100, snapshot: 100, timestamp: 100 } })
  await mirror.client().trustedRoot(online)
  const next = await newKey()
  await mirror.publish({
    versions: { root: 2, targets: 3, snapshot: 3, timestamp: 3 },
    keys: { ...mirror.input.keys, snapshot: [next], timestamp: [next] },
  })
  const status = await mirror.client().status(online)
  expect(status.roles.map(({ version }) => version)).toEqual([2, 3, 3, 3])
})

it("works offline with what was verified when a refresh broke off after new keys", async () => {
  const next = await newKey()
  await mirror.publish({
    versions: { root: 2, targets: 2, snapshot: 2, timestamp: 2 },
    keys: { ...mirror.input.keys, snapshot: [next], timestamp: [next] },
  })
  mirror.files.delete("timestamp.json")
  await expect(mirror.client().trustedRoot(online)).rejects.toMatchObject({ code: "E_TRUST_MISSING" })
  expect((await mirror.client().trustedRoot({ offline: true })).source).toBe("cache")
})

it("adv: GHSA-66x3-6cw3-v5gj a timestamp with other content and the same version is passed over", async () => {
  await mirror.forge("timestamp", (signed) => ({ ...signed, meta: { "snapshot.json": { version: 100 } } }))
  mirror.asked = []
  await mirror.client().trustedRoot(online)
  expect(mirror.asked).toEqual(["2.root.json", "timestamp.json"])
  expect(readFileSync(join(mirror.cacheFolder(), "timestamp.json"), "utf8")).not.toMatch(/"version": ?100/)
})
