/** What the built command loads. Modules are counted, not milliseconds: those depend on the machine. */
import { execFile } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { putImage } from "../interop/images.ts"

const run = promisify(execFile)
const root = fileURLToPath(new URL("../../", import.meta.url))
const hook = new URL("loaded-modules-hook.ts", import.meta.url).href

interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >
}

let folder: string
let registry: TestRegistry
let image: string
/** Sources of each file of the build, by URL. */
let sources: ReadonlyMap<string, readonly string[]>

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "countersign-test-")))
  const metafile = join(folder, "meta.json")
  await run(process.execPath, ["scripts/build.ts", "cli", join(folder, "cli"), metafile], { cwd: root })
  const { outputs } = JSON.parse(await readFile(metafile, "utf8")) as Metafile
  sources = new Map(
    Object.entries(outputs).map(([path, { inputs }]) => [
      pathToFileURL(join(root, path)).href,
      Object.entries(inputs).flatMap(([source, { bytesInOutput }]) => (bytesInOutput > 0 ? [source] : [])),
    ]),
  )
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  await writeFile(join(folder, "insecure-test.key"), privateKey.export({ type: "pkcs8", format: "pem" }))
  await writeFile(join(folder, "insecure-test.pub"), publicKey.export({ type: "spki", format: "pem" }))
  await writeFile(join(folder, "app.txt"), "the release\n")
  registry = await startTestRegistry()
  const { digest } = await putImage(registry.address, "team/app", "x")
  image = `${registry.address}/team/app@${digest}`
  await loaded("sign", "--key", "insecure-test.key", "--blob", "app.txt", "--bundle", "app.json")
  await loaded("sign", "--key", "insecure-test.key", "--format", "cosign-v3,cosign-v2", image)
})

afterAll(async () => {
  await registry.close()
  await rm(folder, { recursive: true, force: true })
})

/** Sources of everything a command line loaded; it must succeed. */
async function loaded(...argv: readonly string[]): Promise<ReadonlySet<string>> {
  const list = join(folder, "loaded.json")
  await run(process.execPath, ["--import", hook, join(folder, "cli/countersign.js"), ...argv], {
    cwd: folder,
    env: { HOME: folder, PATH: process.env["PATH"] ?? "", LOADED_MODULES: list },
  })
  const urls = JSON.parse(await readFile(list, "utf8")) as string[]
  return new Set(urls.flatMap((url) => sources.get(url) ?? []))
}

const parts = {
  undici: /^node_modules\/undici\//,
  yaml: /^node_modules\/yaml\//,
  noble: /^node_modules\/@noble\//,
  hono: /^node_modules\/(?:@hono|hono|pino)\//,
  "the registry server": /^src\/servers\//,
  "the registry client": /^src\/io\/registry\//,
  "the cosign faces": /^src\/faces\/cosign\//,
  "trust in Sigstore": /^src\/(?:trust\/sigstore|envelopes\/trusted-root|io\/services\/(?:sigstore|tuf|oidc))\//,
} as const

function partsIn(modules: ReadonlySet<string>): readonly string[] {
  return Object.entries(parts).flatMap(([name, pattern]) => ([...modules].some((m) => pattern.test(m)) ? [name] : []))
}

describe("the built command loads what it needs and no more", () => {
  it.each<[string, readonly string[]]>([
    ["version", ["version"]],
    ["help", ["--help"]],
    ["help of a command", ["verify", "--help"]],
    ["verify a file by key", ["verify", "--key", "insecure-test.pub", "--blob", "app.txt", "--bundle", "app.json"]],
  ])("%s: none of the large parts", async (_name, argv) => {
    const modules = await loaded(...argv)
    expect(modules).toContain("src/bin/main.ts")
    expect(partsIn(modules)).toEqual([])
  })

  it("completion: the faces, whose commands it names, and nothing that runs them", async () => {
    expect(partsIn(await loaded("completion", "bash"))).toEqual(["the cosign faces"])
  })

  it("verify a file as cosign does: no server, no network", async () => {
    const argv = ["--key", "insecure-test.pub", "--insecure-ignore-tlog=true", "--bundle", "app.json", "app.txt"]
    expect(partsIn(await loaded("cosign", "verify-blob", ...argv))).toEqual(["the registry client", "the cosign faces"])
  })

  it.each(["cosign-v3", "cosign-v2"])("verify an image, %s: the registry client and undici", async (format) => {
    const modules = await loaded("verify", "--key", "insecure-test.pub", "--format", format, image)
    expect(partsIn(modules)).toEqual(["undici", "the registry client"])
  })

  it("the parts are seen where they are needed", async () => {
    expect(partsIn(await loaded("verify", "--key", "insecure-test.pub", "-o", "yaml", image))).toContain("yaml")
    await writeFile(join(folder, "large.bin"), new Uint8Array(5 * 1024 * 1024))
    const large = ["--blob", "large.bin", "--bundle", "large.json"]
    expect(partsIn(await loaded("sign", "--key", "insecure-test.key", ...large))).toEqual(["noble"])
    expect(partsIn(await loaded("verify", "--key", "insecure-test.pub", ...large))).toEqual(["noble"])
  })
})
