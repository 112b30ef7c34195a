/** The library signs for identities only when it is told that publishing is meant, and asks nobody. */
import { existsSync } from "node:fs"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { sign, verify, type SignOptions, type SigstoreSignOptions, type ToolError } from "../../src/index.ts"
import { newKey } from "./forgery.ts"
import { EMAIL, startKeylessWorld, type KeylessWorld } from "./keyless-world.ts"

let world: KeylessWorld
let token: string
let artifact: string
const key = newKey()

beforeAll(async () => {
  world = await startKeylessWorld()
  await world.program.write("insecure-test.key", key.privatePem)
  await world.program.write("insecure-test.pub", key.publicPem)
}, 60_000)

beforeEach(async () => {
  // Nothing of the machine or CI job that runs this.
  for (const name of [
    "SIGSTORE_ID_TOKEN",
    "GITHUB_ACTIONS",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "BUILDKITE_AGENT_ENDPOINT",
  ]) {
    vi.stubEnv(name, undefined)
  }
  vi.stubEnv("HOME", world.program.path("home"))
  token = await world.sandbox.token({ email: EMAIL })
  artifact = await world.image()
  world.sandbox.reset()
  world.registry.reset()
})

afterEach(() => {
  vi.unstubAllEnvs()
})

afterAll(() => world.close())

const path = (name: string): string => world.program.path(name)
const signer = (): Pick<SignOptions, "key"> => ({ key: path("insecure-test.key") })

/** The options that have a value. */
function present(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function sigstore(changes: object = {}, config = "v1"): SigstoreSignOptions {
  const services = { signingConfig: path(`${config}.json`), trustedRoot: path("root.json") }
  return present({ publish: true, identityToken: token, ...services, ...changes })
}

/** A signing that goes on; its first signature. */
async function signed(options: Omit<SignOptions, "artifacts">) {
  const { artifacts } = await sign({ artifacts: [artifact], ...options })
  expect(artifacts[0]?.error).toBeUndefined()
  return artifacts[0]?.signatures[0]?.sigstore
}

async function stateFor(identity: string): Promise<string | undefined> {
  const trust = { identities: [identity], issuer: world.sandbox.services.oidc, trustedRoot: path("root.json") }
  return (await verify({ artifacts: [artifact], sigstore: trust })).report.artifacts[0]?.state
}

async function refused(options: Omit<SignOptions, "artifacts">): Promise<ToolError> {
  const error: unknown = await sign({ artifacts: [artifact], ...options }).then(
    () => new Error("signed"),
    (thrown: unknown) => thrown,
  )
  expect([...world.posted(), ...world.pushed()]).toEqual([])
  return error as ToolError
}

describe("signing for an identity", () => {
  it.each([
    ["v1", "cosign-v3", 1, 0],
    ["v2", "cosign-v3", 1, 1],
    ["v1", "cosign-v2", 1, 0],
  ] as const)("with a new key, log %s, %s", async (config, format, logs, timestamps) => {
    const outcome = await signed({ formats: [format], sigstore: sigstore({}, config) })
    expect(outcome).toMatchObject({ identity: { name: EMAIL, issuer: world.sandbox.services.oidc }, verified: true })
    expect(outcome?.logEntries).toHaveLength(logs)
    expect(outcome?.timestamps).toHaveLength(timestamps)
    expect(await stateFor(EMAIL)).toBe("verified")
    expect(await stateFor("mallory@example.com")).not.toBe("verified")
  })

  it("with a key that is certified, and verifies with it too", async () => {
    const outcome = await signed({ ...signer(), sigstore: sigstore({ keyless: true }) })
    expect(outcome?.identity?.name).toBe(EMAIL)
    expect(await stateFor(EMAIL)).toBe("verified")
  })

  it("with services by URL and a token in a file", async () => {
    const { fulcio, rekor, timestamp: tsa } = world.sandbox.services
    await world.program.write("token", `${token}\n`)
    const urls = { fulcioUrl: fulcio, rekorUrl: rekor, rekorVersion: 1, timestampUrl: tsa }
    const given = { ...urls, identityToken: path("token"), signingConfig: undefined }
    const outcome = await signed({ sigstore: sigstore(given) })
    expect(outcome?.logEntries.map(({ log }) => log)).toEqual([{ url: rekor, majorApiVersion: 1 }])
    expect(outcome?.timestamps.map(({ url }) => url)).toEqual([tsa])
    expect(await stateFor(EMAIL)).toBe("verified")
  })

  it("with the token that the machine brings along", async () => {
    vi.stubEnv("SIGSTORE_ID_TOKEN", token)
    const ambient = sigstore({ identityToken: undefined })
    expect((await signed({ sigstore: ambient }))?.identity?.name).toBe(EMAIL)
  })
})

describe("a key's signatures", () => {
  const keyed = (changes: object = {}): SigstoreSignOptions => sigstore({ identityToken: undefined, ...changes })

  it("are logged on demand", async () => {
    const outcome = await signed({ ...signer(), sigstore: keyed({ log: true }) })
    expect(outcome).toMatchObject({ certificates: [], verified: true })
    expect(outcome?.logEntries).toHaveLength(1)
    const { report } = await verify({
      artifacts: [artifact],
      keys: [path("insecure-test.pub")],
      sigstore: { log: "require", trustedRoot: path("root.json") },
    })
    expect(report.artifacts[0]?.state).toBe("verified")
  })

  it("are stamped without a word about publishing, of which there is none", async () => {
    const outcome = await signed({ ...signer(), sigstore: { timestampUrl: world.sandbox.services.timestamp } })
    expect(outcome?.timestamps).toHaveLength(1)
    expect(outcome?.logEntries).toEqual([])
  })

  it.each<[string, object]>([
    ["are not logged unless publishing is meant", { log: true, publish: false }],
    ["take no identity token", { log: true, identityToken: "a.b.c" }],
    ["take no authority", { log: true, fulcioUrl: "http://127.0.0.1:1" }],
    ["take no log that is not asked for", { rekorUrl: "http://127.0.0.1:1", timestampUrl: "http://127.0.0.1:1" }],
    ["take no options that ask for nothing", {}],
    ["take no kind of new key", { keyless: true, signingAlgorithm: "ecdsa-sha2-256-nistp256" }],
  ])("%s", async (_name, changes) => {
    expect(await refused({ ...signer(), sigstore: keyed(changes) })).toMatchObject({ code: "E_USAGE" })
  })
})

describe("nothing is signed, asked or published", () => {
  it("without a token: no browser, no login, no words on the streams", async () => {
    const rest = sigstore({ identityToken: undefined })
    const written = [vi.spyOn(process.stdout, "write"), vi.spyOn(process.stderr, "write")]
    try {
      const error = await refused({ sigstore: rest })
      expect(error).toMatchObject({ code: "E_OIDC_NO_TOKEN", next: [expect.stringContaining("identityToken")] })
      for (const spy of written) expect(spy).not.toHaveBeenCalled()
    } finally {
      for (const spy of written) spy.mockRestore()
    }
    expect(world.sandbox.requests).toEqual([])
  })

  it.each<[string, object]>([
    ["without a word about publishing", { publish: undefined }],
    ["when publishing is declined", { publish: false }],
    ["for a word that is not true", { publish: "yes" }],
    ["for an unknown option", { yes: true }],
    ["for a misspelt option", { identitytoken: "a.b.c" }],
    ["for an empty token", { identityToken: "" }],
    ["for a token that is no text", { identityToken: 1 }],
    ["for an empty path", { signingConfig: "" }],
    ["for a path that is null", { trustedRoot: null }],
    [
      "for a log of a version that does not exist",
      { signingConfig: undefined, rekorUrl: "http://x.example", rekorVersion: 3 },
    ],
    ["for a version of no log", { rekorVersion: 2 }],
    ["for a version of no authority", { fulcioVersion: 1 }],
    ["for a config beside a URL", { rekorUrl: "http://127.0.0.1:1" }],
    ["for a URL of a log that is not wanted", { log: false, rekorUrl: "http://127.0.0.1:1" }],
    ["for neither log nor timestamp", { log: false }],
    ["for a timestamp authority that is no URL", { timestampUrl: "tsa" }],
    ["for neither key nor identity", { keyless: false, identityToken: undefined }],
    ["for an unknown kind of key", { signingAlgorithm: "rot13" }],
    ["for an unknown provider", { identityToken: undefined, oidcProvider: "somebody" }],
  ])("%s", async (_name, changes) => {
    expect(await refused({ sigstore: sigstore(changes) })).toMatchObject({ code: "E_USAGE" })
  })

  it.each<[string, object]>([
    ["without key and sigstore", { sigstore: undefined }],
    ["for a password of no key", { password: "secret" }],
    ["for a chain of no key", { certificateChain: "chain.pem" }],
    ["in a format of notation", { formats: ["notation"] }],
    ["when only missing signatures are wanted", { ifMissing: true }],
  ])("%s", async (_name, changes) => {
    const options = present({ sigstore: sigstore(), ...changes })
    expect(await refused(options)).toMatchObject({ code: "E_USAGE" })
  })

  it("for a token that is none, which no error repeats", async () => {
    const error = await refused({ sigstore: sigstore({ identityToken: "eyJhbGciOiJub25lIn0.U0VDUkVU.U0VDUkVU" }) })
    expect(error.code).toMatch(/^E_OIDC_/)
    expect(JSON.stringify([error.what, error.why, error.next])).not.toMatch(/SECRET|U0VDUkVU/)
  })

  it("before the folder of a user is written", () => {
    expect(existsSync(path("home"))).toBe(false)
  })
})
