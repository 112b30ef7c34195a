/** Attestations of identities, about artifacts and files, as our own commands verify them. */
import { writeFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "../interop/images.ts"

const ALICE = "alice@example.com"
const TYPE = "https://facts.example/v1"

let sandbox: TestSandbox
let registry: TestRegistry
let tool: TestProcess
let image: string

beforeAll(async () => {
  ;[sandbox, registry, tool] = await Promise.all([startTestSandbox(), startTestRegistry(), startProcess()])
  await writeFile(tool.path("root.json"), sandbox.trustedRoot)
  await writeFile(tool.path("v1.json"), sandbox.signingConfig)
  await writeFile(tool.path("v2.json"), sandbox.signingConfigV2)
  await tool.write("facts.json", '{"reviewed":true}')
  await tool.write("app.txt", "the release\n")
  await tool.write("other.txt", "something else\n")
  const { digest } = await putImage(registry.address, "team/app", "content")
  image = `${registry.address}/team/app@${digest}`
})

afterAll(async () => {
  await tool.close()
  await Promise.all([registry.close(), sandbox.close()])
})

async function attest(config: "v1" | "v2", ...args: readonly string[]): Promise<void> {
  const token = await sandbox.token({ email: ALICE })
  const services = ["--signing-config", tool.path(`${config}.json`), "--trusted-root", tool.path("root.json")]
  const about = ["--type", TYPE, "--predicate", "facts.json"]
  const ran = await tool.run("attest", "--keyless", "--yes", "--identity-token", token, ...services, ...about, ...args)
  expect(ran.exit, ran.stderr).toBe(0)
}

function alice(name: string = ALICE): readonly string[] {
  return ["--identity", name, "--issuer", sandbox.services.oidc, "--trusted-root", tool.path("root.json"), "--offline"]
}

describe("an attestation of an identity", () => {
  it.each([
    ["v1", "cosign-v3"],
    ["v1", "cosign-v2"],
    ["v2", "cosign-v3"],
  ] as const)("about an image, log %s, %s", async (config, format) => {
    await attest(config, "--format", format, image)
    const asked = ["--attestation", TYPE, "--format", format, image]
    const ran = await tool.run("verify", ...alice(), ...asked)
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(ran.stdout).toContain(`of ${TYPE}, signed by ${ALICE}`)
    expect(await tool.run("verify", ...alice("bob@example.com"), ...asked)).toMatchObject({ exit: 1 })
  })

  it("adv: GHSA-vjxv-45g9-9296 is none of another type, and no signature", async () => {
    const other = await tool.run("verify", ...alice(), "--attestation", "spdxjson", image)
    expect(other.stderr).toContain("[E_SIG_NONE]")
    const signature = await tool.run("verify", ...alice(), image)
    expect(signature.stderr).toContain("[E_SIG_NONE]")
  })

  it.each(["v1", "v2"] as const)("about a file, log %s", async (config) => {
    const bundle = tool.path(`${config}.sigstore.json`)
    await attest(config, "--blob", "app.txt", "--bundle", bundle)
    const asked = ["--attestation", TYPE, "--bundle", bundle]
    expect(await tool.run("verify", ...alice(), ...asked, "--blob", "app.txt")).toMatchObject({ exit: 0, stderr: "" })
    const other = await tool.run("verify", ...alice(), ...asked, "--blob", "other.txt")
    expect(other.stderr).toContain("[E_SIG_SUBJECT_MISMATCH]")
    const stranger = await tool.run("verify", ...alice("bob@example.com"), ...asked, "--blob", "app.txt")
    expect(stranger.stderr).toContain("[E_CERT_IDENTITY]")
  })
})
