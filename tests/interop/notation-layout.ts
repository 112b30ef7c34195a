/** OCI layout folders for tests, written by hand. */
import { createHash } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Write a layout with one image; returns its digest. */
export function writeLayout(folder: string, content: string): string {
  const blobs = join(folder, "blobs", "sha256")
  mkdirSync(blobs, { recursive: true })
  const put = (text: string): { digest: string; size: number } => {
    const hex = createHash("sha256").update(text).digest("hex")
    writeFileSync(join(blobs, hex), text)
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) }
  }
  const mediaType = "application/vnd.oci.image.manifest.v1+json"
  const config = put('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}')
  const manifest = put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...put(content) }],
    }),
  )
  writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(
    join(folder, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, ...manifest }] }),
  )
  return manifest.digest
}
