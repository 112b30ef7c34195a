import { chmod, mkdtemp, open, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { ToolError } from "../../../core/errors.ts"
import { MIB } from "../../../core/limits.ts"
import { artifact, createHandlerFixture, descriptorOf, digestOf, EMPTY, faultCode, NAME } from "../handler-fixture.ts"
import { openFileStorage, type FileStorageOptions } from "./file-storage.ts"
import type { RegistryStorage } from "./storage.ts"

let folder: string
let now = 0
const opened: RegistryStorage[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-storage-"))
  now = 1_700_000_000_000
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const storage of opened.splice(0)) await storage.close()
  await rm(folder, { recursive: true, force: true })
})

async function openStorage(options: Partial<FileStorageOptions> = {}): Promise<RegistryStorage> {
  const storage = await openFileStorage({ folder, durability: "fast", clock: { now: () => now }, ...options })
  opened.push(storage)
  return storage
}

async function reopen(storage: RegistryStorage): Promise<RegistryStorage> {
  opened.splice(opened.indexOf(storage), 1)
  await storage.close()
  return openStorage()
}

async function flipByte(path: string, at: number): Promise<void> {
  const handle = await open(path, "r+")
  const byte = new Uint8Array(1)
  await handle.read(byte, 0, 1, at)
  await handle.write(Uint8Array.of((byte[0] ?? 0) ^ 1), 0, 1, at)
  await handle.close()
}

const fileOf = (digest: string): string => join(folder, "blobs", ...digest.split(":"))

describe("a folder", () => {
  it("keeps everything over a restart", async () => {
    let storage = await openStorage({ durability: "full" })
    let registry = createHandlerFixture({ storage })
    const subject = descriptorOf(artifact())
    await registry.pushBlob(NAME, EMPTY)
    await registry.pushManifest(NAME, artifact(), "v1")
    const about = await registry.pushManifest(NAME, artifact({ subject }))
    storage = await reopen(storage)
    registry = createHandlerFixture({ storage })
    expect(await (await registry.send("GET", `/v2/${NAME}/manifests/v1`)).text()).toBe(JSON.stringify(artifact()))
    expect(await (await registry.send("GET", `/v2/${NAME}/blobs/${digestOf(EMPTY)}`)).text()).toBe(EMPTY)
    expect(await (await registry.send("GET", `/v2/${NAME}/referrers/${subject.digest}`)).text()).toContain(about)
  })

  it("belongs to one server at a time", async () => {
    const storage = await openStorage()
    await expect(openStorage()).rejects.toMatchObject({ code: "E_STORAGE_LOCKED", kind: "conflict" })
    await reopen(storage)
  })

  it("of a version not known is refused", async () => {
    await (await openStorage()).close()
    opened.length = 0
    const { DatabaseSync } = await import("node:sqlite")
    const database = new DatabaseSync(join(folder, "index.sqlite"))
    database.exec("PRAGMA user_version = 99")
    database.close()
    await expect(openStorage()).rejects.toMatchObject({ code: "E_IO", why: "its database has version 99, expected 1" })
  })

  it.each(["index.sqlite is not a database", "the folder is a file"])("%s", async (name) => {
    if (name.startsWith("index")) await writeFile(join(folder, "index.sqlite"), "x".repeat(8192))
    const path = name.startsWith("index") ? folder : join(folder, "file")
    if (path !== folder) await writeFile(path, "")
    await expect(openStorage({ folder: path })).rejects.toBeInstanceOf(ToolError)
  })

  it("can be read by its owner only", async () => {
    await createHandlerFixture({ storage: await openStorage() }).pushBlob(NAME, "x")
    expect((await stat(fileOf(digestOf("x")))).mode & 0o077).toBe(0)
  })
})

describe("adv: ggcr #2272, zot #4212 bytes that do not match are never served", () => {
  it("a blob, a manifest, by any method that reads", async () => {
    const registry = createHandlerFixture({ storage: await openStorage() })
    await registry.pushBlob(NAME, EMPTY)
    const manifest = await registry.pushManifest(NAME, artifact(), "v1")
    await flipByte(fileOf(digestOf(EMPTY)), 0)
    await flipByte(fileOf(manifest), 10)
    for (const path of [`blobs/${digestOf(EMPTY)}`, `manifests/${manifest}`, "manifests/v1"]) {
      const response = await registry.send("GET", `/v2/${NAME}/${path}`)
      expect(response.status).toBe(500)
      expect(await faultCode(response)).toBe("UNKNOWN")
    }
    expect(registry.warnings.map((entry) => entry.fields["code"])).toEqual(Array(3).fill("E_STORAGE_CORRUPT"))
  })

  it.each([
    ["shorter", (path: string) => truncate(path, 1)],
    ["missing", (path: string) => rm(path)],
    [
      "a link out of the folder",
      async (path: string) => {
        await rm(path)
        await writeFile(join(folder, "outside"), EMPTY)
        await symlink(join(folder, "outside"), path)
      },
    ],
  ])("a file that is %s", async (_, damage) => {
    const registry = createHandlerFixture({ storage: await openStorage() })
    const digest = await registry.pushBlob(NAME, EMPTY)
    await damage(fileOf(digest))
    const response = await registry.send("GET", `/v2/${NAME}/blobs/${digest}`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain(folder)
  })

  it.each([0, 3 * MIB - 1])("a large blob breaks off before its end, flipped at %i", async (at) => {
    const registry = createHandlerFixture({ storage: await openStorage() })
    const bytes = new Uint8Array(3 * MIB).fill(7)
    const digest = await registry.pushBlob(NAME, bytes)
    await flipByte(fileOf(digest), at)
    const response = await registry.send("GET", `/v2/${NAME}/blobs/${digest}`)
    let seen = 0
    const read = async (): Promise<void> => {
      for await (const chunk of response.body as ReadableStream<Uint8Array>) seen += chunk.length
    }
    await expect(read()).rejects.toMatchObject({ code: "E_STORAGE_CORRUPT" })
    expect(seen).toBeLessThan(bytes.length)
  })

  it("a range of a large blob is not served before the whole was checked, and again after each change", async () => {
    const registry = createHandlerFixture({ storage: await openStorage() })
    const digest = await registry.pushBlob(NAME, new Uint8Array(3 * MIB).fill(7))
    const range = (): Promise<Response> =>
      registry.send("GET", `/v2/${NAME}/blobs/${digest}`, { headers: { Range: "bytes=0-9" } })
    expect((await (await range()).bytes()).length).toBe(10)
    await flipByte(fileOf(digest), 2 * MIB)
    expect((await range()).status).toBe(500)
  })

  it("pushing the content again heals it", async () => {
    const registry = createHandlerFixture({ storage: await openStorage() })
    await registry.pushBlob(NAME, EMPTY)
    const manifest = await registry.pushManifest(NAME, artifact(), "v1")
    await flipByte(fileOf(digestOf(EMPTY)), 0)
    await flipByte(fileOf(manifest), 10)
    await registry.pushBlob(NAME, EMPTY)
    await registry.pushManifest(NAME, artifact(), "v1")
    expect((await registry.send("GET", `/v2/${NAME}/blobs/${digestOf(EMPTY)}`)).status).toBe(200)
    expect((await registry.send("GET", `/v2/${NAME}/manifests/v1`)).status).toBe(200)
  })

  it("a rebuild names damaged manifests and lists the others as before", async () => {
    const storage = await openStorage()
    const registry = createHandlerFixture({ storage })
    const subject = descriptorOf(artifact())
    await registry.pushBlob(NAME, EMPTY)
    const good = await registry.pushManifest(NAME, artifact({ subject, annotations: { a: "1" } }))
    const bad = await registry.pushManifest(NAME, artifact({ subject, annotations: { a: "2" } }))
    const list = async (): Promise<string[]> => {
      const response = await registry.send("GET", `/v2/${NAME}/referrers/${subject.digest}`)
      return ((await response.json()) as { manifests: { digest: string }[] }).manifests.map((entry) => entry.digest)
    }
    const before = await list()
    expect(await storage.rebuild()).toEqual({ manifests: 2, referrers: 2, damaged: [] })
    expect(await list()).toEqual(before)
    await flipByte(fileOf(bad), 5)
    expect(await storage.rebuild()).toEqual({ manifests: 2, referrers: 1, damaged: [bad] })
    expect(await list()).toEqual([good])
  })
})

describe("uploads", () => {
  it("goes on after a restart", async () => {
    let storage = await openStorage()
    let registry = createHandlerFixture({ storage })
    const begun = await registry.send("POST", `/v2/${NAME}/blobs/uploads/`)
    const location = begun.headers.get("location") ?? ""
    await registry.send("PATCH", location, { body: "0123" })
    storage = await reopen(storage)
    registry = createHandlerFixture({ storage })
    expect((await registry.send("GET", location)).headers.get("range")).toBe("0-3")
    await registry.send("PATCH", location, { body: "4567", headers: { "Content-Range": "4-7" } })
    expect((await registry.send("PUT", `${location}?digest=${digestOf("01234567")}`)).status).toBe(201)
  })

  it("ends after its time, and leaves no file", async () => {
    const registry = createHandlerFixture({ storage: await openStorage({ uploads: { ageMs: 1000 } }) })
    const old = (await registry.send("POST", `/v2/${NAME}/blobs/uploads/`)).headers.get("location") ?? ""
    now += 100_000
    await registry.send("POST", `/v2/${NAME}/blobs/uploads/`)
    expect((await registry.send("GET", old)).status).toBe(404)
    expect(await readdir(join(folder, "uploads"))).toHaveLength(1)
  })

  it("leaves nothing behind when the digest is wrong or it was cancelled", async () => {
    const registry = createHandlerFixture({ storage: await openStorage() })
    const path = `/v2/${NAME}/blobs/uploads/?digest=${digestOf("a")}`
    expect((await registry.send("POST", path, { body: "b" })).status).toBe(400)
    const location = (await registry.send("POST", `/v2/${NAME}/blobs/uploads/`)).headers.get("location") ?? ""
    await registry.send("DELETE", location)
    expect(await readdir(join(folder, "uploads"))).toEqual([])
  })

  it("files of a killed process are removed", async () => {
    await reopen(await openStorage())
    await writeFile(join(folder, "uploads", "left.tmp"), "x")
    await opened.splice(0)[0]?.close()
    await openStorage()
    expect(await readdir(join(folder, "uploads"))).toEqual([])
  })

  it("takes the same blob from many at once", async () => {
    const registry = createHandlerFixture({ storage: await openStorage() })
    const bytes = new Uint8Array(MIB).fill(3)
    await Promise.all(Array.from({ length: 16 }, (_, at) => registry.pushBlob(`demo/r${String(at % 4)}`, bytes)))
    expect(await readdir(join(folder, "blobs", "sha256"))).toHaveLength(1)
    expect(await readdir(join(folder, "uploads"))).toEqual([])
  })
})

describe("a full disk", () => {
  async function failWrites(method: "writev" | "writeFile" | "sync"): Promise<void> {
    const handle = await open(join(folder, "probe"), "w")
    const prototype = Object.getPrototypeOf(handle) as Record<string, () => Promise<unknown>>
    await handle.close()
    vi.spyOn(prototype, method).mockRejectedValue(
      Object.assign(new Error("no space left on device"), { code: "ENOSPC" }),
    )
  }

  it.each([
    ["a blob", "writev", "POST", `/v2/${NAME}/blobs/uploads/?digest=${digestOf("x")}`, "x"],
    [
      "a manifest",
      "writeFile",
      "PUT",
      `/v2/${NAME}/manifests/v2`,
      JSON.stringify(artifact({ annotations: { n: "2" } })),
    ],
    ["a blob that is flushed", "sync", "POST", `/v2/${NAME}/blobs/uploads/?digest=${digestOf("x")}`, "x"],
  ] as const)("refuses %s with 507 and keeps nothing of it", async (_, method, verb, path, body) => {
    const registry = createHandlerFixture({ storage: await openStorage({ durability: "full" }) })
    await registry.pushBlob(NAME, EMPTY)
    await registry.pushManifest(NAME, artifact(), "v1")
    const before = await readdir(join(folder, "blobs", "sha256"))
    await failWrites(method)
    const response = await registry.send(verb, path, { body })
    expect(response.status).toBe(507)
    expect(await faultCode(response)).toBe("UNAVAILABLE")
    vi.restoreAllMocks()
    expect(await readdir(join(folder, "blobs", "sha256"))).toEqual(before)
    expect(await readdir(join(folder, "uploads"))).toEqual([])
    expect((await registry.send("GET", `/v2/${NAME}/manifests/v2`)).status).toBe(404)
    expect((await registry.send(verb, path, { body })).status).toBe(201)
  })

  it("keeps the part of an upload that was acknowledged", async () => {
    const registry = createHandlerFixture({ storage: await openStorage() })
    const location = (await registry.send("POST", `/v2/${NAME}/blobs/uploads/`)).headers.get("location") ?? ""
    await registry.send("PATCH", location, { body: "0123" })
    await failWrites("writev")
    expect((await registry.send("PATCH", location, { body: "4567" })).status).toBe(507)
    vi.restoreAllMocks()
    expect((await registry.send("GET", location)).headers.get("range")).toBe("0-3")
    await registry.send("PATCH", location, { body: "4567" })
    expect((await registry.send("PUT", `${location}?digest=${digestOf("01234567")}`)).status).toBe(201)
    expect(await readFile(fileOf(digestOf("01234567")), "utf8")).toBe("01234567")
  })
})

it.skipIf(process.getuid?.() === 0)("a folder without rights is E_IO", async () => {
  await chmod(folder, 0o500)
  await expect(openStorage()).rejects.toMatchObject({ code: "E_IO" })
  await chmod(folder, 0o700)
})
