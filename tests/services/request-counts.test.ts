/** What commands cost a registry: requests are counted, time is not. */
import { generateKeyPairSync } from "node:crypto"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, request as forward, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { sign, verify, type FormatName, type VerifyOptions } from "../../src/index.ts"
import { startTestRegistry, type TestRegistry, type TestRegistryOptions } from "../../src/testing/index.ts"
import { putImage, putIndex } from "../interop/images.ts"

let folder: string
let key: string
let keys: readonly string[]
const running: TestRegistry[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-test-"))
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  key = join(folder, "insecure-test.key")
  keys = [join(folder, "insecure-test.pub")]
  await writeFile(key, privateKey.export({ type: "pkcs8", format: "pem" }))
  await writeFile(keys[0] ?? "", publicKey.export({ type: "spki", format: "pem" }))
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((registry) => registry.close()))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function start(options?: TestRegistryOptions): Promise<TestRegistry> {
  const registry = await startTestRegistry(options)
  running.push(registry)
  return registry
}

/** `method what status` of each request, without digests. */
function told(registry: TestRegistry): readonly string[] {
  return registry.requests.map(({ method, path, status }) => {
    const what = path
      .replace(/^\/v2\/team\/app[0-9]*\//, "")
      .replace(/\?.*$/, "?")
      .replace(/sha256([:-])[0-9a-f]{64}/, "sha256$1…")
      .replace(/uploads\/[^?]+/, "uploads/…")
    return `${method} ${what} ${status}`
  })
}

/** Content that was fetched more than once. */
function fetchedAgain(registry: TestRegistry): readonly string[] {
  const content = registry.requests
    .filter(({ method, path }) => method === "GET" && /\/(?:blobs|manifests)\/sha256:/.test(path))
    .map(({ path }) => path)
  return content.filter((path, at) => content.indexOf(path) !== at)
}

async function verified(options: Omit<VerifyOptions, "keys">): Promise<void> {
  const { report } = await verify({ ...options, keys })
  expect(report.artifacts.map(({ state }) => state)).toEqual(options.artifacts.map(() => "verified"))
}

describe("one keyed verification by digest", () => {
  it.each<[string, FormatName, TestRegistryOptions, readonly string[]]>([
    [
      "bundle, referrers API",
      "cosign-v3",
      {},
      ["GET referrers/sha256:… 200", "GET manifests/sha256:… 200", "GET blobs/sha256:… 200"],
    ],
    [
      "bundle, referrers tag",
      "cosign-v3",
      { referrers: "absent" },
      [
        "GET referrers/sha256:… 404",
        "GET manifests/sha256-… 200",
        "GET manifests/sha256:… 200",
        "GET blobs/sha256:… 200",
      ],
    ],
    ["signature tag, referrers API", "cosign-v2", {}, ["GET manifests/sha256-….sig 200", "GET blobs/sha256:… 200"]],
    [
      "signature tag, no referrers API",
      "cosign-v2",
      { referrers: "absent" },
      ["GET manifests/sha256-….sig 200", "GET blobs/sha256:… 200"],
    ],
  ])("%s", async (_name, format, options, expected) => {
    const registry = await start(options)
    const { digest } = await putImage(registry.address, "team/app", "x")
    const artifacts = [`${registry.address}/team/app@${digest}`]
    await sign({ artifacts, key, formats: [format] })
    registry.clearRequests()
    await verified({ artifacts, formats: [format] })
    expect(told(registry)).toEqual(expected)
  })
})

describe("no manifest and no blob is fetched twice by one command", () => {
  it.each<FormatName>(["cosign-v2", "cosign-v3"])("100 references to one repository, %s", async (format) => {
    const registry = await start({ referrers: "absent" })
    const artifacts: string[] = []
    for (let at = 0; at < 50; at++) {
      const { digest } = await putImage(registry.address, "team/app", `image ${at}`)
      artifacts.push(`${registry.address}/team/app@${digest}`)
    }
    await sign({ artifacts, key, formats: [format] })
    registry.clearRequests()
    await verified({ artifacts: [...artifacts, ...artifacts], formats: [format] })
    expect(fetchedAgain(registry)).toEqual([])
  })

  it("an index with what is below it", async () => {
    const registry = await start()
    const { index } = await putIndex(registry.address, "team/app", "x", "1")
    const artifacts = [`${registry.address}/team/app@${index.digest}`]
    registry.clearRequests()
    await sign({ artifacts, key, formats: ["cosign-v2", "cosign-v3"], recursive: true })
    expect(fetchedAgain(registry)).toEqual([])
    registry.clearRequests()
    await verified({ artifacts, recursive: true, everything: true })
    expect(fetchedAgain(registry)).toEqual([])
  })
})

const found = ["GET manifests/sha256:… 200"] as const

/** Uploads of blobs that the registry does not have; some are asked for first. */
function blobs(count: number, asked = count): readonly string[] {
  const heads = Array<string>(asked).fill("HEAD blobs/sha256:… 404")
  return [...heads, ...Array<string>(count).fill("POST blobs/uploads/? 201")]
}

describe("signing", () => {
  it.each<[string, readonly FormatName[], TestRegistryOptions, readonly string[]]>([
    [
      "bundle, referrers API",
      ["cosign-v3"],
      {},
      // Whether there is room for it is asked first; that it is listed, last.
      [...found, ...blobs(2), "GET referrers/sha256:… 200", "PUT manifests/sha256:… 201", "GET referrers/sha256:… 200"],
    ],
    [
      "bundle, referrers tag",
      ["cosign-v3"],
      { referrers: "absent" },
      [
        ...found,
        ...blobs(2),
        "GET referrers/sha256:… 404",
        "GET manifests/sha256-… 404",
        "PUT manifests/sha256:… 201",
        "GET manifests/sha256-… 404",
        "PUT manifests/sha256-… 201",
      ],
    ],
    [
      "signature tag, conditions honoured",
      ["cosign-v2"],
      {},
      [...found, "GET manifests/sha256-….sig 404", ...blobs(2, 1), "PUT manifests/sha256-….sig 201"],
    ],
    [
      "signature tag, conditions ignored: three clean reads",
      ["cosign-v2"],
      { faults: { conditionsIgnored: true } },
      [
        ...found,
        "GET manifests/sha256-….sig 404",
        ...blobs(2, 1),
        "PUT manifests/sha256-….sig 201",
        ...Array<string>(3).fill("GET manifests/sha256-….sig 200"),
      ],
    ],
  ])("%s", async (_name, formats, options, expected) => {
    const registry = await start(options)
    const { digest } = await putImage(registry.address, "team/app", "x")
    registry.clearRequests()
    await sign({ artifacts: [`${registry.address}/team/app@${digest}`], key, formats })
    // Uploads overtake each other.
    expect(told(registry).toSorted()).toEqual(expected.toSorted())
  })

  it("writes two formats side by side", async () => {
    const registry = await start()
    const gate = await startGate(registry)
    try {
      const { digest } = await putImage(registry.address, "team/app", "x")
      const { artifacts } = await sign({
        artifacts: [`${gate.address}/team/app@${digest}`],
        key,
        formats: ["cosign-v2", "cosign-v3"],
      })
      expect(artifacts.map((one) => one.signatures.map(({ format }) => format))).toEqual([["cosign-v2", "cosign-v3"]])
      expect(gate.met()).toBe(true)
    } finally {
      await gate.close()
    }
  })
})

/**
 * A gate before a registry: the first request that only the signature tag causes, and the first upload, are let through
 * together. Formats written one after the other would never get past it.
 */
async function startGate(
  registry: TestRegistry,
): Promise<{ address: string; met: () => boolean; close(): Promise<void> }> {
  const waiting = new Map<"tag" | "upload", () => void>()
  let open = false
  const pass = (who: "tag" | "upload" | undefined): Promise<void> => {
    if (open || who === undefined || waiting.has(who)) return Promise.resolve()
    return new Promise((resolve) => {
      waiting.set(who, resolve)
      if (waiting.size < 2) return
      open = true
      for (const go of waiting.values()) go()
    })
  }
  const server: Server = createServer((request, response) => {
    const who = request.url?.endsWith(".sig") === true ? "tag" : request.method === "POST" ? "upload" : undefined
    void pass(who).then(() => {
      const onward = forward(
        `${registry.url}${request.url ?? ""}`,
        { method: request.method ?? "GET", headers: request.headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers)
          answer.pipe(response)
        },
      )
      request.pipe(onward)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    met: () => open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}
