/** Real cosign 2.5 and 3.1, unchanged, against the sandbox: every way to an identity, both logs, both layouts. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { generatePrivateKey } from "../../src/crypto/generate.ts"
import { localSigningKey } from "../../src/crypto/local-key.ts"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { putImage } from "./images.ts"
import { expectCode, havePeers, peer, type Finished } from "./peers.ts"

type Cosign = "cosign2" | "cosign3"
/** A version of the log, and whether timestamps come with it. */
type Config = "v1" | "v2"

const EMAIL = "alice@example.com"
const WORKFLOW = "acme/app/.github/workflows/release.yml@refs/tags/v1"
const GITHUB = {
  job_workflow_ref: WORKFLOW,
  workflow_ref: WORKFLOW,
  repository: "acme/app",
  repository_owner: "acme",
  ref: "refs/tags/v1",
  sha: "0123456789abcdef0123456789abcdef01234567",
  event_name: "push",
  workflow: "release",
  run_id: "17",
  run_attempt: "1",
}

describe.runIf(havePeers("cosign2", "cosign3"))("cosign with a sandbox", () => {
  let sandbox: TestSandbox
  let registry: TestRegistry
  let home: string
  let sequence = 0

  beforeAll(async () => {
    sandbox = await startTestSandbox()
    registry = await startTestRegistry()
    home = await mkdtemp(join(tmpdir(), "countersign-interop-"))
    await writeFile(join(home, "app.txt"), "an app\n")
    await writeFile(join(home, "predicate.json"), '{"hello":"world"}')
  })

  afterAll(async () => {
    await sandbox.close()
    await registry.close()
    await rm(home, { recursive: true, force: true })
  })

  const run = (tool: Cosign, ...args: readonly string[]): Promise<Finished> =>
    peer(tool, args, { cwd: home, env: tool === "cosign2" ? sandbox.environment : {} })
  const image = async (): Promise<string> => {
    const name = `demo/app${sequence++}`
    const { digest } = await putImage(registry.address, name, `content ${sequence}`)
    return `${registry.address}/${name}@${digest}`
  }
  const services = (tool: Cosign, config: Config): readonly string[] => {
    if (tool === "cosign2") {
      const { fulcio, rekor, oidc } = sandbox.services
      return ["-y", "--fulcio-url", fulcio, "--rekor-url", rekor, "--oidc-issuer", oidc]
    }
    const file = config === "v1" ? sandbox.files.signingConfig : sandbox.files.signingConfigV2
    return ["-y", "--signing-config", file, "--trusted-root", sandbox.files.trustedRoot]
  }
  const trust = (tool: Cosign): readonly string[] =>
    tool === "cosign2" ? ["--rekor-url", sandbox.services.rekor] : ["--trusted-root", sandbox.files.trustedRoot]
  const identity = (subject = EMAIL): readonly string[] => [
    "--certificate-identity",
    subject,
    "--certificate-oidc-issuer",
    sandbox.services.oidc,
  ]
  const token = async (): Promise<readonly string[]> => ["--identity-token", await sandbox.token({ email: EMAIL })]

  const ways: readonly (readonly [Cosign, Config])[] = [
    ["cosign2", "v1"],
    ["cosign3", "v1"],
    ["cosign3", "v2"],
  ]

  it.each(ways)("%s signs an image with log %s; it and cosign 3 verify", async (tool, config) => {
    const reference = await image()
    expectCode(await run(tool, "sign", ...services(tool, config), ...(await token()), reference), 0)
    for (const verifier of [tool, "cosign3"] as const) {
      const verified = expectCode(await run(verifier, "verify", ...trust(verifier), ...identity(), reference), 0)
      expect(verified.stderr).toContain("verified offline")
    }
    const other = await run(tool, "verify", ...trust(tool), ...identity("mallory@example.com"), reference)
    expect(other.code).not.toBe(0)
    expect(other.stderr).toContain("alice@example.com")
  })

  it.each(ways)("%s attests with log %s", async (tool, config) => {
    const reference = await image()
    const about = ["--predicate", "predicate.json", "--type", "https://example.com/p/v1"]
    expectCode(await run(tool, "attest", ...services(tool, config), ...about, ...(await token()), reference), 0)
    const type = ["--type", "https://example.com/p/v1"]
    const verified = await run(tool, "verify-attestation", ...trust(tool), ...type, ...identity(), reference)
    expect(expectCode(verified, 0).stdout).toContain("payload")
  })

  it.each(ways)("%s signs a blob with log %s", async (tool, config) => {
    const bundle = ["--bundle", `blob${sequence++}.json`]
    expectCode(await run(tool, "sign-blob", ...services(tool, config), ...bundle, ...(await token()), "app.txt"), 0)
    const verified = await run(tool, "verify-blob", ...trust(tool), ...bundle, ...identity(), "app.txt")
    expect(expectCode(verified, 0).stderr).toContain("Verified OK")
  })

  it("cosign 2 signs with a timestamp, which it and cosign 3 demand", async () => {
    const reference = await image()
    const stamp = ["--timestamp-server-url", sandbox.services.timestamp]
    expectCode(await run("cosign2", "sign", ...services("cosign2", "v1"), ...stamp, ...(await token()), reference), 0)
    for (const tool of ["cosign2", "cosign3"] as const) {
      const demand = [...trust(tool), ...identity(), "--use-signed-timestamps", reference]
      expectCode(await run(tool, "verify", ...demand), 0)
    }
  })

  it("cosign 2 writes a new bundle that cosign 3 verifies", async () => {
    const bundle = ["--bundle", "new2.json"]
    const given = [...services("cosign2", "v1"), "--new-bundle-format", ...bundle, ...(await token())]
    expectCode(await run("cosign2", "sign-blob", ...given, "app.txt"), 0)
    expectCode(await run("cosign3", "verify-blob", ...trust("cosign3"), ...bundle, ...identity(), "app.txt"), 0)
  })

  it.each(["cosign2", "cosign3"] as const)("%s sees the workflow of a token in the certificate", async (tool) => {
    const reference = await image()
    const workflow = await sandbox.token({ claims: GITHUB })
    expectCode(await run(tool, "sign", ...services(tool, "v1"), "--identity-token", workflow, reference), 0)
    const flags = (trigger: string): readonly string[] => [
      ...identity(`https://github.com/${WORKFLOW}`),
      ...["--certificate-github-workflow-repository", "acme/app"],
      ...["--certificate-github-workflow-ref", "refs/tags/v1"],
      ...["--certificate-github-workflow-sha", GITHUB.sha],
      ...["--certificate-github-workflow-name", "release"],
      ...["--certificate-github-workflow-trigger", trigger],
    ]
    expectCode(await run(tool, "verify", ...trust(tool), ...flags("push"), reference), 0)
    expect((await run(tool, "verify", ...trust(tool), ...flags("schedule"), reference)).code).not.toBe(0)
  })

  it("cosign 3 takes everything from TUF after initialize", async () => {
    const own = await mkdtemp(join(tmpdir(), "countersign-interop-"))
    try {
      await writeFile(join(own, "app.txt"), "an app\n")
      const here = (...args: readonly string[]): Promise<Finished> => peer("cosign3", args, { cwd: own })
      const { tuf } = sandbox.services
      const begun = await here("initialize", "--mirror", tuf, "--root", sandbox.files.tufRoot)
      expect(expectCode(begun, 0)).toMatchObject({ stdout: "", stderr: "" })
      expectCode(await here("sign-blob", "-y", "--bundle", "b.json", ...(await token()), "app.txt"), 0)
      expectCode(await here("verify-blob", "--bundle", "b.json", ...identity(), "app.txt"), 0)
    } finally {
      await rm(own, { recursive: true, force: true })
    }
  })

  it("cosign 2 finds keys and certificates by their usage after initialize", async () => {
    const own = await mkdtemp(join(tmpdir(), "countersign-interop-"))
    try {
      const here = (...args: readonly string[]): Promise<Finished> => peer("cosign2", args, { cwd: own })
      const { tuf } = sandbox.services
      const begun = await here("initialize", "--mirror", tuf, "--root", sandbox.files.tufRoot)
      expect(expectCode(begun, 0).stdout).toContain("ctfe.pub")
      const reference = await image()
      expectCode(await here("sign", ...services("cosign2", "v1"), ...(await token()), reference), 0)
      expectCode(await here("verify", ...trust("cosign2"), ...identity(), reference), 0)
    } finally {
      await rm(own, { recursive: true, force: true })
    }
  })

  it("cosign 3 passes over witnesses that it does not know", async () => {
    const key = localSigningKey(await generatePrivateKey("ed25519"))
    const witnessed = await startTestSandbox({ witnesses: [{ name: "witness.example", key }] })
    try {
      const given = ["-y", "--signing-config", witnessed.files.signingConfigV2, "--bundle", "witnessed.json"]
      const trusted = ["--trusted-root", witnessed.files.trustedRoot]
      const own = ["--identity-token", await witnessed.token({ email: EMAIL })]
      expectCode(await run("cosign3", "sign-blob", ...given, ...trusted, ...own, "app.txt"), 0)
      const text = await readFile(join(home, "witnessed.json"), "utf8")
      expect(text.match(/\\n\u2014 /g)).toHaveLength(2)
      const who = ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", witnessed.services.oidc]
      expectCode(await run("cosign3", "verify-blob", ...trusted, ...who, "--bundle", "witnessed.json", "app.txt"), 0)
    } finally {
      await witnessed.close()
    }
  })

  it.each([
    ["cosign2", "wrong-signature"],
    ["cosign2", "unknown-log"],
    ["cosign3", "wrong-signature"],
    ["cosign3", "unknown-log"],
  ] as const)("%s refuses an SCT: %s", async (tool, sct) => {
    sandbox.setFaults({ sct })
    try {
      const bundle = ["--bundle", "faulty.json"]
      const signed = await run(tool, "sign-blob", ...services(tool, "v1"), ...bundle, ...(await token()), "app.txt")
      // cosign 3 looks at SCTs when it verifies, not when it signs.
      const refused =
        signed.code === 0 ? run(tool, "verify-blob", ...trust(tool), ...bundle, ...identity(), "app.txt") : signed
      const { code, stderr } = await refused
      expect(code).toBe(1)
      expect(stderr).toMatch(/SCT|ctfe|CT log/i)
    } finally {
      sandbox.reset()
    }
  })

  it.each([
    ["v1", "bad-checkpoint"],
    ["v1", "wrong-promise"],
    ["v1", "wrong-time"],
    ["v1", "wrong-root"],
    ["v1", "missing-proof"],
    ["v2", "bad-checkpoint"],
    ["v2", "wrong-proof"],
    ["v2", "missing-proof"],
    ["v2", "wrong-body"],
  ] as const)("cosign 3 refuses an entry of log %s: %s", async (config, log) => {
    sandbox.setFaults({ log })
    try {
      const given = [...services("cosign3", config), "--bundle", "faulty.json", ...(await token())]
      // cosign 3.1 panics without a proof of version 1.
      expect((await run("cosign3", "sign-blob", ...given, "app.txt")).code).not.toBe(0)
    } finally {
      sandbox.reset()
    }
  })

  it.each(["wrong-imprint", "wrong-signature", "rejection"] as const)(
    "cosign 3 refuses a timestamp: %s",
    async (timestamp) => {
      sandbox.setFaults({ timestamp })
      try {
        const given = [...services("cosign3", "v2"), "--bundle", "faulty.json", ...(await token())]
        expect((await run("cosign3", "sign-blob", ...given, "app.txt")).code).toBe(1)
      } finally {
        sandbox.reset()
      }
    },
  )
})
