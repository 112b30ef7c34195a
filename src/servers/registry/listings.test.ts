import { describe, expect, it, vi } from "vitest"
import { OCI_INDEX, OCI_MANIFEST } from "../../core/media-types.ts"
import {
  artifact,
  createHandlerFixture,
  descriptorOf,
  digestOf,
  EMPTY,
  faultCode,
  index,
  NAME,
  withArtifact,
  type HandlerFixture,
} from "./handler-fixture.ts"
import { openMemoryStorage } from "./storage/memory-storage.ts"
import type { Page, Referrer } from "./storage/storage.ts"

async function expectFault(response: Response, status: number, code: string): Promise<void> {
  expect(response.status).toBe(status)
  expect(response.headers.get("content-type")).toBe("application/json")
  expect(await faultCode(response)).toBe(code)
}

describe("listings", () => {
  async function withTags(): Promise<HandlerFixture> {
    const registry = await withArtifact()
    for (const tag of ["b", "A", "a", "_z", "1"]) await registry.pushManifest(NAME, artifact(), tag)
    return registry
  }

  it("is in byte order and paged by Link", async () => {
    const registry = await withTags()
    const seen: string[] = []
    let path: string | undefined = `/v2/${NAME}/tags/list?n=2`
    while (path !== undefined) {
      const response = await registry.send("GET", path)
      seen.push(...((await response.json()) as { tags: string[] }).tags)
      path = /^<(.*)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1]
    }
    expect(seen).toEqual(["1", "A", "_z", "a", "b", "v1"])
  })

  it("begins after a tag that does not exist", async () => {
    const response = await (await withTags()).send("GET", `/v2/${NAME}/tags/list?last=B`)
    expect(await response.json()).toEqual({ name: NAME, tags: ["_z", "a", "b", "v1"] })
  })

  it("n=0 is an empty list without Link", async () => {
    const response = await (await withTags()).send("GET", `/v2/${NAME}/tags/list?n=0`)
    expect(await response.json()).toEqual({ name: NAME, tags: [] })
    expect(response.headers.get("link")).toBeNull()
  })

  it.each(["/v2/_catalog", `/v2/${NAME}/tags/list`])("adv: CVE-2023-2253 bounds n of %s", async (path) => {
    const registry = await withTags()
    for (const n of ["-1", "abc", "1e3", "0x10", "", "9".repeat(30)]) {
      await expectFault(await registry.send("GET", `${path}?n=${n}`), 400, "PAGINATION_NUMBER_INVALID")
    }
    expect((await registry.send("GET", `${path}?n=2147483647`)).status).toBe(200)
  })

  it("cuts a page that is asked too large", async () => {
    const registry = await withArtifact({ limits: { pageItems: 1 } })
    await registry.pushManifest(NAME, artifact(), "v2")
    const response = await registry.send("GET", `/v2/${NAME}/tags/list?n=1000000`)
    expect(await response.json()).toEqual({ name: NAME, tags: ["v1"] })
    expect(response.headers.get("link")).toBe(`</v2/${NAME}/tags/list?n=1&last=v1>; rel="next"`)
  })

  it("names the repositories", async () => {
    const registry = await withArtifact()
    await registry.pushBlob("aa/bb", "x")
    expect(await (await registry.send("GET", "/v2/_catalog?n=1")).json()).toEqual({ repositories: ["aa/bb"] })
  })
})

describe("referrers", () => {
  const subject = descriptorOf(artifact())
  const path = `/v2/${NAME}/referrers/${subject.digest}`
  const referrer = (type: string, note: string): ReturnType<typeof artifact> =>
    artifact({ artifactType: type, subject, annotations: { note } })

  async function listed(registry: HandlerFixture, query = ""): Promise<{ digest: string; artifactType?: string }[]> {
    const response = await registry.send("GET", path + query)
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toBe(OCI_INDEX)
    return ((await response.json()) as { manifests: { digest: string }[] }).manifests
  }

  it.each([path, `/v2/never/pushed/referrers/${digestOf("x")}`, `/v2/${NAME}/referrers/${digestOf("x", "sha512")}`])(
    "is an empty index for what is not known: %s",
    async (unknown) => {
      const response = await (await withArtifact()).send("GET", unknown)
      expect(await response.json()).toEqual({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] })
    },
  )

  it("lists each once, tagged or not, with its own type and annotations", async () => {
    const registry = await withArtifact()
    const digest = await registry.pushManifest(NAME, referrer("application/vnd.a+json", "1"))
    await registry.pushManifest(NAME, referrer("application/vnd.a+json", "1"), "tagged")
    expect(await listed(registry)).toEqual([
      {
        mediaType: OCI_MANIFEST,
        digest,
        size: JSON.stringify(referrer("application/vnd.a+json", "1")).length,
        artifactType: "application/vnd.a+json",
        annotations: { note: "1" },
      },
    ])
  })

  it("filters by exact type, however the plus arrives, and says so", async () => {
    const registry = await withArtifact()
    await registry.pushManifest(NAME, referrer("application/vnd.a+json", "1"))
    await registry.pushManifest(NAME, referrer("application/vnd.b+json", "2"))
    for (const type of ["application/vnd.a+json", "application%2Fvnd.a%2Bjson"]) {
      expect(await listed(registry, `?artifactType=${type}`)).toHaveLength(1)
    }
    expect(await listed(registry, "?artifactType=application/vnd.a")).toEqual([])
    const response = await registry.send("GET", `${path}?artifactType=x`)
    expect(response.headers.get("oci-filters-applied")).toBe("artifactType")
    expect((await registry.send("GET", path)).headers.get("oci-filters-applied")).toBeNull()
  })

  it("announces the subject, which need not exist", async () => {
    const registry = createHandlerFixture()
    await registry.pushBlob(NAME, EMPTY)
    for (const manifest of [referrer("a/b", "1"), index([], { subject })]) {
      const put = await registry.send("PUT", `/v2/${NAME}/manifests/t`, { body: JSON.stringify(manifest) })
      expect(put.headers.get("oci-subject")).toBe(subject.digest)
    }
    expect(await listed(registry)).toHaveLength(2)
  })

  it("forgets a deleted referrer at once, and keeps those of a deleted subject", async () => {
    const registry = await withArtifact()
    const gone = await registry.pushManifest(NAME, referrer("a/b", "1"))
    const stays = await registry.pushManifest(NAME, referrer("a/b", "2"))
    await registry.send("DELETE", `/v2/${NAME}/manifests/${gone}`)
    await registry.send("DELETE", `/v2/${NAME}/manifests/${subject.digest}`)
    expect((await listed(registry)).map((entry) => entry.digest)).toEqual([stays])
  })

  it.each([
    ["n", "?n=1", undefined],
    ["size", "", { referrersBytes: 300 }],
  ])("pages by %s, keeping the filter", async (_, query, limits) => {
    const registry = await withArtifact(limits === undefined ? {} : { limits })
    const all = new Set<string>()
    for (const note of ["1", "2", "3"]) all.add(await registry.pushManifest(NAME, referrer("a/b+c", note)))
    const seen: string[] = []
    let next: string | undefined = `${path}${query === "" ? "?" : `${query}&`}artifactType=a/b%2Bc`
    while (next !== undefined) {
      const response = await registry.send("GET", next)
      const { manifests } = (await response.json()) as { manifests: { digest: string }[] }
      expect(manifests).toHaveLength(1)
      seen.push(...manifests.map((entry) => entry.digest))
      next = /^<(.*)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1]
    }
    expect(new Set(seen)).toEqual(all)
    expect(seen).toHaveLength(3)
  })

  describe("class: a list that costs more than its page", () => {
    /** About `bytes` of annotations with short keys. */
    const many = (name: string, bytes: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: bytes / 16 }, (_, at) => [`${name}-${String(at).padStart(9, "0")}`, ""]))
    const push = (registry: HandlerFixture, annotations: Record<string, string>): Promise<Response> =>
      registry.send("PUT", `/v2/${NAME}/manifests/t`, { body: JSON.stringify(artifact({ subject, annotations })) })

    it("reads no more of the index than the page holds, and lists all in the end", async () => {
      const rows = vi.spyOn(JSON, "parse")
      const storage = openMemoryStorage({ clock: { now: () => 0 } })
      const asked = vi.spyOn(storage, "listReferrers")
      const registry = await withArtifact({ storage, limits: { referrersBytes: 20_000 } })
      for (let at = 0; at < 9; at += 1) expect((await push(registry, many(String(at), 8000))).status).toBe(201)
      rows.mockClear()
      let pages = 0
      let listed = 0
      let next: string | undefined = path
      while (next !== undefined) {
        const response = await registry.send("GET", next)
        const body = await response.text()
        expect(body.length).toBeLessThan(20_200)
        expect(rows).not.toHaveBeenCalled()
        const page = (await asked.mock.results.at(-1)?.value) as Page<Referrer>
        expect(page.items.length).toBeLessThanOrEqual(3)
        listed += body.match(/"digest"/g)?.length ?? 0
        next = /^<(.*)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1]
        pages += 1
      }
      expect([listed, pages]).toEqual([9, 5])
    })

    it("one that fits no page is refused when it is pushed", async () => {
      const registry = await withArtifact({ limits: { referrersBytes: 20_000 } })
      await expectFault(await push(registry, many("x", 24_000)), 413, "MANIFEST_INVALID")
      expect(await listed(registry)).toEqual([])
      expect((await push(registry, many("x", 16_000))).status).toBe(201)
      expect(await listed(registry)).toHaveLength(1)
      const alone = JSON.stringify(artifact({ annotations: many("x", 24_000) }))
      expect((await registry.send("PUT", `/v2/${NAME}/manifests/alone`, { body: alone })).status).toBe(201)
    })

    it.each(["__proto__", "constructor", "1", "\u2028", "\u0000", "\ud83d\ude00", '"\\'])(
      "annotation %j comes back as it was",
      async (key) => {
        const registry = await withArtifact()
        const annotations = JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(key)}}`) as Record<string, string>
        expect((await push(registry, annotations)).status).toBe(201)
        const [entry] = (await listed(registry)) as { annotations?: object }[]
        expect(Object.entries(entry?.annotations ?? {})).toEqual([[key, key]])
      },
    )
  })
})
