/** Signatures for identities, ours to both real cosigns and theirs to us, over the sandbox's services. */
import { copyFile, readFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "./images.ts"
import { expectCode, havePeers, peer, type Finished } from "./peers.ts"

type Cosign = "cosign2" | "cosign3"
type Config = "v1" | "v2"
const EMAIL = "alice@example.com"

describe.runIf(havePeers("cosign2", "cosign3"))("signatures for identities", () => {
  let sandbox: TestSandbox
  let registry: TestRegistry
  let ours: TestProcess
  let sequence = 0

  beforeAll(async () => {
    sandbox = await startTestSandbox()
    registry = await startTestRegistry()
    ours = await startProcess()
    await ours.write("app.txt", "an app\n")
    await ours.write("predicate.json", '{"hello":"world"}')
    await copyFile(sandbox.files.trustedRoot, ours.path("root.json"))
    await copyFile(sandbox.files.signingConfig, ours.path("v1.json"))
    await copyFile(sandbox.files.signingConfigV2, ours.path("v2.json"))
  })

  afterAll(async () => {
    await ours.close()
    await registry.close()
    await sandbox.close()
  })

  const theirs = (tool: Cosign, ...args: readonly string[]): Promise<Finished> =>
    peer(tool, args, { cwd: ours.path("."), env: tool === "cosign2" ? sandbox.environment : {} })
  const own = async (...args: readonly string[]): Promise<void> => {
    const ran = await ours.run(...args)
    expect(ran.exit, ran.stderr).toBe(0)
  }
  const image = async (): Promise<string> => {
    const name = `demo/app${sequence++}`
    const { digest } = await putImage(registry.address, name, `content ${sequence}`)
    return `${registry.address}/${name}@${digest}`
  }
  const keyless = async (config: Config): Promise<readonly string[]> => {
    const services = ["--signing-config", ours.path(`${config}.json`), "--trusted-root", ours.path("root.json")]
    return ["--keyless", "--yes", "--identity-token", await sandbox.token({ email: EMAIL }), ...services]
  }
  const stamped = (): readonly string[] => ["--timestamp-url", sandbox.services.timestamp]
  const trust = (): readonly string[] => [
    ...["--identity", EMAIL, "--issuer", sandbox.services.oidc],
    ...["--trusted-root", ours.path("root.json")],
  ]
  const theirTrust = (tool: Cosign, root = tool === "cosign3"): readonly string[] => [
    ...["--certificate-identity", EMAIL, "--certificate-oidc-issuer", sandbox.services.oidc],
    ...(root ? ["--trusted-root", "root.json"] : []),
  ]
  const times = (config: Config): readonly string[] => (config === "v2" ? ["--use-signed-timestamps"] : [])
  const about = ["--type", "custom", "--predicate", "predicate.json"]

  it.each(["v1", "v2"] as const)("cosign 3 verifies our bundles, log %s", async (config) => {
    const reference = await image()
    await own("sign", reference, ...(await keyless(config)), "-a", "stage=prod")
    const demand = [...theirTrust("cosign3"), ...times(config)]
    expectCode(await theirs("cosign3", "verify", ...demand, "-a", "stage=prod", reference), 0)
    expect((await theirs("cosign3", "verify", ...demand, "-a", "stage=test", reference)).code).not.toBe(0)
    const attested = await image()
    await own("attest", attested, ...(await keyless(config)), ...about)
    expectCode(await theirs("cosign3", "verify-attestation", ...demand, "--type", "custom", attested), 0)
    await own("sign", "--blob", "app.txt", "--bundle", `b${config}.json`, ...(await keyless(config)))
    expectCode(await theirs("cosign3", "verify-blob", ...demand, "--bundle", `b${config}.json`, "app.txt"), 0)
    await own("attest", "--blob", "app.txt", "--bundle", `a${config}.json`, ...about, ...(await keyless(config)))
    const blob = ["--bundle", `a${config}.json`, "--type", "custom", "app.txt"]
    expectCode(await theirs("cosign3", "verify-blob-attestation", ...demand, ...blob), 0)
  })

  it.each(["cosign2", "cosign3"] as const)("%s verifies our signatures in the format of cosign 2", async (tool) => {
    const reference = await image()
    await own("sign", reference, ...(await keyless("v1")), ...stamped(), "--format", "cosign-v2", "-a", "stage=prod")
    await own("attest", reference, ...(await keyless("v1")), ...stamped(), "--format", "cosign-v2", ...about)
    const old = tool === "cosign3" ? ["--new-bundle-format=false"] : []
    const demand = [...theirTrust(tool, tool === "cosign3"), ...old]
    for (const more of [[], ["--use-signed-timestamps"]]) {
      expectCode(await theirs(tool, "verify", ...demand, ...more, "-a", "stage=prod", reference), 0)
      expectCode(await theirs(tool, "verify-attestation", ...demand, ...more, "--type", "custom", reference), 0)
    }
  })

  it.each(["v1", "v2"] as const)("we verify bundles of cosign 3, log %s", async (config) => {
    const services = ["-y", "--signing-config", `${config}.json`, "--trusted-root", "root.json"]
    const signing = [...services, "--identity-token", await sandbox.token({ email: EMAIL })]
    const more = config === "v2" ? ["--timestamps", "1"] : []
    const reference = await image()
    expectCode(await theirs("cosign3", "sign", ...signing, reference), 0)
    await own("verify", reference, ...trust(), ...more)
    const attested = await image()
    expectCode(await theirs("cosign3", "attest", ...signing, ...about, attested), 0)
    await own("verify", attested, ...trust(), ...more, "--attestation", "custom")
    expectCode(await theirs("cosign3", "sign-blob", ...signing, "--bundle", `t${config}.json`, "app.txt"), 0)
    await own("verify", "--blob", "app.txt", "--bundle", `t${config}.json`, ...trust(), ...more)
  })

  it("we verify what cosign 2 signs, with and without timestamps", async () => {
    const { fulcio, rekor, oidc, timestamp } = sandbox.services
    const services = ["-y", "--fulcio-url", fulcio, "--rekor-url", rekor, "--oidc-issuer", oidc]
    for (const stamp of [[], ["--timestamp-server-url", timestamp]]) {
      const signing = [...services, ...stamp, "--identity-token", await sandbox.token({ email: EMAIL })]
      const more = stamp.length === 0 ? [] : ["--timestamps", "1"]
      const reference = await image()
      expectCode(await theirs("cosign2", "sign", ...signing, reference), 0)
      await own("verify", reference, ...trust(), ...more)
      expectCode(await theirs("cosign2", "attest", ...signing, ...about, reference), 0)
      await own("verify", reference, ...trust(), ...more, "--attestation", "custom")
      const files = ["--bundle", "old.json", ...(stamp.length === 0 ? [] : ["--rfc3161-timestamp", "old.tsr.json"])]
      expectCode(await theirs("cosign2", "sign-blob", ...signing, ...files, "app.txt"), 0)
      await own("verify", "--blob", "app.txt", "--bundle", "old.json", ...trust())
    }
  })

  it("writes the members of a bundle in the order of cosign 3", async () => {
    const signing = ["-y", "--signing-config", "v2.json", "--identity-token", await sandbox.token({ email: EMAIL })]
    const bundle = ["--trusted-root", "root.json", "--bundle", "theirs.json"]
    expectCode(await theirs("cosign3", "sign-blob", ...signing, ...bundle, "app.txt"), 0)
    await own("sign", "--blob", "app.txt", "--bundle", "ours.json", ...(await keyless("v2")))
    const [a, b] = await Promise.all(
      ["theirs.json", "ours.json"].map(async (name) => membersOf(JSON.parse(await readFile(ours.path(name), "utf8")))),
    )
    expect(b).toBe(a)
  })
})

/** Names in order, and kinds of values; lists by their first item, because proofs differ in length. */
function membersOf(value: unknown): string {
  if (Array.isArray(value)) return `[${membersOf(value[0])}]`
  if (typeof value !== "object" || value === null) return typeof value
  return `{${Object.entries(value)
    .map(([name, item]) => `${name}:${membersOf(item)}`)
    .join()}}`
}
