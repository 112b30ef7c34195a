import { createHash } from "node:crypto"
import type { Rig } from "./rig.ts"

const MANIFEST = "application/vnd.oci.image.manifest.v1+json"

/** Write an OCI layout with one artifact under the tag `v1`. @param name - folder below the rig's. */
export function writeLayout(rig: Rig, name: string): { readonly path: string; readonly digest: string } {
  const blob = (text: string): string => {
    const hex = createHash("sha256").update(text).digest("hex")
    rig.write(`${name}/blobs/sha256/${hex}`, text)
    return `sha256:${hex}`
  }
  const content = `content of ${name}`
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: blob("{}"), size: 2 },
    layers: [{ mediaType: "text/plain", digest: blob(content), size: content.length }],
  })
  const digest = blob(manifest)
  const annotations = { "org.opencontainers.image.ref.name": "v1" }
  const manifests = [{ mediaType: MANIFEST, digest, size: manifest.length, annotations }]
  rig.write(`${name}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}')
  rig.write(`${name}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }))
  return { path: rig.path(name), digest }
}
