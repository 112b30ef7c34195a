// Run with Node.js 24: node main.ts
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { generateKeyPairSync } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { list, sign, verify } from "countersign"
import { openRegistry } from "countersign/registry"
import { startTestRegistry } from "countersign/testing"

const folder = await mkdtemp(join(tmpdir(), "countersign-example-"))
const server = await startTestRegistry()
try {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" })
  await writeFile(join(folder, "key.pem"), pair.privateKey.export({ type: "pkcs8", format: "pem" }))
  await writeFile(join(folder, "key.pub"), pair.publicKey.export({ type: "spki", format: "pem" }))

  // An artifact to sign: an empty OCI manifest.
  const registry = openRegistry()
  const repository = registry.repository(`${server.address}/demo/app`)
  const empty = new TextEncoder().encode("{}")
  const config = {
    mediaType: "application/vnd.oci.empty.v1+json",
    digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    size: 2,
  } as const
  await repository.pushBlob(config, { bytes: empty })
  const mediaType = "application/vnd.oci.image.manifest.v1+json"
  const manifest = { schemaVersion: 2, mediaType, artifactType: "application/vnd.example", config, layers: [config] }
  const { digest } = await repository.pushManifest(new TextEncoder().encode(JSON.stringify(manifest)), mediaType, "1.0")
  await registry.close()

  const artifacts = [`${server.address}/demo/app@${digest}`]
  const before = await verify({ artifacts, keys: [join(folder, "key.pub")] })
  console.log("before signing:", before.report.artifacts[0]?.state)

  await sign({ artifacts, key: join(folder, "key.pem"), formats: ["cosign-v2", "cosign-v3"] })
  const after = await verify({ artifacts, keys: [join(folder, "key.pub")], everything: true })
  console.log(
    "after signing:",
    after.report.artifacts[0]?.state,
    after.report.artifacts[0]?.signatures.map((s) => s.format),
  )

  const [attached] = await list({ artifacts })
  console.log("attached:", attached?.items.length)

  const expected = before.report.artifacts[0]?.state === "unsigned" && after.report.artifacts[0]?.state === "verified"
  if (!expected || attached?.items.length !== 2) throw new Error("the example did not end as expected")
} finally {
  await server.close()
  await rm(folder, { recursive: true, force: true })
}
