import { afterEach, describe as suite, expect, it } from "vitest"

import { CONDITION_APPLIED } from "../../core/condition-applied.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import type { TagChange } from "../../core/ports.ts"
import { describe, EMPTY, json, MANIFEST_TYPE, sha256, startRegistry, type TestRegistry } from "./test-registry.ts"

const running: TestRegistry[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
})

async function registry(conditions: boolean | "if-match" | "if-none-match"): Promise<TestRegistry> {
  const started = await startRegistry({ conditions })
  running.push(started)
  return started
}

const config = describe(EMPTY, "application/vnd.oci.image.config.v1+json")
const blobs = [{ descriptor: config, source: { bytes: EMPTY } }]

function listed(bytes: Uint8Array): Record<string, string> {
  return (JSON.parse(new TextDecoder().decode(bytes)) as { annotations: Record<string, string> }).annotations
}

function manifest(annotations: Record<string, string>): Uint8Array {
  return json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [], annotations })
}

/** Adds a name to those in the manifest. */
function adding(name: string): TagChange {
  return (current) => {
    const before = current === undefined ? {} : listed(current.bytes)
    if (Object.hasOwn(before, name)) return Promise.resolve(undefined)
    return Promise.resolve({ bytes: manifest({ ...before, [name]: "" }), mediaType: MANIFEST_TYPE, blobs })
  }
}

const holding =
  (name: string) =>
  ({ bytes }: { readonly descriptor: Descriptor; readonly bytes: Uint8Array }): boolean =>
    Object.hasOwn(listed(bytes), name)

/** Somebody without manners replaces the tag, whatever is there. */
function overwrite(server: TestRegistry, tag: string, name: string): void {
  const bytes = Buffer.from(manifest({ [name]: "" }))
  server.manifests.set(sha256(bytes), { bytes, type: MANIFEST_TYPE })
  server.tags.set(tag, sha256(bytes))
}

/** Do something once, right before the first request to the tag that has the header. */
function once(server: TestRegistry, tag: string, header: string, act: () => void): void {
  let done = false
  server.manners.intercept = (request, _response, path) => {
    if (!done && path.endsWith(`/manifests/${tag}`) && request.headers[header] !== undefined) {
      done = true
      act()
    }
    return false
  }
}

/** Methods of the requests to a tag from the first write that was under a condition of this kind. */
function from(server: TestRegistry, tag: string, header: string): readonly string[] {
  const all = server.log.filter((one) => one.path.endsWith(`/manifests/${tag}`))
  const first = all.findIndex((one) => one.headers[header] !== undefined)
  return all.slice(first).map((one) => one.method)
}

suite("a kind of condition is trusted only once it was seen to count", () => {
  it("a refused If-None-Match says nothing about If-Match: nothing is lost", async () => {
    const server = await registry("if-none-match")
    const client = server.client()
    once(server, "t", "if-none-match", () => {
      overwrite(server, "t", "theirs")
    })
    await client.updateTag("t", adding("first"), holding("first"))
    expect(from(server, "t", "if-match").slice(0, 4)).toEqual(["PUT", "GET", "GET", "GET"])
    // Overwritten right after it was accepted: only a second look notices.
    let writes = 0
    server.manners.intercept = (request, _response, path) => {
      if (!path.endsWith("/manifests/t")) return false
      if (request.method === "PUT") writes++
      else if (writes === 1) {
        writes++
        overwrite(server, "t", "careless")
      }
      return false
    }
    await client.updateTag("t", adding("second"), holding("second"))
    expect(Object.keys(listed(server.manifests.get(server.tags.get("t")!)!.bytes))).toEqual(["careless", "second"])
  })

  it("a refused If-Match says nothing about If-None-Match", async () => {
    const server = await registry("if-match")
    const client = server.client()
    await client.updateTag("t", adding("first"), holding("first"))
    once(server, "t", "if-match", () => {
      overwrite(server, "t", "theirs")
    })
    await client.updateTag("t", adding("second"), holding("second"))
    await client.updateTag("new", adding("first"), holding("first"))
    expect(from(server, "new", "if-none-match")).toEqual(["PUT", "GET", "GET", "GET"])
  })

  it("a refused If-Match makes one accepted write under If-Match enough", async () => {
    const server = await registry("if-match")
    const client = server.client()
    await client.updateTag("t", adding("first"), holding("first"))
    once(server, "t", "if-match", () => {
      overwrite(server, "t", "theirs")
    })
    await client.updateTag("t", adding("second"), holding("second"))
    expect(from(server, "t", "if-match")).toEqual(["PUT", "GET", "PUT"])
  })

  it("the mark of a registry that says so makes both enough", async () => {
    const server = await registry(true)
    const client = server.client()
    server.manners.intercept = (request, response) => {
      if (request.method === "PUT") response.setHeader(CONDITION_APPLIED, "true")
      return false
    }
    await client.updateTag("t", adding("first"), holding("first"))
    await client.updateTag("t", adding("second"), holding("second"))
    expect(from(server, "t", "if-none-match")).toEqual(["PUT", "GET", "PUT"])
  })
})
