import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, type TestRegistry } from "../../src/testing/test-registry.ts"

const run = promisify(execFile)

/** Real programs: from INTEROP_BIN first, then PATH. */
function peer(name: string): string | undefined {
  const folders = [process.env["INTEROP_BIN"] ?? "", ...(process.env["PATH"] ?? "").split(delimiter)]
  return folders.map((folder) => join(folder, name)).find((path) => path !== name && existsSync(path))
}

const peers = Object.fromEntries(
  ["oras", "crane", "skopeo", "umoci", "cosign2", "cosign3"].map((name) => [name, peer(name)]),
)
for (const [name, path] of Object.entries(peers)) {
  if (path === undefined) console.warn(`${name} is neither in INTEROP_BIN nor in PATH: its tests are skipped`)
}

let folder: string
let registry: TestRegistry

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-peers-"))
  registry = await startTestRegistry({ storage: "file" })
  await writeFile(join(folder, "hello.txt"), "hello\n")
  await writeFile(join(folder, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}')
})
afterAll(async () => {
  await registry.close()
  await rm(folder, { recursive: true, force: true })
})

async function use(name: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, HOME: folder, DOCKER_CONFIG: folder, COSIGN_PASSWORD: "", TMPDIR: folder }
  const { stdout } = await run(peers[name] ?? name, args, { cwd: folder, env, timeout: 60_000 })
  return stdout
}

const test = (name: string): ReturnType<typeof it.skipIf> => it.skipIf(peers[name] === undefined)

/** An image with one layer, made by nobody's tool. */
async function pushImage(reference: string): Promise<void> {
  await use(
    "crane",
    "append",
    "--insecure",
    "--new_layer",
    await layer(),
    "--new_tag",
    `${registry.address}/${reference}`,
  )
}

async function layer(): Promise<string> {
  const path = join(folder, "layer.tar")
  if (!existsSync(path)) await run("tar", ["-cf", path, "-C", folder, "hello.txt"])
  return path
}

describe("oras", () => {
  test("oras")("pushes, attaches, discovers by the API, pulls and deletes", async () => {
    const target = `${registry.address}/peers/oras:v1`
    await use("oras", "push", "--plain-http", target, "hello.txt:text/plain")
    await use("oras", "attach", "--plain-http", "--artifact-type", "a/b", target, "hello.txt:text/plain")
    const found = JSON.parse(await use("oras", "discover", "--plain-http", "--format", "json", target)) as {
      manifests?: { artifactType: string }[]
      referrers?: { artifactType: string }[]
    }
    expect((found.manifests ?? found.referrers)?.map((entry) => entry.artifactType)).toEqual(["a/b"])
    expect(registry.requests.some((entry) => entry.path.includes("/manifests/sha256-"))).toBe(false)
    await mkdir(join(folder, "out"), { recursive: true })
    await use("oras", "pull", "--plain-http", "-o", join(folder, "out"), target)
    expect(await readFile(join(folder, "out", "hello.txt"), "utf8")).toBe("hello\n")
    expect(await use("oras", "repo", "tags", "--plain-http", `${registry.address}/peers/oras`)).toBe("v1\n")
    await use("oras", "manifest", "delete", "--plain-http", "--force", target)
    await expect(use("oras", "manifest", "fetch", "--plain-http", target)).rejects.toThrow(/not found/)
  })

  test("oras")("copies with referrers", async () => {
    const from = `${registry.address}/peers/from:v1`
    await use("oras", "push", "--plain-http", from, "hello.txt:text/plain")
    await use("oras", "attach", "--plain-http", "--artifact-type", "a/b", from, "hello.txt:text/plain")
    const to = `${registry.address}/peers/to:v1`
    await use("oras", "cp", "-r", "--from-plain-http", "--to-plain-http", from, to)
    expect(await use("oras", "discover", "--plain-http", "--format", "json", to)).toContain('"a/b"')
  })
})

describe("crane", () => {
  test("crane")("pushes in chunks, lists, copies, validates", async () => {
    await pushImage("peers/crane:v1")
    const target = `${registry.address}/peers/crane`
    expect(await use("crane", "ls", "--insecure", target)).toBe("v1\n")
    await use("crane", "validate", "--insecure", "--remote", `${target}:v1`)
    await use("crane", "copy", "--insecure", `${target}:v1`, `${registry.address}/peers/copy:v2`)
    const digest = await use("crane", "digest", "--insecure", `${target}:v1`)
    expect(await use("crane", "digest", "--insecure", `${registry.address}/peers/copy:v2`)).toBe(digest)
    expect(await use("crane", "catalog", "--insecure", registry.address)).toContain("peers/copy\n")
    await use("crane", "delete", "--insecure", `${target}@${digest.trim()}`)
    await expect(use("crane", "manifest", "--insecure", `${target}:v1`)).rejects.toThrow(/MANIFEST_UNKNOWN/)
  })
})

describe("skopeo and umoci", () => {
  test("umoci")("an image made by umoci goes up and down unchanged", async () => {
    await use("umoci", "init", "--layout", "layout")
    await use("umoci", "new", "--image", "layout:v1")
    const target = `docker://${registry.address}/peers/umoci:v1`
    const common = ["--insecure-policy"]
    await use("skopeo", ...common, "copy", "--dest-tls-verify=false", "oci:layout:v1", target)
    await use("skopeo", ...common, "copy", "--src-tls-verify=false", target, "oci:back:v1")
    const [there, back] = await Promise.all(
      ["layout", "back"].map((name) => readFile(join(folder, name, "index.json"), "utf8")),
    )
    const digest = (text = ""): unknown =>
      (JSON.parse(text) as { manifests: { digest: string }[] }).manifests[0]?.digest
    expect(digest(back)).toBe(digest(there))
    expect(await use("skopeo", "list-tags", "--tls-verify=false", target.replace(/:v1$/, ""))).toContain('"v1"')
  })

  test("skopeo")("converts to Docker's manifest and deletes", async () => {
    await pushImage("peers/skopeo:v1")
    const from = `docker://${registry.address}/peers/skopeo:v1`
    const to = `docker://${registry.address}/peers/docker:v1`
    const tls = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    await use("skopeo", "--insecure-policy", "copy", ...tls, "--format", "v2s2", from, to)
    const raw = await use("skopeo", "inspect", "--raw", "--tls-verify=false", to)
    expect(raw).toContain("application/vnd.docker.distribution.manifest.v2+json")
    await use("skopeo", "delete", "--tls-verify=false", to)
    await expect(use("skopeo", "inspect", "--tls-verify=false", to)).rejects.toThrow(
      /manifest unknown|no such manifest/,
    )
  })
})

describe("cosign", () => {
  test("cosign2")("2.5 signs under a tag and verifies", async () => {
    await pushImage("peers/cosign2:v1")
    const target = `${registry.address}/peers/cosign2:v1`
    await use("cosign2", "generate-key-pair", "--output-key-prefix", "insecure-test-two")
    await use("cosign2", "sign", "-y", "--key", "insecure-test-two.key", "--tlog-upload=false", target)
    await use("cosign2", "verify", "--key", "insecure-test-two.pub", "--insecure-ignore-tlog=true", target)
    expect(registry.requests.some((entry) => entry.method === "PUT" && entry.path.endsWith(".sig"))).toBe(true)
  })

  test("cosign3")("3.1 signs as a referrer and verifies", async () => {
    await pushImage("peers/cosign3:v1")
    const target = `${registry.address}/peers/cosign3:v1`
    const config = join(folder, "signing-config.json")
    await writeFile(config, '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}')
    await use("cosign3", "generate-key-pair", "--output-key-prefix", "insecure-test-three")
    await use("cosign3", "sign", "-y", "--key", "insecure-test-three.key", "--signing-config", config, target)
    await use("cosign3", "verify", "--key", "insecure-test-three.pub", "--insecure-ignore-tlog=true", target)
    const digest = (await use("crane", "digest", "--insecure", target)).trim()
    const list = await fetch(`${registry.url}/v2/peers/cosign3/referrers/${digest}`)
    expect(((await list.json()) as { manifests: unknown[] }).manifests).toHaveLength(1)
  })
})
