import { createHash } from "node:crypto"
import type { ServerResponse } from "node:http"

import { afterEach, describe as suite, expect, it } from "vitest"

import type { Descriptor } from "../../core/descriptor.ts"
import { createHttpClient } from "../net/http-client.ts"
import {
  clientOf,
  describe,
  EMPTY,
  errorBody,
  INDEX_TYPE,
  json,
  MANIFEST_TYPE,
  pushSubject,
  referrerOf,
  send,
  sha256,
  startRegistry,
  type Manners,
  type TestRegistry,
} from "./test-registry.ts"
import { failure } from "./test-failure.ts"

const running: TestRegistry[] = []

async function registry(manners: Partial<Manners> = {}): Promise<TestRegistry> {
  const started = await startRegistry(manners)
  running.push(started)
  return started
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
})

const octets = "application/octet-stream"
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const paths = (server: TestRegistry, method?: string): string[] =>
  server.log.filter((one) => method === undefined || one.method === method).map((one) => `${one.method} ${one.path}`)

suite("reading", () => {
  it("resolves, fetches and reads, each digest from the wire once", async () => {
    const server = await registry()
    const subject = await pushSubject(server.client())
    const client = server.client()
    server.log.length = 0
    expect(await client.resolve("v1")).toEqual(subject)
    const manifest = await client.fetchManifest(subject.digest)
    expect(manifest.descriptor).toEqual(subject)
    const layer = describe(bytesOf("layer"), octets)
    const twice = await Promise.all([client.fetchBlob(layer, 100), client.fetchBlob(layer, 100)])
    expect(twice.map((bytes) => new TextDecoder().decode(bytes))).toEqual(["layer", "layer"])
    expect(paths(server)).toEqual(["GET /v2/team/app/manifests/v1", `GET /v2/team/app/blobs/${layer.digest}`])
    expect(server.log[0]?.headers.accept).toContain("application/vnd.docker.distribution.manifest.list.v2+json")
  })

  it("says what does not exist, and readTag gives undefined for 404 alone", async () => {
    const server = await registry()
    const client = server.client()
    expect((await failure(client.resolve("nope"))).code).toBe("E_REF_TAG_NOT_FOUND")
    expect(await client.readTag("nope")).toBeUndefined()
    expect(await client.deleteManifest("nope")).toBe(false)
    for (const [status, code] of [
      [401, "E_REGISTRY_UNAUTHENTICATED"],
      [403, "E_REGISTRY_DENIED"],
      [418, "E_REGISTRY_PROTOCOL"],
    ] as const) {
      server.manners.intercept = (_request, response) => (
        send(response, status, errorBody("X", "no\u001b[31m way")),
        true
      )
      const error = await failure(client.readTag("v1"))
      expect(error.code).toBe(code)
      expect(error.message).not.toContain("\u001b")
    }
  })

  it.each(["../x", "a/b", "", "v1?x=y", "v1#", "%2e%2e", `sha256:${"0".repeat(63)}`, "a b"])(
    "never puts %j into a URL",
    async (reference) => {
      const server = await registry()
      expect((await failure(async () => server.client().fetchManifest(reference))).code).toBe("E_REF_INVALID")
      expect(server.log).toEqual([])
    },
  )

  suite("adv: Docker-Content-Digest lies", () => {
    it.each([
      ["another digest", sha256("other")],
      ["no digest", "md5:00"],
      ["sha512 of something else", `sha512:${"0".repeat(128)}`],
    ])("%s is a contradiction", async (_name, digestHeader) => {
      const server = await registry()
      await pushSubject(server.client())
      server.manners.digestHeader = digestHeader
      expect((await failure(server.client().resolve("v1"))).code).toBe("E_REGISTRY_PROTOCOL")
    })

    it("absent, the digest is computed", async () => {
      const server = await registry({ digestHeader: "none" })
      const subject = await pushSubject(server.client())
      expect((await server.client().resolve("v1")).digest).toBe(subject.digest)
    })

    it("a true sha512 is fine and the digest is still sha256 of the body", async () => {
      const server = await registry()
      const subject = await pushSubject(server.client())
      const body = server.manifests.get(subject.digest)!.bytes
      server.manners.digestHeader = `sha512:${createHash("sha512").update(body).digest("hex")}`
      expect((await server.client().resolve("v1")).digest).toBe(subject.digest)
    })
  })

  it("checks a sha512 digest with sha512", async () => {
    const server = await registry()
    const subject = await pushSubject(server.client())
    const stored = server.manifests.get(subject.digest)!
    const digest = `sha512:${createHash("sha512").update(stored.bytes).digest("hex")}` as const
    server.manifests.set(digest, stored)
    expect((await server.client().fetchManifest(digest)).descriptor.digest).toBe(digest)
    server.manifests.set(digest, { ...stored, bytes: Buffer.concat([stored.bytes, Buffer.from(" ")]) })
    expect((await failure(server.client().fetchManifest(digest))).code).toBe("E_REGISTRY_PROTOCOL")
  })

  it("adv: CVE-2023-33959 a pinned digest is compared with what came back", async () => {
    const server = await registry()
    const subject = await pushSubject(server.client())
    const other = json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config: describe(EMPTY, octets), layers: [] })
    server.manifests.set(subject.digest, { bytes: Buffer.from(other), type: MANIFEST_TYPE })
    const error = await failure(server.client().fetchManifest(subject.digest))
    expect(error.code).toBe("E_REGISTRY_PROTOCOL")
    expect(error.why).toContain(subject.digest)
  })

  it("adv: CVE-2021-41190 body and Content-Type disagree", async () => {
    const server = await registry()
    const subject = await pushSubject(server.client())
    server.manifests.set(subject.digest, { ...server.manifests.get(subject.digest)!, type: INDEX_TYPE })
    expect((await failure(server.client().resolve("v1"))).code).toBe("E_FORMAT_MALFORMED")
  })

  it.each([
    ["announced", { "content-length": String(5 * 1024 * 1024) }],
    ["streamed", {}],
  ])("adv: CVE-2023-33957 a manifest over 4 MiB, %s", async (_name, headers) => {
    const server = await registry({
      intercept: (_request, response) => {
        response.writeHead(200, { "content-type": MANIFEST_TYPE, ...headers })
        response.end(Buffer.alloc(5 * 1024 * 1024, 0x20))
        return true
      },
    })
    expect((await failure(server.client().resolve("v1"))).code).toBe("E_LIMIT_EXCEEDED")
  })
})

suite("blobs", () => {
  const content = bytesOf("the content of a blob")
  const blob = describe(content, octets)
  const serving = (body: Uint8Array, headers: Record<string, string> = {}): Partial<Manners> => ({
    intercept: (_request, response) => (send(response, 200, body, { "content-type": octets, ...headers }), true),
  })

  it.each([
    ["adv: CVE-2024-29902 small size, huge body", new Uint8Array(1 << 20)],
    ["shorter", content.subarray(1)],
    ["adv: CVE-2023-38495 same length, other bytes", bytesOf("THE content of a blob")],
    ["empty", new Uint8Array()],
  ])("refuses: %s", async (_name, body) => {
    const server = await registry(serving(body))
    expect((await failure(server.client().fetchBlob(blob, 1000))).code).toBe("E_REGISTRY_PROTOCOL")
    const seen: Uint8Array[] = []
    const error = await failure(async () => {
      for await (const chunk of server.client().readBlob(blob)) seen.push(chunk)
    })
    expect(error.code).toBe("E_REGISTRY_PROTOCOL")
    expect(Buffer.concat(seen).length).toBeLessThan(content.length)
  })

  it("adv: CVE-2024-29902 a descriptor over the limit is refused before any request", async () => {
    const server = await registry()
    const error = await failure(server.client().fetchBlob({ ...blob, size: 10 * 2 ** 30 }, 128 * 2 ** 20))
    expect(error.code).toBe("E_LIMIT_EXCEEDED")
    expect(server.log).toEqual([])
  })

  it("adv: CVE-2020-15157 foreign URLs are never asked", async () => {
    const server = await registry()
    const elsewhere = await registry()
    const foreign: Descriptor = { ...blob, urls: [`${elsewhere.origin}/x`, "http://169.254.169.254/"] }
    expect((await failure(server.client().fetchBlob(foreign, 1000))).code).toBe("E_REGISTRY_PROTOCOL")
    expect(elsewhere.log).toEqual([])
  })

  it("takes content from the descriptor only when digest and size fit", async () => {
    const server = await registry()
    server.blobs.set(blob.digest, Buffer.from(content))
    const data = Buffer.from(content).toString("base64")
    expect(await server.client().fetchBlob({ ...blob, data }, 1000)).toEqual(content)
    expect(server.log).toEqual([])
    for (const bad of ["eA==", "!!", data.slice(4)]) {
      expect(Buffer.from(await server.client().fetchBlob({ ...blob, data: bad }, 1000))).toEqual(Buffer.from(content))
    }
    expect(server.log).toHaveLength(3)
  })

  it("goes on where a broken connection stopped", async () => {
    const large = Buffer.alloc(300_000, "abcdefg")
    let asked = 0
    const server = await registry({
      intercept: (request, response) => {
        const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? "0")
        const last = large.length - 1
        const range = from > 0 ? { "content-range": `bytes ${from}-${last}/${large.length}` } : {}
        response.writeHead(from > 0 ? 206 : 200, {
          "content-length": large.length - from,
          "content-type": octets,
          ...range,
        })
        if (++asked === 3) response.end(large.subarray(from))
        else response.write(large.subarray(from, from + 100_000), () => setImmediate(() => response.destroy()))
        return true
      },
    })
    const bytes = await server.client().fetchBlob(describe(large, octets), 1 << 20)
    expect(sha256(bytes)).toBe(sha256(large))
    expect(server.log.length).toBeGreaterThan(1)
  })

  it.each([401, 403])("adv: GHSA-qvqc-4c52-x6qp storage that wants credentials (%i) gets none", async (status) => {
    const storage = await registry({
      intercept: (_request, response) => (send(response, status, "", { "www-authenticate": 'Basic realm="x"' }), true),
    })
    const server = await registry({
      intercept: (_request, response) => (
        send(response, 307, "", { location: `${storage.origin}/x?signature=s3cret` }),
        true
      ),
    })
    const error = await failure(server.client().fetchBlob(blob, 1000))
    expect(error.code).toBe("E_REGISTRY_PROTOCOL")
    expect(error.why).toContain(storage.origin)
    expect(error.message).not.toContain("s3cret")
    expect(storage.log.every((one) => one.headers.authorization === undefined)).toBe(true)
  })

  it("a redirect of a blob leaves the registry, one of an upload does not", async () => {
    const storage = await registry(serving(content))
    const server = await registry({
      intercept: (_request, response) => (send(response, 307, "", { location: `${storage.origin}/signed?x=y` }), true),
    })
    expect(await server.client().fetchBlob(blob, 1000)).toEqual(content)
    const error = await failure(server.client().pushManifest(json(subjectless()), MANIFEST_TYPE))
    expect(error.code).toBe("E_NET_FORBIDDEN_TARGET")
    expect(storage.log).toHaveLength(1)
  })
})

function subjectless(): unknown {
  return { schemaVersion: 2, mediaType: MANIFEST_TYPE, config: describe(EMPTY, octets), layers: [] }
}

suite("tags and deletion", () => {
  it("lists tags over pages", async () => {
    const pages: Record<string, [string[], string?]> = {
      "/v2/team/app/tags/list?n=1000": [["a", "b"], "/v2/team/app/tags/list?n=1000&last=b"],
      "/v2/team/app/tags/list?n=1000&last=b": [["b", "c"]],
    }
    const server = await registry({
      intercept: (_request, response, path) => {
        const [tags, next] = pages[path] ?? [[]]
        const link = next === undefined ? {} : { link: `<${next}>; rel="next"` }
        send(response, 200, JSON.stringify({ tags }), link)
        return true
      },
    })
    expect(await server.client().listTags()).toEqual(["a", "b", "c"])
  })

  const linking = (link: (path: string) => string) => (_request: unknown, response: ServerResponse, path: string) => {
    send(response, 200, JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [], tags: [] }), {
      "content-type": INDEX_TYPE,
      link: link(path),
    })
    return true
  }

  suite("adv: GHSA-h7vf-4x9w-h99v Link to another origin", () => {
    it.each([
      "http://169.254.169.254/x",
      "https://127.0.0.1/x",
      "//evil.example/x",
      "http://127.0.0.1:1/x",
      "file:///x",
    ])("%s", async (target) => {
      const server = await registry({ intercept: linking(() => `<${target}>; rel="next"`) })
      expect((await failure(server.client().listTags())).code).toBe("E_NET_FORBIDDEN_TARGET")
      expect((await failure(server.client().listReferrers(sha256("x")))).code).toBe("E_NET_FORBIDDEN_TARGET")
      expect(server.log).toHaveLength(2)
    })
  })

  it("adv: GHSA-298f-872v-2rcx pages without end", async () => {
    let page = 0
    const server = await registry({ intercept: linking(() => `</v2/team/app/tags/list?page=${++page}>; rel="next"`) })
    expect((await failure(server.client().listTags())).code).toBe("E_LIMIT_EXCEEDED")
    expect((await failure(server.client().listReferrers(sha256("x")))).code).toBe("E_LIMIT_EXCEEDED")
    expect(server.log).toHaveLength(200)
  })

  it("adv: GHSA-298f-872v-2rcx a page that names itself", async () => {
    const server = await registry({ intercept: linking((path) => `<${path}>; rel="next"`) })
    expect((await failure(server.client().listTags())).code).toBe("E_REGISTRY_PROTOCOL")
    expect(server.log).toHaveLength(1)
  })

  it("deletes by tag and digest, and says when the registry does not", async () => {
    const server = await registry()
    const client = server.client()
    const subject = await pushSubject(client)
    expect(await client.deleteManifest(subject.digest)).toBe(true)
    expect(await client.deleteManifest(subject.digest)).toBe(false)
    expect((await failure(client.fetchManifest(subject.digest))).code).toBe("E_REF_TAG_NOT_FOUND")
    server.manners.intercept = (_request, response) => (send(response, 405, errorBody("UNSUPPORTED")), true)
    const error = await failure(client.deleteManifest("v1"))
    expect(error.code).toBe("E_REGISTRY_DENIED")
    expect(error.next.join()).toContain("deletion")
  })
})

suite("errors", () => {
  it("adv: google/go-containerregistry #2296 an endless error body is not read to its end", async () => {
    let sent = 0
    const server = await registry({
      intercept: (_request, response) => {
        response.writeHead(400, { "content-type": "text/html" })
        const more = (): void => {
          sent++
          if (!response.destroyed && sent < 10_000) response.write(Buffer.alloc(64 * 1024, 0x41), more)
        }
        more()
        return true
      },
    })
    const error = await failure(server.client().resolve("v1"))
    expect(error.code).toBe("E_REGISTRY_PROTOCOL")
    expect(error.message.length).toBeLessThan(1000)
    expect(sent).toBeLessThan(10_000)
  })

  it("adv: CVE-2019-1010275 a host that is not local gets no plain http", async () => {
    const { originCandidates } = await import("./origin-choice.ts")
    expect(originCandidates("registry.example:5000")).toEqual(["https://registry.example:5000"])
    expect(originCandidates("10.0.0.1:5000")).toEqual(["https://10.0.0.1:5000"])
    expect(originCandidates("localhost.evil.example")).toEqual(["https://localhost.evil.example"])
    expect(originCandidates("127.0.0.1.evil.example")).toEqual(["https://127.0.0.1.evil.example"])
    expect(originCandidates("10.0.0.1.evil.example", "private")).toEqual(["https://10.0.0.1.evil.example"])
    expect(originCandidates("10.0.0.1:5000", "private")).toEqual(["https://10.0.0.1:5000", "http://10.0.0.1:5000"])
    expect(originCandidates("a.example", "always")).toEqual(["http://a.example", "https://a.example"])
    expect(originCandidates("a.example", "always", "cosign")).toEqual(["https://a.example", "http://a.example"])
    for (const host of ["localhost:5000", "127.0.0.1:5000", "[::1]:5000", "x.localhost"]) {
      expect(originCandidates(host)).toEqual([`http://${host}`, `https://${host}`])
    }
  })

  it("refuses to push what it would not read", async () => {
    const server = await registry()
    const client = server.client()
    const two = json({ ...(subjectless() as object), manifests: [] })
    expect((await failure(client.pushManifest(two, MANIFEST_TYPE))).code).toBe("E_FORMAT_MALFORMED")
    expect((await failure(client.pushManifest(json(subjectless()), INDEX_TYPE))).code).toBe("E_FORMAT_MALFORMED")
    expect((await failure(client.attach(json(subjectless()), MANIFEST_TYPE))).code).toBe("E_FORMAT_MALFORMED")
    expect(server.log).toEqual([])
  })

  it("a caller who gives up does not end what another waits for", async () => {
    const server = await registry()
    const subject = await pushSubject(server.client())
    const held: (() => void)[] = []
    const arrived = new Promise<void>((resolve) => {
      server.manners.intercept = async () => {
        if (held.length > 0) return false
        const gate = new Promise<void>((open) => held.push(open))
        resolve()
        await gate
        return false
      }
    })
    const client = server.client()
    const abort = new AbortController()
    const first = client.fetchManifest(subject.digest, abort.signal)
    const second = client.fetchManifest(subject.digest)
    await arrived
    abort.abort()
    await expect(first).rejects.toThrow()
    expect((await second).descriptor).toEqual(subject)
    held[0]?.()
  })

  it("keeps referrers of a broken manifest out of the cache", async () => {
    const server = await registry()
    const client = server.client()
    const subject = await pushSubject(client)
    const bytes = await referrerOf(client, subject, "{}")
    const http = createHttpClient({ userAgent: "countersign-test/0" })
    const other = clientOf(server.host, "team/app", http)
    await expect(other.fetchManifest(sha256(bytes))).rejects.toThrow()
    await client.attach(bytes, MANIFEST_TYPE)
    expect((await other.fetchManifest(sha256(bytes))).descriptor.digest).toBe(sha256(bytes))
    await http.close()
  })
})
