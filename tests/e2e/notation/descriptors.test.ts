/** Signed media types and sizes where signatures are listed by a tag that anybody may write. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { Descriptor } from "../../services/forgery.ts"
import { attach, forgeJws } from "./forged-signature.ts"
import { type Pushed, type Rig, startRig } from "./rig.ts"

const NOTARY = "application/vnd.cncf.notary.signature"
const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const INDEX = "application/vnd.oci.image.index.v1+json"

let rig: Rig
let signer: Awaited<ReturnType<Rig["authority"]["issueSigner"]>>

beforeAll(async () => {
  rig = await startRig({}, { referrers: "absent" })
  signer = await rig.authority.issueSigner({ revocation: "none" })
  rig.trust("ca:test", rig.authority.rootPem)
  rig.addKey("test", signer)
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.policy()
})

/** Bytes of a manifest as the registry serves them. */
async function served({ repository }: Pushed, digest: string): Promise<Uint8Array> {
  const [host = "", ...path] = repository.split("/")
  const url = `http://${host}/v2/${path.join("/")}/manifests/${digest}`
  return new Uint8Array(await (await fetch(url, { headers: { accept: MANIFEST } })).arrayBuffer())
}

/** Attach envelopes whose manifests claim these subjects, listed by the referrers tag in this order. */
async function list(artifact: Pushed, entries: readonly { envelope: string; claimed: Descriptor }[]): Promise<void> {
  const manifests: object[] = []
  for (const { envelope, claimed } of entries) {
    const digest = await attach(rig, { ...artifact, subject: claimed }, envelope)
    const { byteLength: size } = await served(artifact, digest)
    manifests.push({ mediaType: MANIFEST, digest, size, artifactType: NOTARY })
  }
  const tag = artifact.subject.digest.replace(":", "-")
  await rig.repository(artifact).manifest({ schemaVersion: 2, mediaType: INDEX, manifests }, tag)
}

const own = (...args: readonly string[]): ReturnType<Rig["countersign"]> =>
  rig.countersign(...args.slice(0, 1), "--trust-store", "ca:test", "--identity", "*", ...args.slice(1))

async function exits(artifact: Pushed): Promise<readonly number[]> {
  const runs: number[] = []
  for (const name of [artifact.reference, artifact.tagged]) {
    for (const run of [rig.notation("verify", name), rig.notation2("verify", name), own("verify", name)]) {
      runs.push((await run).exit)
    }
  }
  return runs
}

const REFUSED = Array<number>(6).fill(1)
const VERIFIED = Array<number>(6).fill(0)

describe("a signature that is not about the artifact as it is", () => {
  it.each<[string, object]>([
    ["the signature of a file that holds the manifest", { mediaType: "application/octet-stream" }],
    ["no media type of a manifest", { mediaType: "application/vnd.example.manifest+json" }],
    ["the media type of a layer", { mediaType: "application/vnd.oci.image.layer.v1.tar" }],
  ])("%s, whatever the manifest beside it claims", async (_name, signed) => {
    const artifact = await rig.push()
    const claimed = { ...artifact.subject, ...signed }
    const envelope = forgeJws(signer, claimed)
    await list(artifact, [{ envelope, claimed }])
    expect(await exits(artifact)).toEqual(REFUSED)
    await list(artifact, [{ envelope, claimed: artifact.subject }])
    expect(await exits(artifact)).toEqual(REFUSED)
  })

  it("a size or an index that only the envelope claims", async () => {
    for (const wrong of [{ size: 1 }, { mediaType: INDEX }]) {
      const artifact = await rig.push()
      const envelope = forgeJws(signer, { ...artifact.subject, ...wrong })
      await list(artifact, [{ envelope, claimed: artifact.subject }])
      expect(await exits(artifact)).toEqual(REFUSED)
    }
  })

  it("is no reason to leave out signing", async () => {
    const artifact = await rig.push()
    const claimed = { ...artifact.subject, mediaType: "application/octet-stream" }
    await list(artifact, [{ envelope: forgeJws(signer, claimed), claimed }])
    const key = ["--key", rig.write("signer.key", signer.keyPem), "--cert-chain", rig.write("c.crt", signer.chainPem)]
    for (const name of [artifact.reference, artifact.tagged]) {
      const ran = await rig.countersign("sign", "--if-missing", "--format", "notation", ...key, name)
      expect(ran).toMatchObject({ exit: 0 })
      expect(ran.stdout + ran.stderr).not.toContain("there already")
      expect(await exits(artifact)).toEqual(VERIFIED)
      await list(artifact, [{ envelope: forgeJws(signer, claimed), claimed }])
    }
  })
})

describe("a copy of a good signature beside it", () => {
  it.each<[string, object]>([
    ["another size", { size: 1 }],
    ["another media type", { mediaType: INDEX }],
  ])("that claims %s hides nothing", async (_name, lie) => {
    const artifact = await rig.push()
    const envelope = forgeJws(signer, artifact.subject)
    const good = { envelope, claimed: artifact.subject }
    const bad = { envelope, claimed: { ...artifact.subject, ...lie } }
    for (const entries of [[bad, good], [good, bad], [bad]]) {
      await list(artifact, entries)
      expect(await exits(artifact)).toEqual(VERIFIED)
    }
  })
})
