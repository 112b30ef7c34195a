/** Folders of `save`, exchanged with real cosign 2.5 and 3.1 in both directions, on two registries. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { putImage, putIndex } from "./images.ts"
import { countersign, expectCode, findPeer, havePeers, peer, type Finished } from "./peers.ts"
import { startDockerRegistry, startOurs, type InteropRegistry } from "./registries.ts"

const SIGNING_CONFIG = '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}'
const registries = [
  { name: "countersign serve", start: startOurs },
  ...(findPeer("docker-registry") === undefined ? [] : [{ name: "docker-registry 2.8", start: startDockerRegistry }]),
]

type Tool = "cosign2" | "cosign3" | "our cosign2" | "our cosign"
const tools: readonly Tool[] = ["cosign2", "cosign3", "our cosign2", "our cosign"]
const ours: readonly Tool[] = ["our cosign2", "our cosign"]

describe.runIf(havePeers("cosign2", "cosign3", "oras")).each(registries)("save and load on $name", ({ start }) => {
  let registry: InteropRegistry
  let home: string
  let sequence = 0

  beforeAll(async () => {
    registry = await start()
    home = await mkdtemp(join(tmpdir(), "countersign-interop-"))
    await writeFile(join(home, "signing-config.json"), SIGNING_CONFIG)
    await writeFile(join(home, "predicate.json"), '{"n":1}')
    for (const name of ["key", "other"]) {
      expectCode(await peer("cosign2", ["generate-key-pair", "--output-key-prefix", name], { cwd: home }), 0)
    }
  })
  afterAll(async () => {
    await registry.stop()
    await rm(home, { recursive: true, force: true })
  })

  const cosign = (tool: Tool, ...args: readonly string[]): Promise<Finished> => {
    if (tool === "our cosign") return countersign(["cosign", ...args], { cwd: home })
    if (tool === "our cosign2") return countersign(["cosign2", ...args], { cwd: home })
    return peer(tool, args, { cwd: home })
  }
  const verify = (tool: Tool, command: string, key: string, ...args: readonly string[]): Promise<Finished> =>
    cosign(tool, command, "--key", `${key}.pub`, "--insecure-ignore-tlog=true", ...args)

  /** Signed and attested in both formats by the real tools. */
  const signed = async (): Promise<{ reference: string; digest: string }> => {
    const name = `demo/app${sequence++}`
    const { digest } = await putImage(registry.address, name, `content ${sequence}`, "1")
    const image = `${registry.address}/${name}@${digest}`
    const key = ["--key", "key.key", "-y"]
    const config = ["--signing-config", "signing-config.json"]
    const predicate = ["--predicate", "predicate.json"]
    expectCode(await peer("cosign2", ["sign", ...key, "--tlog-upload=false", image], { cwd: home }), 0)
    expectCode(await peer("cosign2", ["attest", ...key, "--tlog-upload=false", ...predicate, image], { cwd: home }), 0)
    expectCode(await peer("cosign3", ["sign", ...key, ...config, image], { cwd: home }), 0)
    expectCode(await peer("cosign3", ["attest", ...key, ...config, ...predicate, image], { cwd: home }), 0)
    return { reference: `${registry.address}/${name}:1`, digest }
  }
  const blobs = async (folder: string): Promise<readonly string[]> =>
    (await readdir(join(home, folder, "blobs", "sha256"))).toSorted()

  it.each(tools)("what %s saved is verified by all four, by ours and theirs alike", async (saver) => {
    const { reference } = await signed()
    const folder = `saved${sequence}`
    expectCode(await cosign(saver, "save", "--dir", folder, reference), 0)
    for (const tool of tools) {
      for (const command of ["verify", "verify-attestation"]) {
        expectCode(await verify(tool, command, "key", "--local-image", folder), 0)
        const refused = await verify(tool, command, "other", "--local-image", folder)
        expect([refused.code, refused.stdout]).toEqual([1, ""])
      }
    }
    const changed = await verify("our cosign", "verify", "key", "-a", "a=b", "--local-image", folder)
    expect(changed.code).toBe(1)
  })

  const pairs = tools.flatMap((saver) => tools.map((loader) => [saver, loader] as const))
  it.each(pairs.filter((pair) => pair.some((tool) => ours.includes(tool))))(
    "what %s saved, %s loads, and real tools verify it in the registry",
    async (saver, loader) => {
      const { reference, digest } = await signed()
      const folder = `loaded${sequence}`
      const name = `${registry.address}/copy/app${sequence}`
      expectCode(await cosign(saver, "save", "--dir", folder, reference), 0)
      const loaded = await cosign(loader, "load", "--dir", folder, `${name}:2`)
      expectCode(loaded, 0)
      for (const tool of ["cosign2", "cosign3"] as const) {
        expectCode(await verify(tool, "verify", "key", `${name}@${digest}`), 0)
        expectCode(await verify(tool, "verify-attestation", "key", `${name}@${digest}`), 0)
        expect((await verify(tool, "verify", "other", `${name}@${digest}`)).code).not.toBe(0)
      }
      if (!ours.includes(loader) || saver === "cosign2") return
      // Bundles came along: saved again, the folder has the same content.
      expectCode(await cosign("our cosign", "save", "--dir", `${folder}-again`, `${name}:2`), 0)
      expect(await blobs(`${folder}-again`)).toEqual(await blobs(folder))
    },
  )

  it.each(["cosign2", "cosign3"] as const)("index.json begins with the very bytes of %s", async (real) => {
    const { reference } = await signed()
    const [theirs, mine] = [`theirs${sequence}`, `mine${sequence}`]
    expectCode(await cosign(real, "save", "--dir", theirs, reference), 0)
    expectCode(await cosign("our cosign", "save", "--dir", mine, reference), 0)
    const text = (folder: string, file: string): Promise<string> => readFile(join(home, folder, file), "utf8")
    expect(await text(mine, "oci-layout")).toBe(await text(theirs, "oci-layout"))
    const wanted = (await text(theirs, "index.json")).replace(/\n {3}\]\n\}$/, "")
    expect((await text(mine, "index.json")).slice(0, wanted.length)).toBe(wanted)
    if (real === "cosign3") expect(await blobs(mine)).toEqual(await blobs(theirs))
  })

  it("an image signed under tags alone gives the same folder, byte for byte", async () => {
    const name = `demo/plain${sequence++}`
    const { digest } = await putImage(registry.address, name, `plain ${sequence}`, "1")
    const image = `${registry.address}/${name}@${digest}`
    expectCode(await cosign("our cosign2", "sign", "--key", "key.key", "--tlog-upload=false", image), 0)
    expectCode(await cosign("cosign2", "save", "--dir", "plain-theirs", image), 0)
    expectCode(await cosign("our cosign2", "save", "--dir", "plain-ours", image), 0)
    expect(await blobs("plain-ours")).toEqual(await blobs("plain-theirs"))
    for (const file of ["index.json", "oci-layout"]) {
      const [mine, theirs] = [join(home, "plain-ours", file), join(home, "plain-theirs", file)]
      expect(await readFile(mine, "utf8")).toBe(await readFile(theirs, "utf8"))
    }
  })

  it("an index with its children goes both ways; oras finds the bundles in our folder", async () => {
    const name = `demo/multi${sequence++}`
    const { index, children } = await putIndex(registry.address, name, `index ${sequence}`, "1")
    const image = `${registry.address}/${name}@${index.digest}`
    const sign = ["sign", "--key", "key.key", "-y", "--recursive"]
    expectCode(await cosign("cosign3", ...sign, "--signing-config", "signing-config.json", image), 0)
    expectCode(await cosign("cosign2", ...sign, "--tlog-upload=false", image), 0)
    expectCode(await cosign("our cosign", "save", "--dir", "multi", image), 0)
    for (const tool of tools) expectCode(await verify(tool, "verify", "key", "--local-image", "multi"), 0)
    const copy = `${registry.address}/copy/multi${sequence}`
    expectCode(await cosign("our cosign", "load", "--dir", "multi", `${copy}:1`), 0)
    for (const { digest } of [index, ...children]) {
      for (const tool of tools) expectCode(await verify(tool, "verify", "key", `${copy}@${digest}`), 0)
    }
    const seen = await peer("oras", ["discover", "--oci-layout", `multi@${index.digest}`], { cwd: home })
    expect(expectCode(seen, 0).stdout).toContain("application/vnd.dev.sigstore.bundle.v0.3+json")
    expectCode(await cosign("cosign3", "save", "--dir", "multi-theirs", image), 0)
    for (const tool of tools) expectCode(await verify(tool, "verify", "key", "--local-image", "multi-theirs"), 0)
  })
})
