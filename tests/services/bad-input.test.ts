/** Registries that lie, hang, break off or refuse: every command says so with its code and leaves nothing half done. */
import { generateKeyPairSync } from "node:crypto"
import { mkdir, readdir } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ErrorCode } from "../../src/core/error-catalogue.ts"
import { startTestRegistry, type RegistryFaults, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import { always, startRawServer, type RawHandler } from "./raw-server.ts"

let registry: TestRegistry
let tool: TestProcess
let app: string
let pinned: string

const FOREVER = Number.POSITIVE_INFINITY
const MIB = 1024 * 1024

beforeAll(async () => {
  registry = await startTestRegistry()
  tool = await startProcess()
  app = `${registry.address}/team/app:1`
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  await tool.write("insecure-test.key", privateKey.export({ type: "pkcs8", format: "pem" }) as string)
  await tool.write("insecure-test.pub", publicKey.export({ type: "spki", format: "pem" }) as string)
  await tool.write("app.txt", "the release\n".repeat(1000))
  await tool.write("facts.json", "{}")
  const pushed = await tool.run("push", "-o", "json", app, "app.txt")
  const { descriptor } = JSON.parse(pushed.stdout) as { descriptor: { digest: string } }
  pinned = `${registry.address}/team/app@${descriptor.digest}`
  const signed = await tool.run("sign", "--key", "insecure-test.key", "--format", "cosign-v3,cosign-v2", app)
  expect(signed.exit).toBe(0)
})

afterAll(async () => {
  await tool.close()
  await registry.close()
})

/** Command lines about an artifact; `{}` is the folder of the run. */
const commands: Readonly<Record<string, (artifact: string, folder: string) => readonly string[]>> = {
  verify: (artifact) => ["verify", "--key", "insecure-test.pub", artifact],
  explain: (artifact) => ["explain", "--key", "insecure-test.pub", artifact],
  "sign v3": (artifact) => ["sign", "--key", "insecure-test.key", "-a", `run=${runs}`, artifact],
  "sign v2": (artifact) => [
    "sign",
    "--key",
    "insecure-test.key",
    "-a",
    `run=${runs}`,
    "--format",
    "cosign-v2",
    artifact,
  ],
  attest: (artifact) => {
    return ["attest", "--key", "insecure-test.key", "--type", "custom", "--predicate", "facts.json", artifact]
  },
  list: (artifact) => ["list", artifact],
  inspect: (artifact) => ["inspect", artifact],
  pull: (artifact, folder) => ["pull", "--to", folder, artifact],
  push: (artifact) => ["push", artifact.replace(/[:@][^/]*$/, ":new"), `new-${runs}.txt`],
  tag: (artifact) => ["tag", artifact, "moved"],
}

let runs = 0

/** What a run left behind: its answer, the files of its folder, what the registry holds. */
interface Outcome extends Ran {
  readonly files: readonly string[]
  readonly kept: boolean
}

async function run(command: string, artifact: string, faults: RegistryFaults, timeout = "20s"): Promise<Outcome> {
  const folder = tool.path(`run-${(runs += 1)}`)
  await mkdir(folder)
  await tool.write(`new-${runs}.txt`, `content ${runs}\n`)
  const before = await held()
  registry.setFaults(faults)
  const ran = await tool.run(...(commands[command]?.(artifact, folder) ?? []), "--timeout", timeout)
  registry.reset()
  return { ...ran, files: await readdir(folder), kept: (await held()) === before }
}

/** Tags and referrers of the test's repository and what they point to. */
async function held(): Promise<string> {
  const digest = pinned.slice(pinned.indexOf("@") + 1)
  const list = (await (await fetch(`${registry.url}/v2/team/app/tags/list`)).json()) as { tags: string[] }
  const heads = list.tags.map((tag) => fetch(`${registry.url}/v2/team/app/manifests/${tag}`, { method: "HEAD" }))
  const digests = (await Promise.all(heads)).map((answer) => answer.headers.get("docker-content-digest"))
  const referrers = await (await fetch(`${registry.url}/v2/team/app/referrers/${digest}`)).text()
  return JSON.stringify([list.tags, digests, referrers])
}

const GOOD = /^(verified|signed|attested|pushed|pulled|tagged)\b/m

/** The shape of every refusal: exit code, code, reason, advice, and no word of success. */
function expectRefusal(ran: Ran, exit: number, code: ErrorCode): void {
  expect(ran.stderr).toContain(`[${code}]`)
  expect(ran.exit).toBe(exit)
  expect(ran.stderr).toMatch(/^error: \S.* \[E_[A-Z_]+\]$/m)
  expect(ran.stderr).toMatch(/^ {2}why +\S/m)
  expect(ran.stderr).toMatch(/^ {2}hint: \S/m)
  expect(ran.stderr).not.toContain("E_INTERNAL")
  expect(ran.stdout).not.toMatch(GOOD)
}

interface FaultCase {
  readonly name: string
  readonly faults: RegistryFaults
  readonly code: ErrorCode
  /** Commands the fault does not reach. */
  readonly unharmed?: readonly string[]
  readonly timeout?: string
}

const always503 = { times: FOREVER, retryAfter: "0" }

describe.each<FaultCase>([
  { name: "never answers", faults: { hang: true }, code: "E_NET_TIMEOUT", timeout: "150ms" },
  { name: "answers 503", faults: { serverErrors: always503 }, code: "E_REGISTRY_UNAVAILABLE" },
  { name: "answers 500", faults: { serverErrors: { ...always503, status: 500 } }, code: "E_REGISTRY_UNAVAILABLE" },
  { name: "answers 403", faults: { serverErrors: { ...always503, status: 403 } }, code: "E_REGISTRY_DENIED" },
  { name: "answers 400", faults: { serverErrors: { ...always503, status: 400 } }, code: "E_REGISTRY_PROTOCOL" },
  { name: "answers 429 again and again", faults: { tooManyRequests: always503 }, code: "E_REGISTRY_RATE_LIMITED" },
  {
    name: "answers 429 and wants an hour",
    faults: { tooManyRequests: { times: FOREVER, retryAfter: "3600" } },
    code: "E_REGISTRY_RATE_LIMITED",
  },
  { name: "answers 401 in a loop", faults: { auth: { kind: "loop" } }, code: "E_REGISTRY_UNAUTHENTICATED" },
  { name: "wants a password", faults: { auth: { kind: "basic" } }, code: "E_REGISTRY_UNAUTHENTICATED" },
  {
    name: "sends us to a metadata service for a token",
    faults: { auth: { kind: "bearer", realm: "http://169.254.169.254/token" } },
    code: "E_NET_FORBIDDEN_TARGET",
  },
  { name: "delivers wrong bytes", faults: { wrongBytes: "all" }, code: "E_REGISTRY_PROTOCOL", unharmed: ["push"] },
  { name: "names wrong digests", faults: { digestHeader: "wrong" }, code: "E_REGISTRY_PROTOCOL" },
  { name: "delivers more than it has", faults: { extraBytes: 1 }, code: "E_REGISTRY_PROTOCOL", unharmed: ["push"] },
  {
    name: "delivers manifests of 5 MiB",
    faults: { extraBytes: 5 * MIB },
    code: "E_LIMIT_EXCEEDED",
    unharmed: ["push"],
  },
  {
    name: "resets connections",
    faults: { resetDownloadAt: { byte: 10 } },
    code: "E_NET_CONNECT",
    unharmed: ["push"],
  },
  { name: "cuts answers", faults: { truncateDownloadAt: { byte: 10 } }, code: "E_NET_CONNECT", unharmed: ["push"] },
])("a registry that $name", ({ faults, code, unharmed = [], timeout }) => {
  const harmed = Object.keys(commands).filter((command) => !unharmed.includes(command))
  it.each(harmed)("%s: exit code 3, the reason, and nothing changed", async (command) => {
    const ran = await run(command, app, faults, timeout)
    if (command === "explain") expect(ran).toMatchObject({ exit: 3, stderr: "" })
    else expectRefusal(ran, 3, code)
    if (command === "explain") expect(ran.stdout).toContain(code)
    expect(ran.stdout).not.toMatch(GOOD)
    expect(ran).toMatchObject({ files: [], kept: true })
  })
})

describe("an artifact named by digest", () => {
  const lying: RegistryFaults = { wrongBytes: "manifests", digestHeader: "absent" }
  it.each(["verify", "sign v3", "sign v2", "attest", "list", "inspect", "pull", "tag"])(
    "adv: GHSA-xhg5-42rf-296r %s compares what came back",
    async (command) => {
      const ran = await run(command, pinned, lying)
      expectRefusal(ran, 3, "E_REGISTRY_PROTOCOL")
      expect(ran).toMatchObject({ files: [], kept: true })
    },
  )

  it("adv: GHSA-xhg5-42rf-296r with a tag beside it, the digest alone counts", async () => {
    const digest = pinned.slice(pinned.indexOf("@"))
    const other = `${registry.address}/team/app:other`
    expect((await tool.run("push", other, tool.path("facts.json"))).exit).toBe(0)
    const verified = await tool.run("verify", "--key", "insecure-test.pub", "-o", "json", `${other}${digest}`)
    expect(verified.exit).toBe(0)
    expect(verified.stdout).toContain(digest.slice(1))
    const wrong = `${app}@sha256:${"0".repeat(64)}`
    const ran = await tool.run("verify", "--key", "insecure-test.pub", wrong)
    expectRefusal(ran, 1, "E_REF_TAG_NOT_FOUND")
    expect((await run("pull", wrong, {})).files).toEqual([])
  })
})

describe("pull", () => {
  const blobs = ({ path }: { readonly path: string }): boolean => path.includes("/blobs/")
  it.each<[string, RegistryFaults, ErrorCode, string]>([
    ["a layer with other bytes", { wrongBytes: "blobs" }, "E_REGISTRY_PROTOCOL", "20s"],
    ["a layer that is longer", { extraBytes: 1, where: blobs }, "E_REGISTRY_PROTOCOL", "20s"],
    ["a layer that breaks off", { truncateDownloadAt: { byte: 7 }, where: blobs }, "E_NET_CONNECT", "20s"],
    ["a layer that never comes", { hang: true, where: blobs }, "E_NET_TIMEOUT", "150ms"],
    [
      "a layer that is refused",
      { serverErrors: { times: FOREVER, status: 403 }, where: blobs },
      "E_REGISTRY_DENIED",
      "20s",
    ],
    [
      "a layer that is gone",
      { serverErrors: { times: FOREVER, status: 404 }, where: blobs },
      "E_REGISTRY_PROTOCOL",
      "20s",
    ],
  ])("adv: CVE-2023-38495 %s leaves no file", async (_name, faults, code, timeout) => {
    const ran = await run("pull", app, faults, timeout)
    expectRefusal(ran, 3, code)
    expect(ran.files).toEqual([])
  })
})

describe("what is written", () => {
  const puts = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
    method === "PUT" && path.includes("/manifests/")
  const uploads = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
    method !== "GET" && method !== "HEAD" && path.includes("/blobs/")
  const writers = ["push", "sign v3", "sign v2", "attest"]

  describe.each<[string, RegistryFaults, ErrorCode, number]>([
    [
      "a manifest that is not taken",
      { serverErrors: { ...always503, status: 500 }, where: puts },
      "E_REGISTRY_UNAVAILABLE",
      3,
    ],
    [
      "a manifest that is forbidden",
      { serverErrors: { ...always503, status: 403 }, where: puts },
      "E_REGISTRY_DENIED",
      3,
    ],
    [
      "a manifest that is too large",
      { serverErrors: { ...always503, status: 413 }, where: puts },
      "E_LIMIT_EXCEEDED",
      3,
    ],
    [
      "an upload that is forbidden",
      { serverErrors: { ...always503, status: 403 }, where: uploads },
      "E_REGISTRY_DENIED",
      3,
    ],
    [
      "an upload that is too large",
      { serverErrors: { ...always503, status: 413 }, where: uploads },
      "E_LIMIT_EXCEEDED",
      3,
    ],
  ])("%s", (_name, faults, code, exit) => {
    it.each(writers)("%s leaves no tag and no referrer", async (command) => {
      const ran = await run(command, app, faults)
      expectRefusal(ran, exit, code)
      expect(ran.kept).toBe(true)
    })
  })

  it.each<[string, RegistryFaults, ErrorCode]>([
    ["a Location at a metadata service", { locationUrl: "http://169.254.169.254/upload" }, "E_REGISTRY_PROTOCOL"],
    ["a Location at another host", { location: "other-host" }, "E_REGISTRY_PROTOCOL"],
    ["a Location with another scheme", { locationUrl: "ftp://127.0.0.1/upload" }, "E_REGISTRY_PROTOCOL"],
    ["a Location that is none", { locationUrl: "http://[" }, "E_REGISTRY_PROTOCOL"],
  ])("adv: GHSA-jxpm-75mh-9fp7 push: %s", async (_name, faults, code) => {
    const ran = await run("push", app, { ...faults, singlePost: 202 })
    expectRefusal(ran, 3, code)
    expect(ran.kept).toBe(true)
    expect(registry.objectStore.requests).toEqual([])
  })

  it("a tag that must not move is a conflict, and stays", async () => {
    const ran = await run("sign v2", app, { immutableTags: true })
    expectRefusal(ran, 4, "E_REGISTRY_TAG_IMMUTABLE")
    expect(ran.kept).toBe(true)
  })
})

describe("an incomplete answer", () => {
  const referrers = ({ path }: { readonly path: string }): boolean => path.includes("/referrers/")
  const failing: RegistryFaults = { serverErrors: always503, where: referrers }

  it.each(["list", "inspect"])("%s shows what it has, says what is missing, and is exit code 3", async (command) => {
    const ran = await run(command, app, failing)
    expectRefusal(ran, 3, "E_REGISTRY_UNAVAILABLE")
    expect(ran.stdout).toContain("incomplete: 1 place could not be read")
  })

  it("verify never calls an artifact unsigned whose places could not all be read", async () => {
    const argv = ["verify", "--key", "insecure-test.pub", "--format", "cosign-v3", "-o", "json", app]
    registry.setFaults(failing)
    const ran = await tool.run(...argv)
    registry.reset()
    expectRefusal(ran, 3, "E_REGISTRY_UNAVAILABLE")
    expect(JSON.parse(ran.stdout)).toMatchObject({
      artifacts: [{ state: "unknown", error: { kind: "unknown", exit: 3 } }],
    })
  })

  it("sign --if-missing adds nothing when it cannot find out", async () => {
    const before = await held()
    registry.setFaults(failing)
    const argv = ["sign", "--if-missing", "--key", "insecure-test.key", "-a", "third=1", app]
    expectRefusal(await tool.run(...argv), 3, "E_REGISTRY_UNAVAILABLE")
    registry.reset()
    expect(await held()).toBe(before)
  })
})

describe("a server that is no registry", () => {
  const digest = `sha256:${"a".repeat(64)}`
  const html = { "content-type": "text/html; charset=utf-8" }
  const manifest = { "content-type": "application/vnd.oci.image.manifest.v1+json" }

  it.each<[string, RawHandler, ErrorCode, number]>([
    ["answers with a web page", always(200, html, "<!doctype html><title>log in</title>"), "E_REGISTRY_PROTOCOL", 3],
    [
      "redirects to a metadata service",
      always(307, { location: "http://169.254.169.254/x" }),
      "E_NET_FORBIDDEN_TARGET",
      3,
    ],
    ["redirects to another scheme", always(307, { location: "file:///etc/passwd" }), "E_NET_FORBIDDEN_TARGET", 3],
    [
      "redirects in a circle",
      (request, response) => void response.writeHead(307, { location: request.url ?? "" }).end(),
      "E_LIMIT_EXCEEDED",
      3,
    ],
    ["redirects nowhere", always(307, {}), "E_REGISTRY_PROTOCOL", 3],
    ["closes the connection", (request) => void request.socket.destroy(), "E_NET_CONNECT", 3],
    ["speaks no HTTP", (request) => void request.socket.end("SSH-2.0-OpenSSH_9.2\r\n"), "E_NET_CONNECT", 3],
    ["answers 401 without a challenge", always(401, {}), "E_REGISTRY_UNAUTHENTICATED", 3],
    ["answers 204", always(204, {}), "E_REGISTRY_PROTOCOL", 3],
    ["answers 404 to everything", always(404, { "content-type": "text/plain" }, "not found"), "E_REF_TAG_NOT_FOUND", 1],
    ["delivers nothing", always(200, manifest, ""), "E_FORMAT_MALFORMED", 1],
    ["delivers null", always(200, manifest, "null"), "E_FORMAT_MALFORMED", 1],
    ["delivers a list", always(200, manifest, "[]"), "E_FORMAT_MALFORMED", 1],
    ["delivers text", always(200, manifest, "hello"), "E_FORMAT_MALFORMED", 1],
    ["delivers half a document", always(200, manifest, '{"schemaVersion":2,"config":{'), "E_FORMAT_MALFORMED", 1],
    ["delivers invalid UTF-8", always(200, manifest, Uint8Array.of(0x22, 0xff, 0x22)), "E_FORMAT_MALFORMED", 1],
    [
      "delivers schema 1",
      always(200, manifest, '{"schemaVersion":1,"fsLayers":[]}'),
      "E_FORMAT_UNSUPPORTED_VERSION",
      1,
    ],
    [
      "delivers two readings",
      always(200, manifest, '{"schemaVersion":2,"manifests":[],"layers":[]}'),
      "E_FORMAT_MALFORMED",
      1,
    ],
    ...["sha256:../../x", `sha256:${"a".repeat(63)}`, `sha256:${"A".repeat(64)}`, "sha512:aa", "foo:bar", ""].map(
      (named): [string, RawHandler, ErrorCode, number] => [
        `adv: CVE-2024-3727 delivers a layer of digest ${JSON.stringify(named.slice(0, 16))}`,
        always(200, manifest, JSON.stringify(withLayer(named))),
        "E_FORMAT_MALFORMED",
        1,
      ],
    ),
    ["delivers one key twice", always(200, manifest, '{"schemaVersion":2,"schemaVersion":2}'), "E_FORMAT_MALFORMED", 1],
    ["delivers deep nesting", always(200, manifest, "[".repeat(100_000)), "E_LIMIT_EXCEEDED", 1],
    ["delivers without end", endless(manifest), "E_LIMIT_EXCEEDED", 3],
    ["refuses without end", endless(html, 500), "E_REGISTRY_UNAVAILABLE", 3],
  ])("%s: a clear error", async (_name, handler, code, exit) => {
    const server = await startRawServer(handler)
    try {
      const folder = tool.path(`raw-${(runs += 1)}`)
      await mkdir(folder)
      // What looks like a broken connection is tried again and again, which takes its time.
      for (const command of code === "E_NET_CONNECT" ? ["pull"] : ["verify", "list", "sign v3", "pull"]) {
        const argv = commands[command]?.(`${server.address}/team/app:1`, folder) ?? []
        expectRefusal(await tool.run(...argv, "--timeout", "20s"), exit, code)
      }
      expect(await readdir(folder)).toEqual([])
      const byDigest = await tool.run("verify", "--key", "insecure-test.pub", `${server.address}/team/app@${digest}`)
      expect(byDigest.exit).not.toBe(0)
      expect(byDigest.stdout).not.toMatch(/^(verified|unsigned)/m)
    } finally {
      await server.close()
    }
  })
})

/** A body that is written for as long as somebody reads it. */
function endless(headers: Record<string, string>, status = 200): RawHandler {
  const chunk = new Uint8Array(64 * 1024).fill(0x20)
  return (_request, response) => {
    response.writeHead(status, { ...headers, "retry-after": "0" })
    const write = (): void => {
      while (!response.destroyed && response.write(chunk));
    }
    response.on("drain", write)
    write()
  }
}

/** A manifest with one layer that claims a digest. */
function withLayer(named: string): object {
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: `sha256:${"a".repeat(64)}`, size: 2 }
  const annotations = { "org.opencontainers.image.title": "a.txt" }
  return { schemaVersion: 2, config, layers: [{ mediaType: "text/plain", digest: named, size: 1, annotations }] }
}
