/** Many processes sign one artifact at once: whoever ended with 0 has its signature there. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { putImage } from "./images.ts"
import { countersign, expectCode, findPeer, type Finished } from "./peers.ts"
import { startDockerRegistry, startOurs, type InteropRegistry } from "./registries.ts"

const registries = [
  { name: "countersign serve", start: startOurs },
  ...(findPeer("docker-registry") === undefined ? [] : [{ name: "docker-registry 2.8", start: startDockerRegistry }]),
]

const OCI_TYPES = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"

interface Listed {
  readonly manifests?: readonly { readonly digest: string }[]
  readonly layers?: readonly { readonly digest: string }[]
}

describe.each(registries)("parallel signers on $name", ({ start }) => {
  let registry: InteropRegistry
  let home: string

  beforeAll(async () => {
    registry = await start()
    home = await mkdtemp(join(tmpdir(), "countersign-interop-"))
    expectCode(await countersign(["keys", "generate", "--name", "signer"], { cwd: home }), 0)
  })

  afterAll(async () => {
    await registry.stop()
    await rm(home, { recursive: true, force: true })
  })

  const get = async (path: string): Promise<Response> =>
    fetch(`http://${registry.address}/v2/${path}`, { headers: { accept: OCI_TYPES } })
  const json = async (path: string): Promise<Listed> => {
    const answer = await get(path)
    return answer.ok ? ((await answer.json()) as Listed) : {}
  }

  /** What signers wrote into the signed annotation `signer`, read back from the signature tag. */
  async function signersUnderTag(repository: string, digest: string): Promise<ReadonlySet<string>> {
    const { layers = [] } = await json(`${repository}/manifests/${digest.replace(":", "-")}.sig`)
    const payloads = await Promise.all(
      layers.map(
        async (layer) =>
          (await get(`${repository}/blobs/${layer.digest}`)).json() as Promise<{ optional: { signer: string } }>,
      ),
    )
    return new Set(payloads.map((payload) => payload.optional.signer))
  }

  async function listedReferrers(repository: string, digest: string): Promise<ReadonlySet<string>> {
    const lists = [
      await json(`${repository}/referrers/${digest}`),
      await json(`${repository}/manifests/${digest.replace(":", "-")}`),
    ]
    return new Set(lists.flatMap((list) => (list.manifests ?? []).map((entry) => entry.digest)))
  }

  it.each([
    ["cosign-v2", 12],
    ["cosign-v3", 12],
    ["cosign-v2", 32],
    ["cosign-v3", 32],
    ["cosign-v2", 100],
    ["cosign-v3", 100],
  ] as const)("%s, %i processes: none that ended with 0 is missing", async (format, count) => {
    const repository = `demo/parallel-${format}-${count}`
    const { digest } = await putImage(registry.address, repository, repository)
    const signOne = (index: number): Promise<Finished> =>
      countersign(
        [
          "sign",
          "--key",
          "signer.key",
          "--format",
          format,
          "-a",
          `signer=${index}`,
          "--output",
          "json",
          "--timeout",
          "10m",
          `${registry.address}/${repository}@${digest}`,
        ],
        { cwd: home },
      )
    const finished = await Promise.all(Array.from({ length: count }, (_, index) => signOne(index)))
    const succeeded = finished.flatMap((one, index) => (one.code === 0 ? [{ index, one }] : []))
    const failures = finished.filter((one) => one.code !== 0).map((one) => one.stderr)
    // Refusing to wait for ever is allowed, losing is not; yet nearly all must get through.
    expect(failures.length, failures.join("\n")).toBeLessThanOrEqual(count / 10)
    if (format === "cosign-v2") {
      const present = await signersUnderTag(repository, digest)
      expect(succeeded.filter(({ index }) => !present.has(String(index)))).toEqual([])
    } else {
      const present = await listedReferrers(repository, digest)
      const written = succeeded.map(
        ({ one }) => /sha256:[0-9a-f]{64}(?=",?\s*$)/m.exec(referenceLine(one.stdout))?.[0] ?? "none",
      )
      expect(written.filter((reference) => !present.has(reference))).toEqual([])
      expect(new Set(written).size).toBe(succeeded.length)
    }
  })
})

/** The line of the JSON answer that names the referrer's manifest. */
function referenceLine(stdout: string): string {
  return stdout.split("\n").find((line) => line.includes('"reference":')) ?? ""
}
