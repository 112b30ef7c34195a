import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { artifact, createHandlerFixture, digestOf, EMPTY, NAME, withArtifact } from "./handler-fixture.ts"

const runs = Number(process.env["PROPERTY_RUNS"] ?? 300)
const method = fc.constantFrom("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS")
const piece = fc.oneof(
  fc.constantFrom("v2", "demo", "app", "blobs", "manifests", "uploads", "tags", "list", "referrers", "_catalog", "v1"),
  fc.constantFrom(digestOf(EMPTY), "sha256:zz", "..", ".", "", "%2f", "%3A", "%00", "a%2e%2e", "\\", ";x", "ä"),
  fc.string({ maxLength: 8 }).map(encodeURIComponent),
)
const path = fc.array(piece, { maxLength: 7 }).map((pieces) => `/v2/${pieces.join("/")}`)
const query = fc.constantFrom("", "?n=1", "?n=x", "?last=%00", "?digest=sha256:0", "?mount=x&from=y", "?tag=a", "?%")
const header = fc.constantFrom<Record<string, string>>(
  {},
  { "Content-Range": "0-0" },
  { "Content-Range": "x" },
  { Range: "bytes=-1" },
  { "If-Match": '"x"' },
  { "Content-Type": "text/html" },
)

describe("whatever is asked", () => {
  it("the answer is an answer, never a failure", async () => {
    const registry = await withArtifact()
    await fc.assert(
      fc.asyncProperty(method, path, query, header, fc.string(), async (verb, target, search, headers, text) => {
        const body = verb === "GET" || verb === "HEAD" ? {} : { body: text }
        const response = await registry.send(verb, target + search, { headers, ...body })
        expect(response.status).toBeLessThan(500)
        await response.arrayBuffer()
      }),
      { numRuns: runs },
    )
    expect(registry.warnings).toEqual([])
  })

  it("a changed manifest is not stored under the digest of the first", async () => {
    const text = new TextEncoder().encode(JSON.stringify(artifact()))
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.nat(7), async (at, bit) => {
        const registry = createHandlerFixture()
        await registry.pushBlob(NAME, EMPTY)
        const body = text.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte))
        const response = await registry.send("PUT", `/v2/${NAME}/manifests/${digestOf(text)}`, { body })
        expect(response.status).toBe(400)
      }),
      { numRuns: Math.min(runs, 100) },
    )
  })
})
