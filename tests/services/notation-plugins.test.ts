/** The plugin protocol from end to end: use cases, the host that starts processes, and a plugin that is a real program. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { openPluginSigner } from "../../src/app/notation/plugins/open-plugin-signer.ts"
import {
  findVerificationPlugin,
  type VerificationPlugin,
  verifyWithPlugin,
} from "../../src/app/notation/plugins/plugin-verification.ts"
import type { PluginHost } from "../../src/core/notation-home.ts"
import { verifySignature } from "../../src/crypto/verify.ts"
import { openNotationHome } from "../../src/io/notation/open-notation-home.ts"
import { systemRandomness } from "../../src/io/system/randomness.ts"
import { installMockPlugin, type Misbehaviour } from "./mock-plugin.ts"
import { canMakeChains, makeTestChain, type TestChain } from "./test-chain.ts"

const message = new TextEncoder().encode("message")
const RAW = ["SIGNATURE_GENERATOR.RAW"]
const VERIFIERS = ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK"]

function hostOf(libexec: string): PluginHost {
  return openNotationHome({
    env: { ...process.env, NOTATION_CONFIG: libexec },
    home: libexec,
    platform: process.platform,
    clock: { now: () => Date.now() },
    randomness: systemRandomness,
    sleep: () => Promise.resolve(),
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    http: () => Promise.reject(new Error("the network was used")),
  }).plugins
}

describe.skipIf(!canMakeChains())("plugins as programs", () => {
  let libexec = ""
  let key: TestChain
  let host: PluginHost
  beforeAll(() => {
    libexec = mkdtempSync(join(tmpdir(), "countersign-plugins-"))
    key = makeTestChain(libexec, "signer", "EC-256")
    host = hostOf(libexec)
  })
  afterAll(() => {
    rmSync(libexec, { recursive: true, force: true })
  })

  const open = () => openPluginSigner(host, { name: "mock", keyId: "k", purpose: "artifact" })

  it("sign raw bytes", async () => {
    installMockPlugin({ libexec, key, capabilities: RAW })
    const signer = await open()
    if (signer.kind !== "key") throw new Error("no raw signer")
    const { signature, publicKey } = await signer.sign(message)
    expect(verifySignature(publicKey, signer.keySpec.scheme, message, signature)).toBe(true)
  })

  it("sign envelopes", async () => {
    installMockPlugin({ libexec, key, capabilities: ["SIGNATURE_GENERATOR.ENVELOPE"] })
    const signer = await open()
    if (signer.kind !== "envelope") throw new Error("no envelope signer")
    const digest = `sha256:${"0".repeat(64)}` as const
    const made = await signer.signEnvelope(
      { mediaType: "a/b", digest, size: 1 },
      { mediaType: "application/jose+json" },
    )
    expect(made.envelope.length).toBeGreaterThan(100)
  })

  it("verify", async () => {
    const results = { [VERIFIERS[1] ?? ""]: { success: false, reason: "revoked" } }
    installMockPlugin({ libexec, capabilities: VERIFIERS, results })
    const plugin = await findVerificationPlugin(host, { name: "mock", minVersion: "0.9.0" }, {})
    expect(plugin).not.toHaveProperty("fault")
    const answer = await verifyWithPlugin(host, plugin as VerificationPlugin, {
      attributes: {
        contentType: "application/vnd.cncf.notary.payload.v1+json",
        signingScheme: "notary.x509",
        signingTime: { at: 0 },
        extended: [{ key: "io.example.rule", critical: true, value: { deep: ["<", 1] } }],
      },
      chain: key.chain,
      trustedIdentities: ["*"],
      checkRevocation: true,
      pluginConfig: {},
    })
    expect(answer).toEqual({
      trustedIdentity: { ok: true },
      revocation: { ok: false, reason: 'revocation check by verification plugin "mock" failed with reason "revoked"' },
      processed: ["io.example.rule"],
    })
  })

  it("are named when they are missing", async () => {
    expect(await findVerificationPlugin(host, { name: "absent" }, {})).toMatchObject({
      fault: {
        code: "E_PLUGIN_NOT_FOUND",
        message: expect.stringMatching(
          /^error while locating the verification plugin "absent", make sure .* error: plugin executable file is either not found or inaccessible: stat /,
        ) as string,
      },
    })
  })

  it.each<[Misbehaviour, string]>([
    ["throttled", "failed to sign with the plugin mock: slow down"],
    ["fail-with-text", "failed to sign with the plugin mock: "],
    ["fail-silently", "failed to sign with the plugin mock: "],
    [
      "garbage",
      "failed to sign with the plugin mock: failed to unmarshal the response of describe-key command for plugin mock",
    ],
    [
      "nothing",
      "failed to sign with the plugin mock: failed to unmarshal the response of describe-key command for plugin mock",
    ],
    ["other-name", 'plugin executable file name must be "notation-other" instead of "notation-mock"'],
    ["no-capabilities", "metadata validation failed for plugin mock: empty capabilities"],
    ["contract-2", 'contract version "1.0" is not in the list of the plugin supported versions [2.0]'],
  ])("that do %s are faulty", async (misbehaviour, text) => {
    installMockPlugin({ libexec, key, capabilities: RAW, misbehave: [misbehaviour] })
    await expect(open()).rejects.toMatchObject({
      code: expect.stringMatching(/^E_PLUGIN_/) as string,
      what: expect.stringContaining(text) as string,
    })
  })
})
