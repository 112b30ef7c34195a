import { createHash } from "node:crypto"
import { afterEach, describe, expect, it } from "vitest"
import { startTestRegistry, type TestRegistry } from "./test-registry.ts"

const started: TestRegistry[] = []
afterEach(async () => {
  for (const registry of started.splice(0)) await registry.close()
})

async function start(options: Parameters<typeof startTestRegistry>[0] = {}): Promise<TestRegistry> {
  const registry = await startTestRegistry(options)
  started.push(registry)
  return registry
}

const blob = new TextEncoder().encode("hello")
const digest = `sha256:${createHash("sha256").update(blob).digest("hex")}`

describe("startTestRegistry", () => {
  it("stores over a socket and records each request", async () => {
    const registry = await start()
    const push = await fetch(`${registry.url}/v2/demo/app/blobs/uploads/?digest=${digest}`, {
      method: "POST",
      body: blob,
    })
    expect(push.status).toBe(201)
    const pull = await fetch(`${registry.url}/v2/demo/app/blobs/${digest}`)
    expect(await pull.text()).toBe("hello")
    expect(registry.requests.map((entry) => [entry.method, entry.path, entry.status])).toEqual([
      ["POST", `/v2/demo/app/blobs/uploads/?digest=${digest}`, 201],
      ["GET", `/v2/demo/app/blobs/${digest}`, 200],
    ])
    registry.clearRequests()
    expect(registry.requests).toEqual([])
  })

  it("refuses to delete when told so", async () => {
    const registry = await start({ allowDelete: false })
    const answer = await fetch(`${registry.url}/v2/demo/app/blobs/${digest}`, { method: "DELETE" })
    expect(answer.status).toBe(405)
  })
})
