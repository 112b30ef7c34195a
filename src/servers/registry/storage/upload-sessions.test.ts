import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createHandlerFixture, digestOf, NAME, type HandlerFixture } from "../handler-fixture.ts"
import { openFileStorage } from "./file-storage.ts"
import type { RegistryStorage } from "./storage.ts"
import type { UploadLimits } from "./upload-register.ts"

let folder: string
let now = 0
let storage: RegistryStorage | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-uploads-"))
  now = 1_700_000_000_000
})
afterEach(async () => {
  await storage?.close()
  storage = undefined
  await rm(folder, { recursive: true, force: true })
})

/** Open the folder, again if it is open. */
async function open(uploads: Partial<UploadLimits>): Promise<HandlerFixture> {
  await storage?.close()
  storage = await openFileStorage({ folder, durability: "fast", clock: { now: () => now }, uploads })
  return createHandlerFixture({ storage })
}

async function begin(registry: HandlerFixture, repository = NAME, bytes = ""): Promise<string> {
  now += 1
  const response = await registry.send("POST", `/v2/${repository}/blobs/uploads/`)
  expect(response.status).toBe(202)
  const location = response.headers.get("location") ?? ""
  if (bytes !== "") expect((await registry.send("PATCH", location, { body: bytes })).status).toBe(202)
  return location
}

const status = async (registry: HandlerFixture, location: string): Promise<number> =>
  (await registry.send("GET", location)).status

const MINUTES = 60_000

describe("class: sessions that cost nothing must not keep others from pushing", () => {
  it("the oldest session without bytes makes room, those with bytes stay", async () => {
    const registry = await open({ sessions: 3 })
    const busy = await begin(registry, NAME, "0123")
    const first = await begin(registry)
    const second = await begin(registry)
    for (let more = 0; more < 20; more += 1) await begin(registry, "evil/app")
    expect(await Promise.all([busy, first, second].map((location) => status(registry, location)))).toEqual([
      204, 404, 404,
    ])
    expect(await readdir(join(folder, "uploads"))).toHaveLength(3)
    expect((await registry.send("PUT", `${busy}?digest=${digestOf("0123")}`)).status).toBe(201)
  })

  it("holds for many requests at once", async () => {
    const registry = await open({ sessions: 5 })
    const path = `/v2/${NAME}/blobs/uploads/`
    const all = await Promise.all(Array.from({ length: 60 }, () => registry.send("POST", path)))
    expect(new Set(all.map((response) => response.status))).toEqual(new Set([202, 429]))
    expect((await readdir(join(folder, "uploads"))).length).toBeLessThanOrEqual(5)
    await begin(registry)
  })

  it("one repository does not use up the room of the others", async () => {
    const registry = await open({ sessions: 10, perRepository: 2 })
    for (let at = 0; at < 2; at += 1) await begin(registry, "evil/app", "x")
    const refused = await registry.send("POST", "/v2/evil/app/blobs/uploads/")
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"])
    await begin(registry, NAME)
  })

  it("a session with bytes gives way only when it was idle for minutes and its place is needed", async () => {
    const registry = await open({ sessions: 2, idleMs: 10 * MINUTES })
    const idle = await begin(registry, NAME, "x")
    const used = await begin(registry, NAME, "x")
    expect((await registry.send("POST", `/v2/${NAME}/blobs/uploads/`)).status).toBe(429)
    now += 11 * MINUTES
    expect((await registry.send("PATCH", used, { body: "y" })).status).toBe(202)
    await begin(registry)
    expect([await status(registry, idle), await status(registry, used)]).toEqual([404, 204])
  })

  it("sessions without bytes expire after minutes, those with bytes after hours", async () => {
    const registry = await open({ idleMs: 10 * MINUTES, ageMs: 600 * MINUTES })
    const empty = await begin(registry)
    const some = await begin(registry, NAME, "x")
    now += 11 * MINUTES
    await begin(registry)
    expect([await status(registry, empty), await status(registry, some)]).toEqual([404, 204])
    now += 600 * MINUTES
    await begin(registry)
    expect(await status(registry, some)).toBe(404)
    expect(await readdir(join(folder, "uploads"))).toHaveLength(1)
  })

  it("knows after a restart which sessions are empty", async () => {
    const before = await open({ sessions: 2 })
    const empty = await begin(before)
    const some = await begin(before, NAME, "x")
    const registry = await open({ sessions: 2 })
    const next = await begin(registry)
    expect(await Promise.all([empty, some, next].map((location) => status(registry, location)))).toEqual([
      404, 204, 204,
    ])
  })

  it("a push in one request is not counted, and leaves nothing when it is refused", async () => {
    const registry = await open({ sessions: 1 })
    await begin(registry, NAME, "x")
    await Promise.all(Array.from({ length: 8 }, (_, at) => registry.pushBlob("demo/other", `blob ${String(at)}`)))
    const wrong = `/v2/demo/other/blobs/uploads/?digest=${digestOf("a")}`
    expect((await registry.send("POST", wrong, { body: "b" })).status).toBe(400)
    expect(await readdir(join(folder, "uploads"))).toHaveLength(1)
    expect((await registry.send("POST", `/v2/${NAME}/blobs/uploads/`)).status).toBe(429)
  })
})

describe("class: a dead connection in the middle of an upload", () => {
  /** A body that gave `text` and then waits for ever; `read` resolves when all of it was taken. */
  function hanging(text: string): { readonly body: ReadableStream<Uint8Array>; readonly read: Promise<void> } {
    let taken: () => void = () => undefined
    const read = new Promise<void>((resolve) => {
      taken = resolve
    })
    let sent = false
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (sent) {
            taken()
            return new Promise(() => undefined)
          }
          sent = true
          controller.enqueue(new TextEncoder().encode(text))
          return undefined
        },
      },
      { highWaterMark: 0 },
    )
    return { body, read }
  }

  it("its status is answered at once", async () => {
    const registry = await open({})
    const location = await begin(registry, NAME, "01")
    const { body, read } = hanging("2345")
    const dead = registry.send("PATCH", location, { body })
    await read
    expect((await registry.send("GET", location)).headers.get("range")).toBe("0-1")
    expect((await registry.send("DELETE", location)).status).toBe(204)
    expect((await dead).status).toBe(400)
  })

  it.each(["PATCH", "PUT"])("a new %s takes over where the dead one got to", async (method) => {
    const registry = await open({})
    const location = await begin(registry, NAME, "01")
    const { body, read } = hanging("2345")
    const dead = registry.send("PATCH", location, { body })
    await read
    const headers = { "Content-Range": "2-3" }
    const query = method === "PUT" ? `?digest=${digestOf("01")}` : ""
    const refused = await registry.send(method, location + query, { body: "23", headers })
    expect([refused.status, refused.headers.get("range")]).toEqual([416, "0-5"])
    expect((await dead).status).toBe(400)
    const closed = await registry.send("PUT", `${location}?digest=${digestOf("01234567")}`, {
      body: "67",
      headers: { "Content-Range": "6-7" },
    })
    expect(closed.status).toBe(201)
  })

  it("the newest of several waiting requests is served", async () => {
    const registry = await open({})
    const location = await begin(registry)
    const bodies = ["0123", "4567", "89"].map(hanging)
    const dead = bodies.map(({ body }) => registry.send("PATCH", location, { body }))
    expect((await registry.send("PATCH", location, { body: "" })).status).toBe(202)
    expect((await Promise.all(dead)).map((response) => response.status)).toEqual([400, 400, 400])
  })

  it("another repository's name for the session ends nothing", async () => {
    const registry = await open({})
    const location = await begin(registry)
    const { body, read } = hanging("0123")
    const patch = registry.send("PATCH", location, { body })
    await read
    for (const method of ["PATCH", "DELETE"]) {
      expect((await registry.send(method, location.replace(NAME, "evil/app"))).status).toBe(404)
    }
    const first = await Promise.race([patch, Promise.resolve("still open")])
    expect(first).toBe("still open")
    await registry.send("DELETE", location)
    await patch
  })

  it("it makes no room for others, and closing the storage does not wait for it", async () => {
    const registry = await open({ sessions: 1, idleMs: 10 * MINUTES })
    const location = await begin(registry)
    const { body, read } = hanging("0123")
    const dead = registry.send("PATCH", location, { body })
    await read
    now += 60 * MINUTES
    expect((await registry.send("POST", `/v2/${NAME}/blobs/uploads/`)).status).toBe(429)
    const again = await open({})
    expect((await dead).status).toBe(400)
    expect((await again.send("GET", location)).headers.get("range")).toBe("0-3")
  })
})
