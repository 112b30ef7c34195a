/** The real notation signs with our keys through our plugin, and takes the plugin that the tests use. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { fakeHost, metadataOf } from "../../src/app/notation/plugins/plugin-host-fixture.ts"
import {
  findVerificationPlugin,
  verificationPluginOf,
  verifyWithPlugin,
} from "../../src/app/notation/plugins/plugin-verification.ts"
import { goJson } from "../../src/codec/go-json.ts"
import type { RawSignature } from "../../src/core/ports.ts"
import { formats } from "../../src/formats/index.ts"
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

/** The envelope that was signed last for `host/repository@digest`. */
async function envelopeOf(reference: string): Promise<Uint8Array> {
  const [name = "", digest = ""] = reference.split("@")
  const base = name.replace("/", "/v2/")
  const get = (path: string): Promise<Response> => fetch(`http://${base}/${path}`, { headers: { accept: "*/*" } })
  const index = (await (await get(`manifests/${digest.replace(":", "-")}`)).json()) as {
    manifests: { digest: string }[]
  }
  const manifest = (await (await get(`manifests/${index.manifests.at(-1)?.digest ?? ""}`)).json()) as {
    layers: { digest: string }[]
  }
  return new Uint8Array(await (await get(`blobs/${manifest.layers[0]?.digest ?? ""}`)).arrayBuffer())
}

/** The request that we would send about an envelope. */
async function askAsWeDo(bytes: Uint8Array, pluginConfig: Readonly<Record<string, string>>): Promise<string> {
  const mediaType = "application/jose+json"
  const raw: RawSignature = {
    location: { store: "file", where: "", reference: "" },
    descriptor: { mediaType, digest: `sha256:${"0".repeat(64)}`, size: bytes.length },
    ...{ bytes, mediaType, annotations: {} },
  }
  const candidate = (await formats.find((format) => format.accepts(raw))?.load())?.parse(raw)[0]
  if (candidate?.attributes === undefined || candidate.material.kind !== "certificate") throw new Error("no envelope")
  const { attributes, material } = candidate
  const capabilities = ["SIGNATURE_VERIFIER.REVOCATION_CHECK", "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"]
  const host = fakeHost({ metadata: metadataOf("both", capabilities), answers: { "verify-signature": {} } })
  const wanted = verificationPluginOf(attributes)
  if (wanted === undefined || "fault" in wanted) throw new Error("no plugin is named")
  const plugin = await findVerificationPlugin(host, wanted, pluginConfig)
  if ("fault" in plugin) throw new Error(plugin.fault.message)
  const about = {
    attributes,
    chain: material.certificates,
    trustedIdentities: ["*"],
    checkRevocation: true,
    pluginConfig,
  }
  await verifyWithPlugin(host, plugin, about)
  return goJson(host.asked.at(-1)?.request ?? null)
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

  it("asks a verification plugin with the bytes that we ask with", async () => {
    const key = chains.get("RSA-2048")
    if (key === undefined) throw new Error("no chain")
    const names = {
      "io.cncf.notary.verificationPlugin": "both",
      "io.cncf.notary.verificationPluginMinVersion": "0.9.0",
    }
    const attributes = { ...names, "com.example.rule": { z: ["<&>", 1.5, null], a: true } }
    const verifiers = ["SIGNATURE_VERIFIER.REVOCATION_CHECK", "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"]
    const capabilities = ["SIGNATURE_GENERATOR.ENVELOPE", ...verifiers]
    const plugin = installMockPlugin({ libexec: join(folder, "config"), name: "both", key, capabilities, attributes })
    for (const more of [[], ["--expiry", "2h"]]) {
      const reference = await push(`verification plugin ${more.join(" ")}`)
      expectCode(await sign("--plugin", "both", "--id", "any", ...more, reference), 0)
      expectCode(
        await notation("verify", "--insecure-registry", "--plugin-config", "b=2", "--plugin-config", "a=<", reference),
        0,
      )
      const theirs = plugin.asked().at(-1)
      const ours = await askAsWeDo(await envelopeOf(reference), { b: "2", a: "<" })
      expect(theirs).toEqual({ command: "verify-signature", request: ours })
    }
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
