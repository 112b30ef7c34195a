import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { RunningServer, ServeOptions } from "../../app/world.ts"
import { digestOf } from "./handler-fixture.ts"
import { serveRegistry } from "./serve-registry.ts"

let folder: string
const running: RunningServer[] = []
const log: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-serve-"))
  log.length = 0
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
  await rm(folder, { recursive: true, force: true })
})

async function serve(options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  const host = { clock: { now: () => 0 }, log: (line: string) => void log.push(line) }
  const server = await serveRegistry({ listen: "127.0.0.1:0", ...options }, host)
  running.push(server)
  return server
}

const push = (address: string): Promise<Response> =>
  fetch(`http://${address}/v2/demo/app/blobs/uploads/?digest=${digestOf("x")}`, { method: "POST", body: "x" })

const temporaries = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("countersign-registry-"))

describe("serveRegistry", () => {
  it("keeps its data folder", async () => {
    const first = await serve({ data: folder })
    expect((await push(first.address)).status).toBe(201)
    await running.pop()?.close()
    const second = await serve({ data: folder })
    const pull = await fetch(`http://${second.address}/v2/demo/app/blobs/${digestOf("x")}`)
    expect(await pull.text()).toBe("x")
  })

  it("removes a temporary folder", async () => {
    const before = await temporaries()
    const server = await serve()
    expect((await push(server.address)).status).toBe(201)
    expect((await temporaries()).length).toBeGreaterThan(before.length - 1)
    await running.pop()?.close()
    expect((await temporaries()).filter((name) => !before.includes(name))).toEqual([])
  })

  it.each([
    [undefined, 405],
    [true, 202],
  ])("deletion allowed: %s", async (allowDelete, status) => {
    const server = await serve(allowDelete === undefined ? {} : { allowDelete })
    await push(server.address)
    const url = `http://${server.address}/v2/demo/app/blobs/${digestOf("x")}`
    expect((await fetch(url, { method: "DELETE" })).status).toBe(status)
  })

  it("logs requests as JSON", async () => {
    const server = await serve({ logFormat: "json" })
    await push(server.address)
    await running.pop()?.close()
    expect(JSON.parse(log[0] ?? "")).toMatchObject({ event: "registry.request", method: "POST", status: 201 })
  })

  it.runIf(process.platform === "linux")("fails at once for a folder where none can be made", async () => {
    await expect(serve({ data: "/proc/countersign" })).rejects.toMatchObject({
      code: "E_IO",
      what: "cannot create the storage folder",
      why: expect.stringContaining("/proc/countersign") as string,
    })
  })

  it("fails for an address in use, and leaves the folder free", async () => {
    const { address } = await serve({ data: folder })
    const other = await mkdtemp(join(tmpdir(), "countersign-serve-"))
    await expect(serve({ data: other, listen: address })).rejects.toMatchObject({ code: "E_ADDRESS_IN_USE" })
    await serve({ data: other })
    await expect(serve({ data: other })).rejects.toMatchObject({ code: "E_STORAGE_LOCKED" })
    await rm(other, { recursive: true, force: true })
  })
})
