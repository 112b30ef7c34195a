import { describe, expect, it } from "vitest"
import {
  artifact,
  createHandlerFixture,
  digestOf,
  faultCode,
  NAME,
  withArtifact,
  type HandlerFixture,
} from "./handler-fixture.ts"

async function expectFault(response: Response, status: number, code: string): Promise<void> {
  expect(response.status).toBe(status)
  expect(response.headers.get("content-type")).toBe("application/json")
  expect(await faultCode(response)).toBe(code)
}

describe("names and paths", () => {
  it.each([
    ["/v2/Upper/tags/list", 400, "NAME_INVALID"],
    ["/v2/-a/tags/list", 400, "NAME_INVALID"],
    ["/v2/a__/tags/list", 400, "NAME_INVALID"],
    [`/v2/${"a".repeat(256)}/tags/list`, 400, "NAME_INVALID"],
    ["/v2/demo/app/manifests/.tag", 400, "TAG_INVALID"],
    [`/v2/demo/app/manifests/${"t".repeat(129)}`, 400, "TAG_INVALID"],
    ["/v2/demo/app/manifests/sha256:baddigest", 400, "DIGEST_INVALID"],
    ["/v2/demo/app/manifests/md5:00000000000000000000000000000000", 400, "DIGEST_INVALID"],
    ["/v2/demo/app/blobs/sha256:ABC", 400, "DIGEST_INVALID"],
    ["/v2/demo/app/referrers/latest", 400, "DIGEST_INVALID"],
    ["/v2/nobody/here/tags/list", 404, "NAME_UNKNOWN"],
    ["/v2/nobody/here/manifests/v1", 404, "NAME_UNKNOWN"],
    ["/v1/search", 404, "UNSUPPORTED"],
    ["/", 404, "UNSUPPORTED"],
    ["/v2/demo/app/tags/list/", 404, "UNSUPPORTED"],
    ["/v2/demo%2fapp/tags/list", 404, "UNSUPPORTED"],
    ["/v2//demo/tags/list", 404, "UNSUPPORTED"],
  ])("%s is %i %s", async (path, status, code) => {
    await expectFault(await (await withArtifact()).send("GET", path), status, code)
  })

  it.each(["sha256-aa..sig%2f", "sha256-aa.sig%00", ".sig", "sha256:aa.sig"])(
    "adv: malformed signature tag %s is refused",
    async (tag) => {
      const registry = await withArtifact()
      const body = JSON.stringify(artifact())
      const response = await registry.send("PUT", `/v2/${NAME}/manifests/${tag}`, { body })
      expect([400, 404]).toContain(response.status)
      expect(await (await registry.send("GET", `/v2/${NAME}/tags/list`)).json()).toEqual({ name: NAME, tags: ["v1"] })
    },
  )

  it("says which protocol it speaks on every answer", async () => {
    const registry = createHandlerFixture()
    for (const path of ["/v2/", "/v2", "/nothing"]) {
      const response = await registry.send("GET", path)
      expect(response.headers.get("docker-distribution-api-version")).toBe("registry/2.0")
    }
  })
})

describe("rules are asked about the path that is served", () => {
  it("hands over repository and action, and serves what they answer", async () => {
    const asked: unknown[] = []
    const registry = createHandlerFixture({
      authorize: (access) => {
        asked.push(access)
        return Promise.resolve(new Response(null, { status: 401 }))
      },
    })
    for (const [method, path] of [
      ["GET", "/v2/"],
      ["HEAD", "/v2/a/b/manifests/sha256%3A00"],
      ["PUT", "/v2/a/manifests/b/manifests/t"],
      ["DELETE", "/v2/a/blobs/x"],
      ["POST", "/v2/a/blobs/uploads/"],
    ] as const) {
      expect((await registry.send(method, path)).status).toBe(401)
    }
    expect(asked).toEqual([
      { action: "ping", repository: undefined },
      { action: "pull", repository: "a/b" },
      { action: "push", repository: "a/manifests/b" },
      { action: "delete", repository: "a" },
      { action: "push", repository: "a" },
    ])
  })
})

describe("blobs", () => {
  it("adv: GHSA-55r9-5mx9-qq7r a blob of another repository does not exist", async () => {
    const registry = createHandlerFixture()
    const digest = await registry.pushBlob("secret/one", "top")
    for (const method of ["GET", "HEAD", "DELETE"]) {
      expect((await registry.send(method, `/v2/public/two/blobs/${digest}`)).status).toBe(404)
    }
    const mount = await registry.send("POST", `/v2/public/two/blobs/uploads/?mount=${digest}&from=not/there`)
    expect(mount.status).toBe(202)
  })

  it("adv: CVE-2026-35172 a deleted blob stays deleted", async () => {
    const registry = createHandlerFixture()
    const digest = await registry.pushBlob("demo/aa", "x")
    await registry.pushBlob("demo/bb", "x")
    expect((await registry.send("DELETE", `/v2/demo/aa/blobs/${digest}`)).status).toBe(202)
    expect((await registry.send("GET", `/v2/demo/bb/blobs/${digest}`)).status).toBe(200)
    expect((await registry.send("GET", `/v2/demo/aa/blobs/${digest}`)).status).toBe(404)
    expect((await registry.send("DELETE", `/v2/demo/aa/blobs/${digest}`)).status).toBe(404)
  })

  it("carries length, type and digest on HEAD, and no body", async () => {
    const registry = createHandlerFixture()
    const digest = await registry.pushBlob(NAME, "0123456789")
    const head = await registry.send("HEAD", `/v2/${NAME}/blobs/${digest}`)
    expect(head.status).toBe(200)
    expect(head.headers.get("content-length")).toBe("10")
    expect(head.headers.get("docker-content-digest")).toBe(digest)
    expect(head.body).toBeNull()
  })

  it.each([
    ["bytes=2-4", undefined, 206, "234", "bytes 2-4/10"],
    ["bytes=20-", undefined, 416, undefined, "bytes */10"],
    ["bytes=2-4", '"sha256:other"', 200, "0123456789", null],
  ])("range %s, if-range %s", async (range, ifRange, status, text, contentRange) => {
    const registry = createHandlerFixture()
    const digest = await registry.pushBlob(NAME, "0123456789")
    const headers = { Range: range, ...(ifRange === undefined ? {} : { "If-Range": ifRange }) }
    const response = await registry.send("GET", `/v2/${NAME}/blobs/${digest}`, { headers })
    expect(response.status).toBe(status)
    expect(response.headers.get("content-range")).toBe(contentRange)
    if (text !== undefined) expect(await response.text()).toBe(text)
  })
})

describe("adv: harbor 8b82233132 mounting needs the right to pull where the blob is", () => {
  const text = "top secret"
  const digest = digestOf(text)
  /** `admin` may do everything, others what `allowed` names. */
  async function guarded(allowed: readonly string[]): Promise<HandlerFixture> {
    const registry = createHandlerFixture({
      authorize: ({ action, repository }, request) => {
        const allow = request.headers.get("x-user") === "admin" || allowed.includes(`${action} ${repository ?? ""}`)
        return Promise.resolve(allow ? undefined : new Response(null, { status: 403 }))
      },
    })
    const path = `/v2/private/app/blobs/uploads/?digest=${digest}`
    expect((await registry.send("POST", path, { body: text, headers: { "X-User": "admin" } })).status).toBe(201)
    return registry
  }

  it.each([
    ["another repository", "&from=private/app", ["push evil/app", "pull evil/app"]],
    [
      "another repository that may be pushed to",
      "&from=private/app",
      ["push evil/app", "pull evil/app", "push private/app"],
    ],
    ["any repository", "", ["push evil/app", "pull evil/app"]],
  ])("from %s that must not be pulled is as if the blob were unknown", async (_, from, allowed) => {
    const registry = await guarded(allowed)
    const mount = await registry.send("POST", `/v2/evil/app/blobs/uploads/?mount=${digest}${from}`)
    expect(mount.status).toBe(202)
    const unknown = await registry.send("POST", `/v2/evil/app/blobs/uploads/?mount=${digestOf("no such")}${from}`)
    expect(unknown.status).toBe(202)
    expect([...mount.headers.keys()]).toEqual([...unknown.headers.keys()])
    expect((await registry.send("GET", `/v2/evil/app/blobs/${digest}`)).status).toBe(404)
  })

  it.each([
    ["the repository named", "&from=private/app"],
    ["whichever may be pulled", ""],
  ])("from %s works", async (_, from) => {
    const registry = await guarded(["push good/app", "pull good/app", "pull private/app"])
    const mount = await registry.send("POST", `/v2/good/app/blobs/uploads/?mount=${digest}${from}`)
    expect(mount.status).toBe(201)
    expect(await (await registry.send("GET", `/v2/good/app/blobs/${digest}`)).text()).toBe(text)
  })

  it("asks a bounded number of questions about repositories nobody named", async () => {
    let asked = 0
    const registry = createHandlerFixture({
      authorize: ({ action, repository }) => {
        if (action === "pull" && repository !== "evil/app") asked += 1
        return Promise.resolve(action === "pull" ? new Response(null, { status: 403 }) : undefined)
      },
    })
    for (let at = 0; at < 150; at += 1) await registry.pushBlob(`some/r${String(at)}`, text)
    expect((await registry.send("POST", `/v2/evil/app/blobs/uploads/?mount=${digest}`)).status).toBe(202)
    expect(asked).toBeLessThanOrEqual(100)
  })
})

describe("uploads", () => {
  async function begin(registry: HandlerFixture, query = ""): Promise<string> {
    const response = await registry.send("POST", `/v2/${NAME}/blobs/uploads/${query}`)
    expect(response.status).toBe(202)
    return response.headers.get("location") ?? ""
  }

  it("goes on where a chunk out of order left it", async () => {
    const registry = createHandlerFixture()
    const location = await begin(registry)
    const chunk = (range: string, body: string): Promise<Response> =>
      registry.send("PATCH", location, { body, headers: { "Content-Range": range } })
    expect((await chunk("0-3", "0123")).headers.get("range")).toBe("0-3")
    const early = await chunk("6-7", "67")
    expect(early.headers.get("range")).toBe("0-3")
    await expectFault(early, 416, "RANGE_INVALID")
    expect((await registry.send("GET", location)).headers.get("range")).toBe("0-3")
    expect((await chunk("4-7", "4567")).status).toBe(202)
    const closed = await registry.send("PUT", `${location}?digest=${digestOf("01234567")}`)
    expect(closed.status).toBe(201)
  })

  it("closes with another algorithm than it began with", async () => {
    const registry = createHandlerFixture()
    const location = await begin(registry, "?digest-algorithm=sha512")
    const digest = digestOf("abc")
    expect((await registry.send("PUT", `${location}?digest=${digest}`, { body: "abc" })).status).toBe(201)
    expect((await registry.send("GET", `/v2/${NAME}/blobs/${digest}`)).status).toBe(200)
  })

  it.each([
    ["a range longer than the body", { "Content-Range": "0-9" }, "0123"],
    ["a range shorter than the body", { "Content-Range": "0-1" }, "0123"],
    ["a length unlike the range", { "Content-Range": "0-3", "Content-Length": "9" }, "0123"],
  ])("keeps nothing of %s", async (_, headers, body) => {
    const registry = createHandlerFixture()
    const location = await begin(registry)
    await expectFault(await registry.send("PATCH", location, { body, headers }), 400, "SIZE_INVALID")
    const closed = await registry.send("PUT", `${location}?digest=${digestOf("")}`)
    expect(closed.status).toBe(201)
  })

  it("keeps what arrived before the connection broke", async () => {
    const registry = createHandlerFixture()
    const location = await begin(registry)
    let pulls = 0
    const broken = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1
          if (pulls === 1) controller.enqueue(new TextEncoder().encode("0123"))
          else controller.error(new Error("reset"))
        },
      },
      { highWaterMark: 0 },
    )
    const answer = await registry.send("PATCH", location, { body: broken })
    await expectFault(answer, 400, "BLOB_UPLOAD_INVALID")
    expect((await registry.send("GET", location)).headers.get("range")).toBe("0-3")
    expect(registry.warnings).toEqual([])
  })

  it.each([
    ["the wrong digest", `?digest=${digestOf("other")}`, "DIGEST_INVALID"],
    ["a malformed digest", "?digest=sha256:zz", "DIGEST_INVALID"],
    ["an unknown algorithm", "?digest=blake3:00", "DIGEST_INVALID"],
    ["no digest", "", "DIGEST_INVALID"],
  ])("refuses to close with %s", async (_, query, code) => {
    const registry = createHandlerFixture()
    const location = await begin(registry)
    await expectFault(await registry.send("PUT", location + query, { body: "x" }), 400, code)
    expect((await registry.send("HEAD", `/v2/${NAME}/blobs/${digestOf("x")}`)).status).toBe(404)
  })

  it("belongs to one repository", async () => {
    const registry = createHandlerFixture()
    const other = (await begin(registry)).replace(NAME, "other/app")
    for (const method of ["GET", "PATCH", "DELETE"]) {
      const response = await registry.send(method, other)
      expect(response.status).toBe(404)
    }
    await expectFault(await registry.send("PUT", `${other}?digest=${digestOf("")}`), 404, "BLOB_UPLOAD_UNKNOWN")
  })

  it("is gone after cancelling", async () => {
    const registry = createHandlerFixture()
    const location = await begin(registry)
    expect((await registry.send("DELETE", location)).status).toBe(204)
    await expectFault(await registry.send("GET", location), 404, "BLOB_UPLOAD_UNKNOWN")
  })

  it("bounds a blob", async () => {
    const registry = createHandlerFixture({ limits: { blobBytes: 4 } })
    const push = await registry.send("POST", `/v2/${NAME}/blobs/uploads/?digest=${digestOf("12345")}`, {
      body: "12345",
    })
    await expectFault(push, 413, "SIZE_INVALID")
  })

  it("refuses an algorithm it does not know", async () => {
    const response = await createHandlerFixture().send("POST", `/v2/${NAME}/blobs/uploads/?digest-algorithm=md5`)
    await expectFault(response, 400, "DIGEST_INVALID")
  })
})
