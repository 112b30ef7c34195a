import { describe, expect, it } from "vitest"
import { MIB } from "../../core/limits.ts"
import { OCI_MANIFEST } from "../../core/media-types.ts"
import {
  artifact,
  createHandlerFixture,
  digestOf,
  EMPTY,
  faultCode,
  index,
  NAME,
  withArtifact,
} from "./handler-fixture.ts"

async function expectFault(response: Response, status: number, code: string): Promise<void> {
  expect(response.status).toBe(status)
  expect(response.headers.get("content-type")).toBe("application/json")
  expect(await faultCode(response)).toBe(code)
}

describe("manifests", () => {
  it("is served as it was pushed", async () => {
    const registry = await withArtifact()
    const response = await registry.send("GET", `/v2/${NAME}/manifests/v1`)
    expect(await response.text()).toBe(JSON.stringify(artifact()))
    expect(response.headers.get("content-type")).toBe(OCI_MANIFEST)
    expect(response.headers.get("etag")).toBe(`"${digestOf(JSON.stringify(artifact()))}"`)
  })

  it("by sha512 it is known by that digest", async () => {
    const registry = await withArtifact()
    const text = JSON.stringify(artifact())
    const digest = digestOf(text, "sha512")
    const put = await registry.send("PUT", `/v2/${NAME}/manifests/${digest}?tag=a&tag=b`, { body: text })
    expect(put.headers.get("docker-content-digest")).toBe(digest)
    expect(put.headers.get("oci-tag")).toBe("a, b")
    expect((await registry.send("HEAD", `/v2/${NAME}/manifests/b`)).headers.get("docker-content-digest")).toBe(digest)
  })

  it("adv: harbor 2f47c5de84, CVE-2017-11468 more than 4 MiB is 413 and never parsed", async () => {
    const registry = await withArtifact()
    const padded = (size: number): string => {
      const text = JSON.stringify(artifact({ pad: "" }))
      return text.replace('"pad":""', `"pad":"${"x".repeat(size - text.length)}"`)
    }
    const exact = padded(4 * MIB)
    expect((await registry.send("PUT", `/v2/${NAME}/manifests/exact`, { body: exact })).status).toBe(201)
    const over = await registry.send("PUT", `/v2/${NAME}/manifests/over`, { body: padded(4 * MIB + 1) })
    expect(over.status).toBe(413)
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(MIB).fill(0x20))
      },
    })
    expect((await registry.send("PUT", `/v2/${NAME}/manifests/over`, { body: endless })).status).toBe(413)
    expect((await registry.send("GET", `/v2/${NAME}/manifests/over`)).status).toBe(404)
  })

  it.each([
    ["a blob that is not there", artifact({ layers: [{ mediaType: "a/b", digest: digestOf("no"), size: 2 }] })],
    ["a blob of another repository", artifact({ layers: [{ mediaType: "a/b", digest: digestOf("else"), size: 4 }] })],
    ["a child that is not there", index([{ mediaType: OCI_MANIFEST, digest: digestOf("no"), size: 2 }])],
  ])("refuses %s", async (_, manifest) => {
    const registry = await withArtifact()
    await registry.pushBlob("other/app", "else")
    const put = await registry.send("PUT", `/v2/${NAME}/manifests/x`, { body: JSON.stringify(manifest) })
    await expectFault(put, 400, "MANIFEST_BLOB_UNKNOWN")
  })

  it("accepts them when told that content may be elsewhere", async () => {
    const registry = createHandlerFixture({ sparse: true })
    await registry.pushManifest(NAME, index([{ mediaType: OCI_MANIFEST, digest: digestOf("no"), size: 2 }]), "x")
  })

  it.each([
    ["another digest than its own", `/v2/${NAME}/manifests/${digestOf("other")}`, 400, "DIGEST_INVALID"],
    ["tag parameters by tag", `/v2/${NAME}/manifests/v1?tag=a`, 400, "UNSUPPORTED"],
    ["a malformed tag parameter", `/v2/${NAME}/manifests/DIGEST?tag=.a`, 400, "TAG_INVALID"],
    [
      "101 tag parameters",
      `/v2/${NAME}/manifests/DIGEST?${Array.from({ length: 101 }, (_, at) => `tag=t${String(at)}`).join("&")}`,
      414,
      "UNSUPPORTED",
    ],
  ])("refuses %s", async (_, path, status, code) => {
    const registry = await withArtifact()
    const body = JSON.stringify(artifact())
    await expectFault(await registry.send("PUT", path.replace("DIGEST", digestOf(body)), { body }), status, code)
  })

  it("deletes a tag alone, and a digest with all its tags", async () => {
    const registry = await withArtifact()
    const digest = await registry.pushManifest(NAME, artifact(), "v2")
    expect((await registry.send("DELETE", `/v2/${NAME}/manifests/v1`)).status).toBe(202)
    expect((await registry.send("GET", `/v2/${NAME}/manifests/${digest}`)).status).toBe(200)
    expect((await registry.send("DELETE", `/v2/${NAME}/manifests/${digest}`)).status).toBe(202)
    await expectFault(await registry.send("GET", `/v2/${NAME}/manifests/v2`), 404, "MANIFEST_UNKNOWN")
    await expectFault(await registry.send("DELETE", `/v2/${NAME}/manifests/${digest}`), 404, "MANIFEST_UNKNOWN")
  })

  it("adv: CVE-2026-41888 nothing is deleted when deletion is disabled", async () => {
    const registry = await withArtifact({ allowDelete: false })
    const digest = digestOf(JSON.stringify(artifact()))
    const upload = (await registry.send("POST", `/v2/${NAME}/blobs/uploads/`)).headers.get("location") ?? ""
    const fallback = `/v2/${NAME}/manifests/${digest.replace(":", "-")}`
    for (const path of [
      `/v2/${NAME}/manifests/v1`,
      `/v2/${NAME}/manifests/${digest}`,
      `/v2/${NAME}/blobs/${digestOf(EMPTY)}`,
      fallback,
      upload,
    ]) {
      await expectFault(await registry.send("DELETE", path), 405, "UNSUPPORTED")
    }
    expect((await registry.send("GET", `/v2/${NAME}/manifests/v1`)).status).toBe(200)
  })
})

describe("conditions on tags", () => {
  const first = `"${digestOf(JSON.stringify(artifact()))}"`
  it.each([
    ["PUT", "v1", { "If-Match": first }, 201],
    ["PUT", "v1", { "If-Match": `"sha256:x", ${first}` }, 201],
    ["PUT", "v1", { "If-Match": "*" }, 201],
    ["PUT", "v1", { "If-Match": '"sha256:other"' }, 412],
    ["PUT", "v1", { "If-Match": `W/${first}` }, 412],
    ["PUT", "v1", { "If-None-Match": "*" }, 412],
    ["PUT", "v1", { "If-None-Match": first }, 412],
    ["PUT", "new", { "If-None-Match": "*" }, 201],
    ["PUT", "new", { "If-Match": "*" }, 412],
    ["PUT", "new", { "If-Match": first }, 412],
    ["PUT", "v1", { "If-Match": "sha256:unquoted" }, 400],
    ["PUT", "v1", { "If-Match": "" }, 400],
    ["DELETE", "v1", { "If-Match": first }, 202],
    ["DELETE", "v1", { "If-Match": '"sha256:other"' }, 412],
    ["DELETE", "new", { "If-Match": "*" }, 412],
    ["DELETE", "new", {}, 404],
  ] as const)("%s %s with %j is %i", async (method, tag, headers, status) => {
    const registry = await withArtifact()
    const body = method === "PUT" ? { body: JSON.stringify(artifact({ annotations: { second: "1" } })) } : {}
    const response = await registry.send(method, `/v2/${NAME}/manifests/${tag}`, { ...body, headers })
    expect(response.status).toBe(status)
    if (status === 412) expect(await faultCode(response)).toBe("PRECONDITION_FAILED")
    const after = await registry.send("HEAD", `/v2/${NAME}/manifests/v1`)
    if (status >= 400) expect(after.headers.get("etag")).toBe(first)
  })

  it("lets one of many writers win", async () => {
    const registry = await withArtifact()
    const writers = Array.from({ length: 20 }, (_, at) =>
      registry.send("PUT", `/v2/${NAME}/manifests/v1`, {
        body: JSON.stringify(artifact({ annotations: { writer: String(at) } })),
        headers: { "If-Match": first },
      }),
    )
    const statuses = (await Promise.all(writers)).map((response) => response.status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(1)
    expect(statuses.filter((status) => status === 412)).toHaveLength(19)
  })

  it("answers 304 to who has it", async () => {
    const registry = await withArtifact()
    const response = await registry.send("GET", `/v2/${NAME}/manifests/v1`, { headers: { "If-None-Match": first } })
    expect(response.status).toBe(304)
  })
})
