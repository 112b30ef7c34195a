/** The real notation signs with our keys through our plugin, and takes the plugin that the tests use. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { installMockPlugin } from "../services/mock-plugin.ts"
import { type ChainKind, makeTestChain, type TestChain } from "../services/test-chain.ts"
import { putImage } from "./images.ts"
import { countersign, expectCode, type Finished, havePeers, peer } from "./peers.ts"

const KINDS: readonly ChainKind[] = ["RSA-2048", "RSA-3072", "RSA-4096", "EC-256", "EC-384", "EC-521"]
const POLICY = {
  version: "1.0",
  trustPolicies: [
    {
      name: "test",
      registryScopes: ["*"],
      signatureVerification: { level: "strict" },
      trustStores: ["ca:test"],
      trustedIdentities: ["*"],
    },
  ],
}

describe.skipIf(!havePeers("notation", "openssl"))("notation with plugins", () => {
  let folder = ""
  let registry: TestRegistry
  let image = ""
  const chains = new Map<ChainKind, TestChain>()
  const env = (): Record<string, string> => ({
    NOTATION_CONFIG: join(folder, "config"),
    NOTATION_CACHE: join(folder, "cache"),
  })
  const notation = (...args: string[]): Promise<Finished> => peer("notation", args, { cwd: folder, env: env() })

  /** A new artifact, so that what verifies is what was signed last. */
  const push = async (content: string): Promise<string> => {
    const { digest } = await putImage(registry.address, "app/plugin", content)
    return `${registry.address}/app/plugin@${digest}`
  }
  const sign = (...args: string[]): Promise<Finished> => notation("sign", "--insecure-registry", ...args)
  const verify = (reference: string): Promise<Finished> => notation("verify", "--insecure-registry", reference)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countersign-interop-"))
    registry = await startTestRegistry()
    expectCode(await countersign(["keys", "lend"], { cwd: folder, env: env() }), 0)
    writeFileSync(join(folder, "config", "trustpolicy.json"), JSON.stringify(POLICY), { mode: 0o600 })
    for (const kind of KINDS) {
      const chain = makeTestChain(folder, kind, kind)
      chains.set(kind, chain)
      expectCode(await notation("cert", "add", "-t", "ca", "-s", "test", chain.rootFile), 0)
    }
    image = await push("image")
  })
  afterAll(async () => {
    await registry.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it("lists our plugin", async () => {
    const { stdout } = expectCode(await notation("plugin", "ls"), 0)
    expect(stdout).toMatch(/^countersign .* \[SIGNATURE_GENERATOR\.RAW\] +<nil> *$/m)
  })

  it.each(KINDS)("signs and verifies with a lent key of kind %s", async (kind) => {
    const keyFile = chains.get(kind)?.keyFile ?? ""
    const certs = `certs=${chains.get(kind)?.chainFile ?? ""}`
    const add = ["key", "add", "--plugin", "countersign", "--id", keyFile, "--plugin-config", certs, kind]
    expectCode(await notation(...add), 0)
    for (const format of ["jws", "cose"]) {
      const reference = await push(`${kind} ${format}`)
      expectCode(await sign("--key", kind, "--signature-format", format, reference), 0)
      expect(expectCode(await verify(reference), 0).stdout).toContain("Successfully verified signature")
      const { stdout } = expectCode(await notation("inspect", "--insecure-registry", reference), 0)
      expect(stdout).toMatch(/signingAgent: notation-go\/\S+ countersign\//)
    }
  })

  it("signs with an encrypted key of countersign's, the password in the variable", async () => {
    const chain = chains.get("EC-256")
    const passwordEnv = { ...env(), COUNTERSIGN_PASSWORD: "a password" }
    const imported = ["keys", "import", "--name", "sealed", chain?.keyFile ?? ""]
    expectCode(await countersign(imported, { cwd: folder, env: passwordEnv }), 0)
    const id = join(folder, "sealed.key")
    const args = ["--plugin", "countersign", "--id", id, "--plugin-config", `certs=${chain?.chainFile ?? ""}`]
    const reference = await push("sealed")
    const signing = ["sign", "--insecure-registry", ...args, reference]
    expectCode(await peer("notation", signing, { cwd: folder, env: passwordEnv }), 0)
    expectCode(await verify(reference), 0)
    const refused = await peer("notation", signing, {
      cwd: folder,
      env: { ...passwordEnv, COUNTERSIGN_PASSWORD: "other" },
    })
    expect(expectCode(refused, 1).stderr).toContain("failed to sign with the plugin countersign: ")
  })

  it("shows what our plugin says when it cannot sign", async () => {
    const wrong = `certs=${chains.get("RSA-2048")?.chainFile ?? ""}`
    const id = chains.get("EC-256")?.keyFile ?? ""
    const { stderr } = await sign("--plugin", "countersign", "--id", id, "--plugin-config", wrong, image)
    expect(stderr).toContain("failed to sign with the plugin countersign: the certificates in ")
    expect(stderr).toContain("its first certificate is for another key")
    const absent = await sign("--plugin", "countersign", "--id", join(folder, "none.key"), image)
    expect(absent.stderr).toMatch(/failed to sign with the plugin countersign: key .* cannot be read: .*no such file/)
  })

  it.each([["SIGNATURE_GENERATOR.RAW"], ["SIGNATURE_GENERATOR.ENVELOPE"]])(
    "takes the tests' own plugin with %s",
    async (capability) => {
      const key = chains.get("EC-384")
      if (key === undefined) throw new Error("no chain")
      const plugin = installMockPlugin({ libexec: join(folder, "config"), key, capabilities: [capability] })
      const reference = await push(capability)
      const more = ["--user-metadata", "a=<b>", "--expiry", "2h"]
      expectCode(await sign("--plugin", "mock", "--id", "any", ...more, reference), 0)
      expectCode(await verify(reference), 0)
      expect(plugin.asked().length).toBeGreaterThan(1)
    },
  )
})
