/** Manifests around signatures: older forms are read, odd ones are never a yes. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { RegistryFaults, TestSigner } from "../../../src/testing/index.ts"
import { attach, forgeJws } from "./forged-signature.ts"
import { type Pushed, type Rig, startRig } from "./rig.ts"

const TYPE = "application/vnd.cncf.notary.signature"
const IMAGE = "application/vnd.oci.image.manifest.v1+json"
const MIB = 1024 * 1024

let rig: Rig
let signer: TestSigner
let artifact: Pushed
beforeAll(async () => {
  rig = await startRig({ revocation: "none" })
  signer = await rig.authority.issueSigner()
  rig.trust("ca:test", rig.authority.rootPem)
})
afterAll(() => rig.close())
beforeEach(async () => {
  rig.policy()
  artifact = await rig.push()
})

interface Parts {
  readonly layer: object
  readonly config: object
}

/** Push a manifest made of a good envelope and an empty configuration. */
async function put(make: (parts: Parts) => object): Promise<string> {
  const repository = rig.repository(artifact)
  const config = await repository.blob("application/vnd.oci.empty.v1+json", "{}")
  const layer = await repository.blob("application/jose+json", forgeJws(signer, artifact.subject))
  const document = { schemaVersion: 2, mediaType: IMAGE, subject: artifact.subject, ...make({ config, layer }) }
  return (await repository.manifest(document)).digest
}

describe("read", () => {
  it.each<[string, (parts: Parts) => object]>([
    ["with an artifact type", ({ config, layer }) => ({ artifactType: TYPE, config, layers: [layer] })],
    [
      "with the type in the configuration",
      ({ config, layer }) => ({ config: { ...config, mediaType: TYPE }, layers: [layer] }),
    ],
    [
      "without annotations, or with others",
      ({ config, layer }) => ({ artifactType: TYPE, config, layers: [layer], annotations: { a: "b" } }),
    ],
    [
      "with thumbprints of somebody else, which nobody looks at",
      ({ config, layer }) => ({
        artifactType: TYPE,
        config,
        layers: [layer],
        annotations: { "io.cncf.notary.x509chain.thumbprint#S256": `["${"0".repeat(64)}"]` },
      }),
    ],
  ])("%s", async (_name, make) => {
    const digest = await put(make)
    expect(await rig.notation("verify", artifact.reference)).toMatchObject({ exit: 0, stderr: "" })
    expect((await rig.notation("list", artifact.reference)).stdout).toContain(digest)
    const own = await rig.countersign("verify", "--trust-store", "ca:test", "--identity", "*", artifact.reference)
    expect(own.exit).toBe(0)
  })
})

describe("never a yes", () => {
  it.each<[string, (parts: Parts) => object]>([
    ["no layer", ({ config }) => ({ artifactType: TYPE, config, layers: [] })],
    ["two layers", ({ config, layer }) => ({ artifactType: TYPE, config, layers: [layer, layer] })],
    [
      "a layer of another type",
      ({ config, layer }) => ({ artifactType: TYPE, config, layers: [{ ...layer, mediaType: "text/plain" }] }),
    ],
    [
      "a layer of the other format",
      ({ config, layer }) => ({ artifactType: TYPE, config, layers: [{ ...layer, mediaType: "application/cose" }] }),
    ],
    [
      "a layer of another size",
      ({ config, layer }) => ({ artifactType: TYPE, config, layers: [{ ...layer, size: 1 }] }),
    ],
    [
      "a layer too large",
      ({ config, layer }) => ({ artifactType: TYPE, config, layers: [{ ...layer, size: 33 * MIB }] }),
    ],
    [
      "a layer of negative size",
      ({ config, layer }) => ({ artifactType: TYPE, config, layers: [{ ...layer, size: -1 }] }),
    ],
    ["another type", ({ config, layer }) => ({ artifactType: "application/vnd.example", config, layers: [layer] })],
    [
      "the subject of somebody else",
      ({ config, layer }) => ({
        artifactType: TYPE,
        config,
        layers: [layer],
        subject: { ...artifact.subject, digest: `sha256:${"0".repeat(64)}` },
      }),
    ],
  ])("%s", async (_name, make) => {
    const stored = await put(make).then(
      () => true,
      () => false,
    )
    for (const face of ["notation", "notation2"] as const) {
      const ran = await rig[face]("verify", artifact.reference)
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toMatch(/(?:^|\n)Error: /)
      expect(ran.stderr).not.toContain("internal error")
    }
    const own = await rig.countersign("verify", "--trust-store", "ca:test", "--identity", "*", artifact.reference)
    expect(own.exit).not.toBe(0)
    expect(own.stdout).not.toMatch(/^verified/m)
    expect(own.stderr + own.stdout).not.toContain("E_INTERNAL")
    if (!stored) return
    // What cannot be read does not keep others from seeing what can.
    await attach(rig, artifact, forgeJws(signer, artifact.subject))
    const second = await rig.countersign("verify", "--trust-store", "ca:test", "--identity", "*", artifact.reference)
    expect(second.stdout + second.stderr).not.toContain("E_INTERNAL")
  })

  it.each<[string, RegistryFaults]>([
    ["blobs that are not what their digests say", { wrongBytes: "blobs" }],
    ["manifests that are not what their digests say", { wrongBytes: "manifests" }],
    ["bytes behind the end", { extraBytes: 1 }],
    ["the referrers API refused", { referrers: "403" }],
    ["a page instead of referrers", { referrers: "200-html" }],
  ])("%s", async (_name, faults) => {
    await put(({ config, layer }) => ({ artifactType: TYPE, config, layers: [layer] }))
    rig.registry.setFaults(faults)
    try {
      const ran = await rig.notation("verify", artifact.reference)
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      const own = await rig.countersign("verify", "--trust-store", "ca:test", "--identity", "*", artifact.reference)
      expect(own.exit).not.toBe(0)
      expect(own.stdout).not.toMatch(/^verified/m)
    } finally {
      rig.registry.reset()
    }
  })
})
