/** The cosign faces sign over a sandbox whose services answer wrongly; several images, logins, and whom a log names. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import type { SandboxFaults } from "../../src/testing/index.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import { EMAIL, startKeylessWorld, type KeylessWorld } from "./keyless-world.ts"

let world: KeylessWorld
let cosign2: TestProcess
let cosign3: TestProcess

beforeAll(async () => {
  world = await startKeylessWorld()
  const env = { COSIGN_PASSWORD: "" }
  cosign2 = await startProcess(cosign2Program, { env: { ...env, ...world.sandbox.environment } })
  cosign3 = await startProcess(cosignProgram, { env })
  const made = await cosign3.run("generate-key-pair", "--output-key-prefix", world.program.path("cosign"))
  expect(made.exit, made.stderr).toBe(0)
})
afterEach(() => {
  world.sandbox.reset()
})
afterAll(async () => {
  await Promise.all([cosign2.close(), cosign3.close()])
  await world.close()
})

function urls(): readonly string[] {
  const { fulcio, rekor, oidc, timestamp } = world.sandbox.services
  return [
    ...["--fulcio-url", fulcio, "--rekor-url", rekor, "--oidc-issuer", oidc],
    ...["--timestamp-server-url", timestamp],
  ]
}

async function sign2(...more: readonly string[]): Promise<Ran> {
  const token = await world.sandbox.token({ email: EMAIL })
  return cosign2.run("sign", "-y", "--identity-token", token, ...urls(), ...more)
}

async function sign3(config: string, ...more: readonly string[]): Promise<Ran> {
  const token = await world.sandbox.token({ email: EMAIL })
  const services = ["--signing-config", world.program.path(`${config}.json`), ...world.root()]
  return cosign3.run("sign", "-y", "--identity-token", token, ...services, ...more)
}

describe("services that answer wrongly", () => {
  it.each<[string, SandboxFaults]>([
    ["v1", { sct: "wrong-signature" }],
    ["v2", { sct: "unknown-log" }],
    ["v1", { log: "wrong-promise" }],
    ["v1", { log: "missing-proof" }],
    ["v2", { log: "bad-checkpoint" }],
    ["v2", { log: "wrong-body" }],
    ["v2", { timestamp: "wrong-signature" }],
    ["v2", { transport: "truncated" }],
  ])("cosign 3, %s %o: nothing is stored", async (config, faults) => {
    const reference = await world.image()
    const before = world.pushed().length
    world.sandbox.setFaults(faults)
    const ran = await sign3(config, reference)
    expect([ran.exit, ran.stdout], ran.stderr).toEqual([1, ""])
    expect(ran.stderr).toMatch(/^Error: signing \[/m)
    expect(world.pushed().slice(before)).toEqual([])
  })

  it.each<[string, SandboxFaults]>([
    ["verify", { sct: "wrong-signature" }],
    ["verify", { sct: "unknown-log" }],
    ["timestamp", { timestamp: "wrong-imprint" }],
    ["log", { log: "missing-promise" }],
    ["log", { log: "wrong-body" }],
  ])("cosign 2, %s %o: nothing is stored", async (_, faults) => {
    const reference = await world.image()
    const before = world.pushed().length
    world.sandbox.setFaults(faults)
    const ran = await sign2(reference)
    expect([ran.exit, ran.stdout], ran.stderr).toEqual([1, ""])
    expect(world.pushed().slice(before)).toEqual([])
  })

  it("cosign 2 looks at no SCT when it is told so", async () => {
    world.sandbox.setFaults({ sct: "wrong-signature" })
    const ran = await sign2("--insecure-skip-verify", await world.image())
    expect(ran.exit, ran.stderr).toBe(0)
    expect(ran.stderr).not.toContain("verified SCT")
  })
})

describe("one command", () => {
  it("cosign 2 gets one certificate for several images", async () => {
    const ran = await sign2(await world.image(), await world.image())
    expect(ran.exit, ran.stderr).toBe(0)
    expect(ran.stderr.match(/Retrieving signed certificate/g)).toHaveLength(1)
    expect(ran.stderr.match(/tlog entry created with index: \d+$/gm)).toHaveLength(2)
    expect(world.posted().filter((path) => path.endsWith("signingCert"))).toHaveLength(1)
  })

  it("cosign 3 gets one for each image, with a key of its own", async () => {
    const ran = await sign3("v2", await world.image(), await world.image())
    expect(ran.exit, ran.stderr).toBe(0)
    expect(ran.stderr.match(/^Generating ephemeral keys...$/gm)).toHaveLength(2)
    expect(ran.stderr.match(/^Signing artifact...$/gm)).toHaveLength(2)
    expect(world.posted().filter((path) => path.endsWith("signingCert"))).toHaveLength(2)
  })

  it("logs and stamps nothing for an image that is not there", async () => {
    for (const sign of [sign2, (reference: string) => sign3("v2", reference)]) {
      const before = world.posted().length
      const ran = await sign(`${world.registry.address}/demo/nothing:1`)
      expect(ran.exit).toBe(1)
      const asked = world.posted().slice(before)
      expect(asked.filter((path) => !path.endsWith("signingCert"))).toEqual([])
    }
  })

  it("logs nothing without consent", async () => {
    const token = await world.sandbox.token({ email: EMAIL })
    const ran = await cosign2.run("sign", "--identity-token", token, ...urls(), await world.image())
    expect([ran.exit, ran.stderr.split("\n").at(-2)]).toEqual([1, expect.stringContaining("user declined the prompt")])
    expect(world.posted().filter((path) => path.includes("/log/") || path.includes("/tsa/"))).toEqual([])
  })

  it.each([
    ["cosign 2", () => cosign2, []],
    ["cosign 3", () => cosign3, ["--use-signing-config=false", "--new-bundle-format=false"]],
  ] as const)("%s asks before it logs what strangers cannot see", async (_, tool, more) => {
    const reference = await world.image()
    const key = world.program.path("cosign.key")
    const before = world.posted().length
    world.registry.setFaults({ auth: { kind: "basic" } })
    try {
      const login = ["--registry-username", "user", "--registry-password", "secret"]
      const ran = await tool().run(
        "sign",
        "--key",
        key,
        ...login,
        ...more,
        "--rekor-url",
        world.sandbox.services.rekor,
        reference,
      )
      const name = reference.slice(0, reference.indexOf("@"))
      expect(ran.stderr).toContain(
        `WARNING: "${name}" appears to be a private repository, please confirm uploading to the transparency log at "${world.sandbox.services.rekor}"\n` +
          "Are you sure you would like to continue? [y/N] not uploading to transparency log\n",
      )
      expect([ran.exit, ran.stderr.endsWith(`Pushing signature to: ${name}\n`)], ran.stderr).toEqual([0, true])
      expect(world.posted().slice(before)).toEqual([])
    } finally {
      world.registry.setFaults({})
    }
  })

  it("says what a log of version 2 without timestamps is missing", async () => {
    const { fulcio, rekor2, oidc } = world.sandbox.services
    const service = (url: string, majorApiVersion: number): object => ({
      url,
      majorApiVersion,
      validFor: { start: "2020-01-01T00:00:00Z" },
      operator: "x",
    })
    const config = {
      mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
      ...{ caUrls: [service(fulcio, 1)], oidcUrls: [service(oidc, 1)], rekorTlogUrls: [service(rekor2, 2)] },
      rekorTlogConfig: { selector: "ANY" },
    }
    await world.program.write("unstamped.json", JSON.stringify(config))
    const ran = await sign3("unstamped", await world.image())
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain(
      "a timestamp authority must be provided to request a short-lived certificate that will be logged to Rekor",
    )
  })
})
