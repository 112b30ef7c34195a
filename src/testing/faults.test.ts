import { gunzipSync } from "node:zlib"
import { afterEach, beforeAll, describe, expect, it, afterAll } from "vitest"
import { OCI_INDEX, OCI_MANIFEST } from "../core/media-types.ts"
import { artifact, descriptorOf, digestOf, EMPTY, index, NAME } from "../servers/registry/handler-fixture.ts"
import type { RegistryFaults } from "./faults/registry-faults.ts"
import { startTestRegistry, type TestRegistry } from "./test-registry.ts"

const subject = descriptorOf(artifact())
const hex = subject.digest.slice("sha256:".length)
const zeros = `sha256:${"0".repeat(64)}`
const referrers = `/v2/${NAME}/referrers/${subject.digest}`
const manifest = `/v2/${NAME}/manifests/${subject.digest}`
const blob = `/v2/${NAME}/blobs/${digestOf(EMPTY)}`

let registry: TestRegistry

async function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(path.startsWith("http") ? path : registry.url + path, { redirect: "manual", ...init, method })
}

async function put(reference: string, document: object, headers: Record<string, string> = {}): Promise<Response> {
  const type = (document as { mediaType?: string }).mediaType ?? OCI_MANIFEST
  return send("PUT", `/v2/${NAME}/manifests/${reference}`, {
    body: JSON.stringify(document),
    headers: { "Content-Type": type, ...headers },
  })
}

async function code(response: Response): Promise<string | undefined> {
  return ((await response.json()) as { errors: { code: string }[] }).errors[0]?.code
}

beforeAll(async () => {
  registry = await startTestRegistry()
  await send("POST", `/v2/${NAME}/blobs/uploads/?digest=${digestOf(EMPTY)}`, { body: EMPTY })
  expect((await put("v1", artifact())).status).toBe(201)
})
afterAll(() => registry.close())
afterEach(() => {
  registry.reset()
})

describe("statuses and headers", () => {
  it.each<[string, RegistryFaults, string, string, number, Record<string, string | null>]>([
    ["no fault", {}, "GET", referrers, 200, { "content-type": OCI_INDEX }],
    ["404 text", { referrers: "404-text" }, "GET", referrers, 404, { "content-type": "text/plain; charset=utf-8" }],
    ["404 name", { referrers: "404-name-unknown" }, "GET", referrers, 404, { "content-type": "application/json" }],
    ["403", { referrers: "403" }, "GET", referrers, 403, {}],
    ["405", { referrers: "405" }, "GET", referrers, 405, {}],
    ["429", { referrers: "429" }, "GET", referrers, 429, {}],
    ["501", { referrers: "501" }, "GET", referrers, 501, {}],
    ["html", { referrers: "200-html" }, "GET", referrers, 200, { "content-type": "text/html" }],
    ["no filter", { filterIgnored: true }, "GET", `${referrers}?artifactType=x`, 200, { "oci-filters-applied": null }],
    ["link", { nextLink: "http://[::1]/x" }, "GET", referrers, 200, { link: '<http://[::1]/x>; rel="next"' }],
    ["no digest", { digestHeader: "absent" }, "GET", manifest, 200, { "docker-content-digest": null }],
    ["other digest", { digestHeader: "wrong" }, "HEAD", manifest, 200, { "docker-content-digest": zeros }],
    ["no HEAD", { headUnsupported: true }, "HEAD", blob, 405, {}],
    ["no HEAD, but GET", { headUnsupported: true }, "GET", blob, 200, {}],
    ["POST refused", { singlePost: 405 }, "POST", `/v2/${NAME}/blobs/uploads/?digest=${zeros}`, 405, {}],
    ["POST goes on", { singlePost: 202 }, "POST", `/v2/${NAME}/blobs/uploads/?digest=${zeros}`, 202, {}],
    ["Location", { locationUrl: "//evil/x" }, "POST", `/v2/${NAME}/blobs/uploads/`, 202, { location: "//evil/x" }],
    ["elsewhere", { where: () => false, referrers: "403" }, "GET", referrers, 200, {}],
  ])("%s", async (_, faults, method, path, status, headers) => {
    registry.setFaults(faults)
    const response = await send(method, path)
    expect(response.status).toBe(status)
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name)).toBe(value)
  })

  it.each<["303-other-host" | "blobRedirect", RegistryFaults, string, number]>([
    ["303-other-host", { referrers: "303-other-host" }, referrers, 303],
    ["blobRedirect", { blobRedirect: true }, blob, 307],
  ])("%s leads to another origin", async (_, faults, path, status) => {
    registry.setFaults(faults)
    const response = await send("GET", path)
    expect(response.status).toBe(status)
    expect(response.headers.get("location")).toContain(registry.objectStore.url)
  })

  it("the other origin has the content and refuses credentials", async () => {
    registry.setFaults({ blobRedirect: true })
    const location = (await send("GET", blob)).headers.get("location") ?? ""
    expect(await (await send("GET", location)).text()).toBe(EMPTY)
    expect((await send("GET", location, { headers: { Authorization: "Bearer x" } })).status).toBe(400)
    expect(registry.objectStore.requests.map((entry) => entry.status)).toEqual([200, 400])
  })

  it.each(["absolute", "other-host", "query"] as const)(
    "uploads work through a Location that is %s",
    async (location) => {
      registry.setFaults({ location })
      const begun = (await send("POST", `/v2/${NAME}/blobs/uploads/`)).headers.get("location") ?? ""
      const url = new URL(begun, registry.url)
      url.searchParams.set("digest", digestOf(location))
      expect((await send("PUT", url.href, { body: location })).status).toBe(201)
    },
  )

  it("PATCH answers as told", async () => {
    registry.setFaults({ patchStatus: 204 })
    const location = (await send("POST", `/v2/${NAME}/blobs/uploads/`)).headers.get("location") ?? ""
    expect((await send("PATCH", location, { body: "x" })).status).toBe(204)
  })
})

describe("content", () => {
  it("wrong bytes have the right length", async () => {
    registry.setFaults({ wrongBytes: "manifests" })
    const response = await send("GET", manifest)
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect(bytes.length).toBe(subject.size)
    expect(digestOf(bytes)).not.toBe(subject.digest)
    expect(await (await send("GET", blob)).text()).toBe(EMPTY)
  })

  it("extra bytes are announced", async () => {
    registry.setFaults({ extraBytes: 10 })
    expect((await send("GET", blob)).headers.get("content-length")).toBe("12")
  })

  it("is compressed unasked", async () => {
    registry.setFaults({ gzip: true })
    const response = await send("GET", manifest)
    expect(response.headers.get("content-encoding")).toBe("gzip")
    expect(gunzipSync(new Uint8Array(await rawBody(manifest))).length).toBe(subject.size)
  })

  it.each(["resetDownloadAt", "truncateDownloadAt"] as const)("%s breaks as often as told", async (name) => {
    registry.setFaults({ [name]: { byte: 1, times: 1 } })
    await expect(send("GET", manifest).then((response) => response.text())).rejects.toThrow()
    expect((await (await send("GET", manifest)).text()).length).toBe(subject.size)
  })

  it("resetUploadAt keeps the bytes before", async () => {
    const location = (await send("POST", `/v2/${NAME}/blobs/uploads/`)).headers.get("location") ?? ""
    registry.setFaults({ resetUploadAt: { byte: 4, times: 1 } })
    await expect(send("PATCH", location, { body: "0123456789" })).rejects.toThrow()
    expect((await send("GET", location)).headers.get("range")).toBe("0-3")
  })
})

describe("tags", () => {
  it("cannot be moved", async () => {
    registry.setFaults({ immutableTags: true })
    expect(await code(await put("v1", artifact()))).toBe("TAG_INVALID")
    expect((await put("fresh", artifact())).status).toBe(201)
  })

  it("conditions are ignored", async () => {
    const headers = { "If-Match": '"sha256:other"' }
    expect((await put("v1", artifact(), headers)).status).toBe(412)
    registry.setFaults({ conditionsIgnored: true })
    expect((await put("v1", artifact(), headers)).status).toBe(201)
  })

  it("cannot be read while written", async () => {
    registry.setFaults({ tagReadDuringWrite: 500 })
    const writing = put("v1", artifact())
    const statuses = new Set<number>()
    while (!statuses.has(500)) statuses.add((await send("GET", `/v2/${NAME}/manifests/v1`)).status)
    expect((await writing).status).toBe(201)
    expect((await send("GET", `/v2/${NAME}/manifests/v1`)).status).toBe(200)
  })

  it("the referrers tag resolves to the subject", async () => {
    registry.setFaults({ fallbackTagIsSubject: true })
    const response = await send("GET", `/v2/${NAME}/manifests/sha256-${hex}`)
    expect(response.headers.get("docker-content-digest")).toBe(subject.digest)
  })

  it("the fallback index claims a type", async () => {
    await put(`sha256-${hex}`, index([{ ...subject, annotations: { a: "b" } }]))
    registry.setFaults({ fallbackArtifactType: "application/vnd.oci.empty.v1+json" })
    const { manifests } = (await (await send("GET", `/v2/${NAME}/manifests/sha256-${hex}`)).json()) as {
      manifests: object[]
    }
    expect(manifests).toEqual([{ ...subject, artifactType: "application/vnd.oci.empty.v1+json" }])
  })

  it("what an index lists cannot be deleted", async () => {
    const child = artifact({ annotations: { child: "1" } })
    await put("child", child)
    await put("listing", index([descriptorOf(child)]))
    registry.setFaults({ deleteRefusedWhileIndexed: true })
    expect((await send("DELETE", `/v2/${NAME}/manifests/${descriptorOf(child).digest}`)).status).toBe(405)
    await send("DELETE", `/v2/${NAME}/manifests/listing`)
    expect((await send("DELETE", `/v2/${NAME}/manifests/${descriptorOf(child).digest}`)).status).toBe(202)
  })

  it.each<[RegistryFaults, string | null]>([
    [{}, subject.digest],
    [{ ociSubject: "absent" }, null],
    [{ ociSubject: "wrong" }, zeros],
    [{ referrers: "404-text" }, null],
    [{ referrers: "404-text", ociSubject: "always" }, subject.digest],
  ])("OCI-Subject with %j", async (faults, header) => {
    registry.setFaults(faults)
    expect((await put("about", artifact({ subject }))).headers.get("oci-subject")).toBe(header)
  })

  it("pages are small", async () => {
    registry.setFaults({ pageSize: 1 })
    const response = await send("GET", `/v2/${NAME}/tags/list`)
    expect(((await response.json()) as { tags: string[] }).tags).toHaveLength(1)
    expect(response.headers.get("link")).toContain('rel="next"')
  })
})

describe("load", () => {
  it.each<[RegistryFaults, number, string | null]>([
    [{ tooManyRequests: { times: 2, retryAfter: "7" } }, 429, "7"],
    [{ serverErrors: { times: 2 } }, 503, null],
    [{ serverErrors: { times: 2, status: 500, retryAfter: "1" } }, 500, "1"],
  ])("%j, then well", async (faults, status, retryAfter) => {
    registry.setFaults(faults)
    const answers = [await send("GET", "/v2/"), await send("GET", "/v2/"), await send("GET", "/v2/")]
    expect(answers.map((answer) => answer.status)).toEqual([status, status, 200])
    expect(answers[0]?.headers.get("retry-after")).toBe(retryAfter)
  })

  it("blobUnknown refuses once", async () => {
    registry.setFaults({ blobUnknown: { times: 1 } })
    expect(await code(await put("v1", artifact()))).toBe("MANIFEST_BLOB_UNKNOWN")
    expect((await put("v1", artifact())).status).toBe(201)
  })

  it("hangs until it is closed", async () => {
    const hanging = await startTestRegistry({ faults: { hang: true } })
    const answer = send("GET", `${hanging.url}/v2/`)
    const failed = expect(answer).rejects.toThrow()
    await hanging.close()
    await failed
  })
})

describe("authentication", () => {
  const basic = { Authorization: `Basic ${btoa("user:secret")}` }

  async function token(scope: string, headers: Record<string, string> = basic): Promise<string> {
    const response = await send("GET", `/token?service=test&scope=${scope}`, { headers })
    return ((await response.json()) as { token: string }).token
  }

  const bearer = (value: string): RequestInit => ({ headers: { Authorization: `Bearer ${value}` } })

  it("basic", async () => {
    registry.setFaults({ auth: { kind: "basic" } })
    const refused = await send("GET", "/v2/")
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="test"'])
    expect((await send("GET", "/v2/", { headers: basic })).status).toBe(200)
    expect((await send("GET", "/v2/", { headers: { Authorization: "Basic eDp5" } })).status).toBe(401)
  })

  it("bearer: scope, actions and use count", async () => {
    registry.setFaults({ auth: { kind: "bearer", tokenUses: 2 } })
    const refused = await send("PUT", manifest)
    expect(refused.headers.get("www-authenticate")).toBe(
      `Bearer realm="${registry.url}/token",service="test",scope="repository:${NAME}:pull,push"`,
    )
    const pull = bearer(await token(`repository:${NAME}:pull`))
    expect((await send("GET", manifest, pull)).status).toBe(200)
    const push = await send("PUT", manifest, pull)
    expect(push.headers.get("www-authenticate")).toContain('error="insufficient_scope"')
    expect((await send("GET", manifest, pull)).headers.get("www-authenticate")).toContain('error="invalid_token"')
  })

  it("bearer: strangers may read if told so", async () => {
    registry.setFaults({ auth: { kind: "bearer", anonymousPull: true } })
    const scope = `repository:${NAME}:pull,push`
    const anonymous = bearer(await token(scope, {}))
    expect((await send("GET", manifest, anonymous)).status).toBe(200)
    expect((await send("PUT", manifest, anonymous)).status).toBe(401)
    expect((await send("GET", `/token?scope=${scope}`, { headers: { Authorization: "Basic eDp5" } })).status).toBe(401)
  })

  it("the POST form", async () => {
    registry.setFaults({ auth: { kind: "bearer", refreshToken: "insecure-test-refresh" } })
    const form = (refresh: string): RequestInit => ({
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refresh, service: "test", scope: "" }),
    })
    expect((await send("POST", "/token", form("insecure-test-refresh"))).status).toBe(200)
    expect((await send("POST", "/token", form("other"))).status).toBe(401)
    registry.setFaults({ auth: { kind: "bearer", noOauthPost: true } })
    expect((await send("POST", "/token", form("insecure-test-refresh"))).status).toBe(404)
  })

  it("a loop never ends", async () => {
    registry.setFaults({ auth: { kind: "loop" } })
    expect((await send("GET", manifest, bearer(await token("x").catch(() => "x")))).status).toBe(401)
  })
})

async function rawBody(path: string): Promise<ArrayBuffer> {
  const { get } = await import("node:http")
  return new Promise((resolve, reject) => {
    get(registry.url + path, (response) => {
      const chunks: Buffer[] = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => {
        resolve(new Uint8Array(Buffer.concat(chunks)).buffer)
      })
    }).on("error", reject)
  })
}
