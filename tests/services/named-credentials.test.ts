/** Credentials named for one call go to one registry, and to no other that the call reaches. */
import { createHash } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { countersignProgram } from "../../src/faces/cli/program.ts"
import type { Program } from "../../src/faces/command.ts"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import { list, sign, verify, type ToolError } from "../../src/index.ts"
import { openRegistry } from "../../src/registry.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import { newKey } from "./forgery.ts"
import { startRawServer, type RawServer } from "./raw-server.ts"

const key = newKey()
const NAMED = `Basic ${Buffer.from("alice:insecure-named").toString("base64")}`
const STORED = `Basic ${Buffer.from("bob:insecure-stored").toString("base64")}`
const TOKEN = "Bearer insecure-token"

let mine: RawServer
let other: RawServer
const processes: TestProcess[] = []

const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: `sha256:${createHash("sha256").update("{}").digest("hex")}`,
    size: 2,
  },
  layers: [],
})

/** A registry with one artifact, which asks everybody for credentials and takes any. */
function serve(challenge: string): Promise<RawServer> {
  return startRawServer((request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { "WWW-Authenticate": challenge }).end("{}")
    } else if (request.url?.endsWith("/manifests/1") === true) {
      response.writeHead(200, { "Content-Type": "application/vnd.oci.image.manifest.v1+json" }).end(MANIFEST)
    } else {
      response.writeHead(404).end("{}")
    }
  })
}

async function start(challenge = 'Basic realm="x"'): Promise<void> {
  mine = await serve(challenge)
  other = await serve(challenge)
}

beforeEach(() => start())
afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one.close()))
  await Promise.all([mine.close(), other.close()])
})

/** A process whose Docker configuration has credentials for both registries. */
async function open(program: Program, env: Readonly<Record<string, string>> = {}): Promise<TestProcess> {
  const tool = await startProcess(program, { env })
  processes.push(tool)
  await mkdir(tool.path(".docker"))
  const auth = STORED.slice("Basic ".length)
  const auths = { [mine.address]: { auth }, [other.address]: { auth } }
  await tool.write(".docker/config.json", JSON.stringify({ auths }))
  await tool.write("insecure-test.key", key.privatePem)
  await tool.write("insecure-test.pub", key.publicPem)
  await tool.write("facts.json", "{}")
  return tool
}

/** What a registry was sent as `Authorization`, each once. */
function sent(registry: RawServer): readonly string[] {
  const values = registry.requests.map((line) => line.split(" ").slice(2).join(" "))
  return [...new Set(values)].filter((value) => value !== "").toSorted()
}

function expectRefused(ran: Ran): void {
  expect([ran.exit, ran.stderr]).toEqual([2, expect.stringContaining("[E_USAGE]")])
  expect(ran.stderr).toContain("countersign login")
  expect(ran.stderr).not.toContain("insecure-named")
  expect(ran.stderr).not.toContain("insecure-token")
  expect([mine.requests, other.requests]).toEqual([[], []])
}

const WAYS: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>])[] = [
  ["a user name", ["--registry-username", "alice"], { COUNTERSIGN_REGISTRY_PASSWORD: "insecure-named" }],
  ["a token", [], { COUNTERSIGN_REGISTRY_TOKEN: "insecure-token" }],
]

describe.each(WAYS)("the own command with %s", (_name, flags, env) => {
  it.each([
    ["verify", ["verify", "--key", "insecure-test.pub"]],
    ["explain", ["explain", "--key", "insecure-test.pub"]],
    ["sign", ["sign", "--key", "insecure-test.key"]],
    ["attest", ["attest", "--key", "insecure-test.key", "--type", "custom", "--predicate", "facts.json"]],
  ])("adv: GHSA-742w-89gc-8m9c %s of artifacts in two registries asks neither", async (_command, argv) => {
    const tool = await open(countersignProgram, env)
    expectRefused(await tool.run(...argv, ...flags, `${mine.address}/app:1`, `${other.address}/app:1`))
  })

  it.each([
    ["verify", ["verify", "--key", "insecure-test.pub"]],
    ["sign", ["sign", "--key", "insecure-test.key"]],
    ["list", ["list"]],
  ])("adv: GHSA-742w-89gc-8m9c %s with signatures in another registry asks neither", async (_command, argv) => {
    const tool = await open(countersignProgram, env)
    const elsewhere = ["--signature-repository", `${other.address}/signatures`]
    expectRefused(await tool.run(...argv, ...flags, ...elsewhere, `${mine.address}/app:1`))
  })

  it("reaches artifacts and signatures of one registry", async () => {
    if (env["COUNTERSIGN_REGISTRY_TOKEN"] !== undefined) {
      await Promise.all([mine.close(), other.close()])
      await start('Bearer realm="http://127.0.0.1:1/token"')
    }
    const tool = await open(countersignProgram, env)
    const elsewhere = ["--signature-repository", `${mine.address}/signatures`]
    await tool.run("list", ...flags, ...elsewhere, `${mine.address}/app:1`)
    expect(mine.requests[0]).toMatch(/^GET [^ ]+$/)
    expect(sent(mine)).toEqual([flags.length > 0 ? NAMED : TOKEN])
    expect(mine.requests.some((line) => line.includes("/v2/signatures/"))).toBe(true)
  })
})

it("the own command without named credentials sends each registry its own", async () => {
  const tool = await open(countersignProgram)
  const elsewhere = ["--signature-repository", `${other.address}/signatures`]
  await tool.run("list", ...elsewhere, `${mine.address}/app:1`)
  expect([sent(mine), sent(other)]).toEqual([[STORED], [STORED]])
})

describe.each([
  ["cosign", cosignProgram],
  ["cosign2", cosign2Program],
])("%s", (_name, program) => {
  it("adv: GHSA-742w-89gc-8m9c sends a user name and password to the first artifact's registry alone", async () => {
    const tool = await open(program, { COSIGN_REPOSITORY: `${other.address}/signatures` })
    const flags = ["--registry-username", "alice", "--registry-password", "insecure-named"]
    await tool.run("verify", "--key", "insecure-test.pub", "--insecure-ignore-tlog", ...flags, `${mine.address}/app:1`)
    expect([sent(mine), sent(other)]).toEqual([[NAMED], [STORED]])
  })

  it("adv: GHSA-742w-89gc-8m9c sends the second artifact's registry what is stored for it", async () => {
    const tool = await open(program)
    const flags = ["--registry-username", "alice", "--registry-password", "insecure-named"]
    await tool.run(
      "verify",
      "--key",
      "insecure-test.pub",
      "--insecure-ignore-tlog",
      ...flags,
      `${mine.address}/app:1`,
      `${other.address}/app:1`,
    )
    expect(sent(mine)).toEqual([NAMED])
    expect(sent(other)).not.toContain(NAMED)
  })

  it("adv: GHSA-742w-89gc-8m9c sends a token on a challenge, to the first artifact's registry alone", async () => {
    await Promise.all([mine.close(), other.close()])
    await start('Bearer realm="http://127.0.0.1:1/token"')
    const tool = await open(program, { COSIGN_REPOSITORY: `${other.address}/signatures` })
    const flags = ["--registry-token", "insecure-token"]
    await tool.run("verify", "--key", "insecure-test.pub", "--insecure-ignore-tlog", ...flags, `${mine.address}/app:1`)
    expect(mine.requests[0]).toMatch(/^GET [^ ]+$/)
    expect(sent(mine)).toEqual([TOKEN])
    expect(other.requests.length).toBeGreaterThan(0)
    expect(sent(other)).toEqual([])
  })
})

describe("the library", () => {
  const credentials = [{ username: "alice", password: "insecure-named" }, { token: "insecure-token" }]

  async function refusal(call: () => unknown): Promise<string> {
    try {
      await call()
    } catch (error) {
      return (error as ToolError).code
    }
    return "none"
  }

  it.each(credentials)("adv: GHSA-742w-89gc-8m9c refuses %j for two registries", async (registry) => {
    const tool = await open(countersignProgram)
    const artifacts = [`${mine.address}/app:1`, `${other.address}/app:1`]
    const elsewhere = { artifacts: artifacts.slice(0, 1), signatureRepository: `${other.address}/signatures` }
    const keys = [tool.path("insecure-test.pub")]
    for (const where of [{ artifacts }, elsewhere]) {
      expect(await refusal(() => list({ ...where, registry }))).toBe("E_USAGE")
      expect(await refusal(() => verify({ ...where, keys, registry }))).toBe("E_USAGE")
      expect(await refusal(() => sign({ ...where, key: tool.path("insecure-test.key"), registry }))).toBe("E_USAGE")
    }
    expect([mine.requests, other.requests]).toEqual([[], []])
  })

  it("adv: GHSA-742w-89gc-8m9c opens one registry with credentials, layouts beside it, and no second", async () => {
    const registry = openRegistry(credentials[0])
    try {
      registry.repository("oci:./layout")
      const repository = registry.repository(`${mine.address}/app`)
      expect(await refusal(() => registry.repository(`${other.address}/app`))).toBe("E_USAGE")
      expect((await repository.resolve("1")).size).toBe(MANIFEST.length)
      expect([sent(mine), other.requests]).toEqual([[NAMED], []])
      expect(registry.repository(`${mine.address}/app`)).toBe(repository)
    } finally {
      await registry.close()
    }
  })
})
