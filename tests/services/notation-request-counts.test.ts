/** What verifying a notation signature costs a registry: requests are counted, time is not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { runProgram } from "../../src/faces/command-line/run-program.ts"
import { countersignProgram } from "../../src/faces/cli/program.ts"
import { notation2Program, notationProgram } from "../../src/faces/notation/program.ts"
import { sign, verify, type FormatName } from "../../src/index.ts"
import {
  startTestAuthority,
  startTestRegistry,
  type TestRegistry,
  type TestRegistryOptions,
} from "../../src/testing/index.ts"
import { memoryWorld } from "../faces/memory-world.ts"
import { putImage } from "../interop/images.ts"

const POLICY = {
  version: "1.0",
  trustPolicies: [
    {
      name: "all",
      registryScopes: ["*"],
      signatureVerification: { level: "strict" },
      trustStores: ["ca:test"],
      trustedIdentities: ["*"],
    },
  ],
}
const programs = { own: countersignProgram, notation: notationProgram, notation2: notation2Program } as const
type Name = keyof typeof programs

let folder: string
let certificates: { readonly trustStores: readonly string[]; readonly identities: readonly string[] }
const running: TestRegistry[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countersign-test-"))
  const authority = await startTestAuthority({ revocation: "none" })
  const signer = await authority.issueSigner({ chainLength: 3 })
  await authority.close()
  const store = join(folder, "config", "truststore", "x509", "ca", "test")
  mkdirSync(store, { recursive: true })
  writeFileSync(join(store, "root.pem"), signer.rootPem)
  writeFileSync(join(folder, "config", "trustpolicy.json"), JSON.stringify(POLICY))
  writeFileSync(join(folder, "signer.key"), signer.keyPem)
  writeFileSync(join(folder, "signer.crt"), signer.chainPem)
  certificates = { trustStores: [`ca:${store}/root.pem`], identities: ["*"] }
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((registry) => registry.close()))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function start(options: TestRegistryOptions): Promise<TestRegistry> {
  const registry = await startTestRegistry(options)
  running.push(registry)
  return registry
}

async function signed(registry: TestRegistry, count: number, format: FormatName = "notation"): Promise<string[]> {
  const artifacts: string[] = []
  for (let at = 0; at < count; at++) {
    const { digest } = await putImage(registry.address, "team/app", `image ${at}`)
    artifacts.push(`${registry.address}/team/app@${digest}`)
  }
  const files = { key: join(folder, "signer.key"), certificateChain: join(folder, "signer.crt") }
  await sign({ artifacts, ...files, formats: [format] })
  registry.clearRequests()
  return artifacts
}

/** `method what status` of each request, without digests. */
function told(registry: TestRegistry): readonly string[] {
  return registry.requests.map(({ method, path, status }) => {
    const what = path.replace("/v2/team/app/", "").replace(/\?.*$/, "?")
    return `${method} ${what.replace(/sha256([:-])[0-9a-f]{64}/, "sha256$1…")} ${status}`
  })
}

/** Content that was fetched more than once. */
function fetchedAgain(registry: TestRegistry): readonly string[] {
  const content = registry.requests
    .filter(({ method, path }) => method === "GET" && /\/(?:blobs|manifests)\/sha256:/.test(path))
    .map(({ path }) => path)
  return content.filter((path, at) => content.indexOf(path) !== at)
}

async function verifyBy(name: Name, artifact: string): Promise<void> {
  const trusted = ["--trust-store", certificates.trustStores[0] ?? "", "--identity", "*"]
  const args = name === "own" ? ["verify", ...trusted, artifact] : ["verify", "--insecure-registry", artifact]
  const env = { NOTATION_CONFIG: join(folder, "config"), NOTATION_CACHE: join(folder, "cache") }
  const memory = memoryWorld({ folder, env, now: Date.now() })
  try {
    const code = await runProgram(programs[name], args, memory.world, name === "own" ? "own" : "cobra")
    expect({ code, stderr: memory.stderr() }).toEqual({ code: 0, stderr: "" })
  } finally {
    await memory.close()
  }
}

/** The last one is the artifact itself: its media type and size are signed, too. */
const api = [
  "GET referrers/sha256:… 200",
  "GET manifests/sha256:… 200",
  "GET blobs/sha256:… 200",
  "GET manifests/sha256:… 200",
]
/** A signature's own manifest says media type and size of its subject, which would be a fifth request. */
const tag = [
  "GET referrers/sha256:… 404",
  "GET manifests/sha256-… 200",
  "GET manifests/sha256:… 200",
  "GET blobs/sha256:… 200",
]

describe("one verification by digest", () => {
  it.each<[Name, FormatName, "native" | "absent", readonly string[]]>([
    ["own", "notation", "native", api],
    ["own", "notation-cose", "native", api],
    ["own", "notation", "absent", tag],
    ["notation", "notation", "native", api],
    ["notation", "notation", "absent", tag],
    ["notation2", "notation", "native", api],
    ["notation2", "notation-cose", "absent", tag],
  ])("%s, %s, referrers API %s", async (name, format, referrers, expected) => {
    const registry = await start({ referrers })
    const [artifact = ""] = await signed(registry, 1, format)
    await verifyBy(name, artifact)
    expect(told(registry)).toEqual(expected)
  })
})

describe("no manifest and no blob is fetched twice by one command", () => {
  it.each<"native" | "absent">(["native", "absent"])(
    "50 references, each twice, referrers API %s",
    async (referrers) => {
      const registry = await start({ referrers })
      const artifacts = await signed(registry, 50)
      const { report } = await verify({ artifacts: [...artifacts, ...artifacts], certificates })
      expect(report.artifacts.map(({ state }) => state)).toEqual(Array(100).fill("verified"))
      expect(fetchedAgain(registry)).toEqual([])
    },
  )

  it("several signatures of one artifact: those after the first that counts stay where they are", async () => {
    const registry = await start({})
    const [artifact = ""] = await signed(registry, 1)
    await signed(registry, 1, "notation-cose")
    await verifyBy("notation", artifact)
    expect(fetchedAgain(registry)).toEqual([])
    expect(registry.requests.length).toBeLessThanOrEqual(6)
  })
})
