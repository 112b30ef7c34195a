import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { installMockPlugin, type Misbehaviour, mockPluginHost } from "../../../../tests/services/mock-plugin.ts"
import { canMakeChains, makeTestChain, type TestChain } from "../../../../tests/services/test-chain.ts"
import { decodeBase64 } from "../../../codec/base64.ts"
import type { Descriptor } from "../../../core/descriptor.ts"
import type { EnvelopeSigner } from "../signer.ts"
import { openPluginSigner } from "./open-plugin-signer.ts"

const JWS = "application/jose+json"
const digest = `sha256:${"ab".repeat(31)}a0` as Descriptor["digest"]
const subject: Descriptor = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest,
  size: 555,
  artifactType: "application/not-signed",
  annotations: { z: "<1>", a: "ü" },
}

describe.skipIf(!canMakeChains())("a plugin that makes envelopes", () => {
  let libexec = ""
  let key: TestChain
  beforeAll(() => {
    libexec = mkdtempSync(join(tmpdir(), "countersign-plugins-"))
    key = makeTestChain(libexec, "signer", "EC-384")
  })
  afterAll(() => {
    rmSync(libexec, { recursive: true, force: true })
  })

  const install = (misbehave: readonly Misbehaviour[] = []) =>
    installMockPlugin({ libexec, key, capabilities: ["SIGNATURE_GENERATOR.ENVELOPE"], misbehave })
  const open = async (): Promise<EnvelopeSigner> => {
    const request = { name: "mock", keyId: "k", commandConfig: { b: "<" }, purpose: "artifact" } as const
    return (await openPluginSigner(mockPluginHost(libexec), request)) as EnvelopeSigner
  }

  it("gets the payload as Go prints it, and its envelope and annotations come back", async () => {
    const plugin = install()
    const made = await (await open()).signEnvelope(subject, { mediaType: JWS, expiresAfter: 3600 })
    expect(made.annotations).toEqual({ "plugin.annotation": "value" })
    expect(JSON.parse(new TextDecoder().decode(made.envelope))).toHaveProperty("signature")
    const payload = `{"targetArtifact":{"mediaType":"${subject.mediaType}","digest":"${digest}","size":555,"annotations":{"a":"ü","z":"\\u003c1\\u003e"}}}`
    expect(plugin.asked().at(-1)).toEqual({
      command: "generate-envelope",
      request:
        '{"contractVersion":"1.0","keyId":"k","payloadType":"application/vnd.cncf.notary.payload.v1+json",' +
        `"signatureEnvelopeType":"${JWS}","payload":"${Buffer.from(payload).toString("base64")}",` +
        '"expiryDurationInSeconds":3600,"pluginConfig":{"b":"\\u003c"}}',
    })
  })

  it("may add annotations", async () => {
    install(["add-annotation"])
    await expect((await open()).signEnvelope(subject, { mediaType: JWS })).resolves.toHaveProperty("envelope")
    const plain = { mediaType: subject.mediaType, digest, size: 0 }
    const plugin = install()
    await (await open()).signEnvelope(plain, { mediaType: JWS })
    const { payload, ...rest } = JSON.parse(plugin.asked().at(-1)?.request ?? "") as Record<string, string>
    expect(new TextDecoder().decode(decodeBase64(payload ?? "", { what: "payload", max: 4096 }))).toBe(
      `{"targetArtifact":{"mediaType":"${subject.mediaType}","digest":"${digest}","size":0}}`,
    )
    expect(rest).not.toHaveProperty("expiryDurationInSeconds")
  })

  it.each<[Misbehaviour, string]>([
    ["fail-with-text", "plugin failed to sign with following error: it broke"],
    [
      "other-envelope-type",
      'signatureEnvelopeType in generateEnvelope response "application/cose" does not match request "application/jose+json"',
    ],
    ["break-envelope", "generated signature failed verification: signature is invalid"],
    ["sign-other-bytes", "generated signature failed verification: signature is invalid"],
    ["no-chain", "generated signature failed verification: certificate chain is not present"],
    ["garbage-chain", "generated signature failed verification: malformed leaf certificate"],
    [
      "other-digest",
      `during signing descriptor subject has changed from {MediaType:${subject.mediaType} Digest:${digest} Size:555 URLs:[] ` +
        "Annotations:map[a:ü z:<1>] Data:[] Platform:<nil> ArtifactType:} to {",
    ],
    ["drop-annotations", "during signing descriptor subject has changed from {"],
    [
      "unknown-attribute",
      'during signing, following unknown attributes were added to subject descriptor: ["\\u00e9.unknown"]',
    ],
    ["no-expiry", "the envelope has no expiry"],
  ])("that does %s is refused", async (misbehaviour, text) => {
    install([misbehaviour])
    const made = (await open()).signEnvelope(subject, { mediaType: JWS, expiresAfter: 60 })
    await expect(made).rejects.toMatchObject({
      code: "E_PLUGIN_FAILED",
      what: expect.stringContaining(`failed to sign with the plugin mock: ${text}`) as string,
    })
  })

  it("a certificate of another key is refused", async () => {
    const { chain } = makeTestChain(libexec, "other", "EC-384")
    installMockPlugin({ libexec, key: { ...key, chain }, capabilities: ["SIGNATURE_GENERATOR.ENVELOPE"] })
    await expect((await open()).signEnvelope(subject, { mediaType: JWS })).rejects.toMatchObject({
      what: expect.stringContaining("generated signature failed verification: signature is invalid") as string,
    })
  })

  it("reserved names are refused before the plugin is asked", async () => {
    const plugin = install()
    const annotations = { "io.cncf.notary.x": "1" }
    await expect((await open()).signEnvelope({ ...subject, annotations }, { mediaType: JWS })).rejects.toMatchObject({
      code: "E_USAGE",
      what: expect.stringContaining(
        "error adding user metadata: metadata key io.cncf.notary.x has reserved prefix io.cncf.notary",
      ) as string,
    })
    expect(plugin.asked().map(({ command }) => command)).toEqual(["get-plugin-metadata"])
  })
})
