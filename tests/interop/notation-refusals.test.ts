/** Signatures that do not count: our faces end as the real programs do, in code and words. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startTestAuthority, type TestAuthority } from "../../src/testing/index.ts"
import { putBlob, putImage, putManifest } from "./images.ts"
import { statement, writeConfig, writeKey, writeStore } from "./notation-home.ts"
import { lastLine, openTools, type NotationTool, type Tools } from "./notation-tools.ts"
import { expectCode, havePeers, type Finished } from "./peers.ts"
import { startOurs, type InteropRegistry } from "./registries.ts"

const lines = [
  ["notation", "our notation"],
  ["notation2", "our notation2"],
] as const
const REPOSITORY = "interop/refused"

interface SignatureManifest {
  readonly mediaType: string
  readonly config: object
  readonly layers: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[]
  readonly subject: object
}

describe.skipIf(!havePeers("notation", "notation2"))("refusals of notation", () => {
  let folder: string
  let tools: Tools
  let authority: TestAuthority
  let registry: InteropRegistry
  let sequence = 0

  const url = (path: string): string => `http://${registry.address}/v2/${REPOSITORY}/${path}`
  const get = (path: string): Promise<Response> => fetch(url(path), { headers: { accept: "*/*" } })
  const push = async (tag?: string): Promise<string> => {
    const { digest } = await putImage(registry.address, REPOSITORY, `artifact ${sequence++}`, tag)
    return `${registry.address}/${REPOSITORY}@${digest}`
  }
  const policy = (changes: object): void => {
    writeConfig(folder, "trustpolicy.json", {
      version: "1.0",
      trustPolicies: [statement("test", { registryScopes: ["*"], ...changes })],
    })
  }
  const sign = async (reference: string, ...more: string[]): Promise<void> => {
    expectCode(await tools.run("notation", ["sign", "--insecure-registry", ...more, reference]), 0)
  }
  const verify = (tool: NotationTool, reference: string, more: readonly string[] = []): Promise<Finished> =>
    tools.run(tool, ["verify", "--insecure-registry", ...more, reference])
  /** The manifest of the only signature of an artifact, and its envelope. */
  const signatureOf = async (
    reference: string,
  ): Promise<{ manifest: SignatureManifest; envelope: Buffer<ArrayBuffer> }> => {
    const found = (await (await get(`referrers/${reference.split("@")[1] ?? ""}`)).json()) as {
      manifests: { digest: string }[]
    }
    const manifest = (await (await get(`manifests/${found.manifests[0]?.digest ?? ""}`)).json()) as SignatureManifest
    const blob = await get(`blobs/${manifest.layers[0]?.digest ?? ""}`)
    return { manifest, envelope: Buffer.from(await blob.arrayBuffer()) }
  }
  /** Put an envelope under an artifact as its signature. */
  const attach = async (
    reference: string,
    like: SignatureManifest,
    envelope: Uint8Array<ArrayBuffer>,
  ): Promise<void> => {
    const digest = reference.split("@")[1] ?? ""
    const size = (await (await get(`manifests/${digest}`)).arrayBuffer()).byteLength
    const layer = { ...like.layers[0], ...(await putBlob(registry.address, REPOSITORY, envelope)) }
    const manifest = { ...like, layers: [layer], subject: { mediaType: like.mediaType, digest, size } }
    await putManifest(registry.address, REPOSITORY, `forged-${sequence++}`, like.mediaType, manifest)
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countersign-interop-"))
    tools = openTools(folder)
    ;[registry, authority] = await Promise.all([startOurs(), startTestAuthority({ revocation: "none" })])
    const signer = await authority.issueSigner({ chainLength: 3 })
    const other = await authority.issueSigner({ chainLength: 1 })
    const keys = [writeKey(folder, "test", signer.keyPem, signer.chainPem)]
    writeConfig(folder, "signingkeys.json", { default: "test", keys })
    writeStore(folder, "ca", "test", { "root.pem": authority.rootPem })
    writeStore(folder, "ca", "other", { "other.pem": other.rootPem })
    writeStore(folder, "ca", "empty", {})
    writeStore(folder, "ca", "leaf", { "leaf.pem": signer.chainPem.split(/(?<=-----END CERTIFICATE-----\n)/)[0] ?? "" })
    writeStore(folder, "tsa", "test", { "tsa.pem": authority.timestampRootPem })
  })
  afterAll(async () => {
    await Promise.all([registry.stop(), authority.close()])
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(() => {
    policy({})
  })

  /** Both programs of both lines say no, in the same words. */
  async function allRefuse(reference: string, more: readonly string[] = []): Promise<readonly string[]> {
    const said: string[] = []
    for (const [real, ours] of lines) {
      const [theirs, mine] = await Promise.all([verify(real, reference, more), verify(ours, reference, more)])
      expectCode(theirs, 1)
      expectCode(mine, 1)
      expect({ stdout: mine.stdout, last: lastLine(mine) }).toEqual({ stdout: theirs.stdout, last: lastLine(theirs) })
      said.push(lastLine(theirs))
    }
    return said
  }

  it.each<[string, object, string]>([
    ["another store", { trustStores: ["ca:other"] }, "failed for all the signatures"],
    [
      "a store that is not there",
      { trustStores: ["ca:absent"] },
      'the trust store "absent" of type "ca" does not exist',
    ],
    ["an empty store", { trustStores: ["ca:empty"] }, "no x509 certificates were found in trust store"],
    ["a store with a leaf", { trustStores: ["ca:leaf"] }, "failed to validate the trusted certificate leaf.pem"],
    ["a store of signing authorities", { trustStores: ["signingAuthority:test"] }, "failed for all the signatures"],
    ["another organisation", { trustedIdentities: ["x509.subject: C=US, ST=WA, O=Other"] }, "failed for all"],
    [
      "an identity beyond the subject",
      { trustedIdentities: ["x509.subject: C=US, ST=WA, O=Countersign Test, OU=none"] },
      "failed for all",
    ],
    ["a timestamp that is not there", { trustStores: ["ca:test", "tsa:test"] }, "failed for all the signatures"],
    ["a scope for others", { registryScopes: ["registry.example/other"] }, "no applicable"],
    ["no level", { signatureVerification: {} }, "signature verification level is empty or missing"],
  ])("%s", async (_name, changes, words) => {
    const reference = await push()
    await sign(reference)
    policy(changes)
    for (const line of await allRefuse(reference)) expect(line).toContain(words)
  })

  it("metadata that is not signed", async () => {
    const reference = await push()
    await sign(reference, "-m", "a=1")
    expectCode(await verify("our notation", reference, ["-m", "a=1"]), 0)
    await allRefuse(reference, ["-m", "a=2"])
    await allRefuse(reference, ["-m", "b=1"])
  })

  it("a signature that has expired", async () => {
    const reference = await push()
    await sign(reference, "--expiry", "1s")
    // It ends within a second; asking again is the clock.
    while ((await verify("notation", reference)).code === 0);
    await allRefuse(reference)
    const own = ["verify", "--trust-store", "ca:test", "--identity", "*", reference]
    expect((await tools.run("own", own)).stderr).toContain("E_SIG_EXPIRED")
    policy({ signatureVerification: { level: "permissive" } })
    for (const [real, ours] of lines) {
      const [theirs, mine] = await Promise.all([verify(real, reference), verify(ours, reference)])
      expect(expectCode(mine, 0)).toEqual(expectCode(theirs, 0))
    }
  })

  it.each(["jws", "cose"])("an envelope that was changed, %s", async (format) => {
    const signed = await push()
    await sign(signed, "--signature-format", format)
    const { manifest, envelope } = await signatureOf(signed)
    // The last bytes of either form belong to the signature.
    const at = format === "jws" ? envelope.length - 12 : envelope.length - 1
    envelope[at] = (envelope[at] ?? 0) ^ (format === "jws" ? 2 : 0x40)
    const reference = await push()
    await attach(reference, manifest, envelope)
    await allRefuse(reference)
  })

  it.each(["jws", "cose"])("an envelope cut short, %s", async (format) => {
    const signed = await push()
    await sign(signed, "--signature-format", format)
    const { manifest, envelope } = await signatureOf(signed)
    const reference = await push()
    await attach(reference, manifest, Buffer.from(envelope.subarray(0, 99)))
    await allRefuse(reference)
  })

  it("a signature of another artifact", async () => {
    const signed = await push()
    await sign(signed)
    const { manifest, envelope } = await signatureOf(signed)
    const reference = await push()
    await attach(reference, manifest, envelope)
    await allRefuse(reference)
    // One that counts beside it is found.
    await sign(reference)
    for (const tool of lines.flat()) expectCode(await verify(tool, reference), 0)
  })

  it("a tag that was moved", async () => {
    const tag = `${registry.address}/${REPOSITORY}:moving`
    await sign(await push("moving"))
    expectCode(await verify("our notation", tag), 0)
    await push("moving")
    for (const line of await allRefuse(tag)) expect(line).toContain("no signature is associated with")
  })

  it("nothing signed, nothing there", async () => {
    await allRefuse(await push())
    await allRefuse(`${registry.address}/${REPOSITORY}:absent`)
    await allRefuse(`${registry.address}/${REPOSITORY}@sha256:${"0".repeat(64)}`)
    await allRefuse("127.0.0.1:1/x")
  })
})
