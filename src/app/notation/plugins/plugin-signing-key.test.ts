import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { installMockPlugin, type Misbehaviour, mockPluginHost } from "../../../../tests/services/mock-plugin.ts"
import { canMakeChains, type ChainKind, makeTestChain, type TestChain } from "../../../../tests/services/test-chain.ts"
import { verifySignature } from "../../../crypto/verify.ts"
import type { NotationSigner } from "../signer.ts"
import { fakeHost, metadataOf } from "./plugin-host-fixture.ts"
import { openPluginSigner, type PluginSignerRequest } from "./open-plugin-signer.ts"

const RAW = ["SIGNATURE_GENERATOR.RAW"]
const message = new TextEncoder().encode("header.payload")
const withOpenssl = describe.skipIf(!canMakeChains())

let libexec = ""
let ec: TestChain
beforeAll(() => {
  libexec = mkdtempSync(join(tmpdir(), "countersign-plugins-"))
  if (canMakeChains()) ec = makeTestChain(libexec, "ec", "EC-256")
})
afterAll(() => {
  rmSync(libexec, { recursive: true, force: true })
})

async function open(change: Partial<PluginSignerRequest> = {}): Promise<NotationSigner> {
  const request = { name: "mock", keyId: "key <1>", purpose: "artifact", ...change } as const
  return (await openPluginSigner(mockPluginHost(libexec), request)) as NotationSigner
}

withOpenssl("a key behind a plugin", () => {
  it.each<[ChainKind]>([["RSA-2048"], ["RSA-3072"], ["RSA-4096"], ["EC-256"], ["EC-384"], ["EC-521"]])(
    "signs with %s",
    async (kind) => {
      const key = kind === "EC-256" ? ec : makeTestChain(libexec, kind, kind)
      const plugin = installMockPlugin({ libexec, key })
      const signer = await open({
        keyConfig: { b: "of key", a: "of key" },
        commandConfig: { a: "of command", "": "x" },
      })
      expect(signer).toMatchObject({ kind: "key", keySpec: { name: kind }, agent: "mock/1.0.0" })
      const { signature, publicKey, chain } = await signer.sign(message)
      expect(verifySignature(publicKey, signer.keySpec.scheme, message, signature)).toBe(true)
      expect(chain).toEqual(key.chain)
      const config = '"pluginConfig":{"":"x","a":"of command","b":"of key"}'
      const start = '{"contractVersion":"1.0","keyId":"key \\u003c1\\u003e"'
      const hash = signer.keySpec.hashName
      expect(plugin.asked().slice(1)).toEqual([
        { command: "describe-key", request: `${start},${config}}` },
        {
          command: "generate-signature",
          request: `${start},"keySpec":"${kind}","hashAlgorithm":"${hash}","payload":"aGVhZGVyLnBheWxvYWQ=",${config}}`,
        },
      ])
    },
  )

  it("no settings are left out of the request", async () => {
    const plugin = installMockPlugin({ libexec, key: ec })
    await open({ keyId: "k" })
    expect(plugin.asked().at(-1)?.request).toBe('{"contractVersion":"1.0","keyId":"k"}')
  })

  it.each<[Misbehaviour, string]>([
    ["describe-other-key", 'keyID in describeKey response "other" does not match request "key <1>"'],
    ["unknown-key-spec", "unknown key spec"],
    ["sign-other-key", 'keyID in generateSignature response "other" does not match request "key <1>"'],
    ["other-algorithm", 'signingAlgorithm in generateSignature response "RSASSA-PSS-SHA-1" does not match'],
    [
      "sign-other-bytes",
      "generated signature failed verification: signature is invalid. Error: crypto/ecdsa: verification error",
    ],
    [
      "der-signature",
      "generated signature failed verification: signature is invalid. Error: crypto/ecdsa: verification error",
    ],
    [
      "short-signature",
      "generated signature failed verification: signature is invalid. Error: crypto/ecdsa: verification error",
    ],
    ["no-chain", "certificate chain is not present"],
    ["garbage-chain", "x509: malformed certificate"],
    ["fail-with-text", "it broke"],
  ])("a plugin that does %s signs nothing", async (misbehaviour, text) => {
    installMockPlugin({ libexec, key: ec, misbehave: [misbehaviour] })
    const signed = open().then((signer) => signer.sign(message))
    await expect(signed).rejects.toMatchObject({
      code: "E_PLUGIN_FAILED",
      what: expect.stringContaining(`failed to sign with the plugin mock: ${text}`) as string,
    })
  })

  it("a certificate of another key or kind is refused", async () => {
    const other = makeTestChain(libexec, "other", "EC-256")
    installMockPlugin({ libexec, key: { keyPem: ec.keyPem, chain: other.chain } })
    await expect((await open()).sign(message)).rejects.toMatchObject({
      what: expect.stringContaining("is invalid") as string,
    })
    const larger = makeTestChain(libexec, "larger", "EC-384")
    installMockPlugin({ libexec, key: { keyPem: ec.keyPem, chain: larger.chain } })
    await expect((await open()).sign(message)).rejects.toMatchObject({
      why: "the first certificate holds a key of EC-384, describe-key said EC-256",
    })
  })

  it("raw signatures are preferred, and errors about blobs stand alone", async () => {
    installMockPlugin({ libexec, key: ec })
    expect((await open()).kind).toBe("key")
    installMockPlugin({ libexec, key: ec, misbehave: ["unknown-key-spec"] })
    await expect(open({ purpose: "blob" })).rejects.toMatchObject({ what: "unknown key spec" })
  })
})

describe("answers that are not of the protocol", () => {
  const describeKey = { keyId: "k", keySpec: "EC-256" }
  const signed = { keyId: "k", signature: "AAAA", signingAlgorithm: "ECDSA-SHA-256", certificateChain: ["AAAA"] }
  it.each([
    ["describe-key", { ...describeKey, keyId: 1 }],
    ["describe-key", { ...describeKey, keySpec: ["EC-256"] }],
    ["generate-signature", { ...signed, signature: "AAA" }],
    ["generate-signature", { ...signed, signature: "A".repeat(1000) }],
    ["generate-signature", { ...signed, certificateChain: "AAAA" }],
    ["generate-signature", { ...signed, certificateChain: Array.from({ length: 11 }, () => "AAAA") }],
    ["generate-signature", { ...signed, certificateChain: [null] }],
  ] as const)("%s %j", async (command, answer) => {
    const host = fakeHost({
      metadata: metadataOf("mock", RAW),
      answers: { "describe-key": describeKey, "generate-signature": signed, [command]: answer },
    })
    const request = { name: "mock", keyId: "k", purpose: "artifact" } as const
    const work = openPluginSigner(host, request).then((signer) => (signer as NotationSigner).sign(message))
    const text = `failed to unmarshal the response of ${command} command for plugin mock`
    await expect(work).rejects.toMatchObject({
      code: "E_PLUGIN_FAILED",
      what: expect.stringMatching(
        new RegExp(`^failed to sign with the plugin mock: (${text}|x509: malformed certificate)`),
      ) as string,
    })
  })

  it("a missing answer reads as an empty one", async () => {
    const host = fakeHost({ metadata: metadataOf("mock", RAW), answers: { "describe-key": {} } })
    await expect(openPluginSigner(host, { name: "mock", keyId: "k", purpose: "artifact" })).rejects.toMatchObject({
      what: 'failed to sign with the plugin mock: keyID in describeKey response "" does not match request "k"',
    })
  })
})

describe("what a plugin cannot do", () => {
  const open = (capabilities: readonly string[], change: Partial<PluginSignerRequest> = {}) =>
    openPluginSigner(fakeHost({ metadata: metadataOf("mock", capabilities) }), {
      ...{ name: "mock", keyId: "k", purpose: "artifact" as const },
      ...change,
    })

  it.each<[readonly string[], Partial<PluginSignerRequest>, string]>([
    [["SIGNATURE_VERIFIER.REVOCATION_CHECK"], {}, "plugin does not have signing capabilities"],
    [
      ["SIGNATURE_GENERATOR.ENVELOPE"],
      { purpose: "blob" },
      'the plugin "mock" lacks the signature generator capability required for blob signing',
    ],
    [["SIGNATURE_GENERATOR.ENVELOPE"], { timestamp: true }, "makes whole envelopes, which cannot be given a timestamp"],
    [["SIGNATURE_GENERATOR.RAW"], { keyId: "" }, "keyID not specified"],
  ])("%j %j", async (capabilities, change, text) => {
    await expect(open(capabilities, change)).rejects.toMatchObject({
      kind: "usage",
      what: expect.stringContaining(text) as string,
    })
  })

  it("envelopes are its other way", async () => {
    expect((await open(["SIGNATURE_GENERATOR.ENVELOPE"])).kind).toBe("envelope")
  })
})
