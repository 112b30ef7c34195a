/** Puts small images and indexes into a registry by plain HTTP, so that no tool under test is needed to prepare. */
import { createHash } from "node:crypto"

const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const OCI_INDEX = "application/vnd.oci.image.index.v1+json"

export interface PushedImage {
  readonly digest: string
  readonly size: number
  readonly mediaType: string
}

const digestOf = (bytes: string | Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`

async function expectStatus(answer: Response, ...statuses: readonly number[]): Promise<Response> {
  if (statuses.includes(answer.status)) return answer
  throw new Error(`${answer.status} ${answer.url}: ${await answer.text()}`)
}

/** Upload a blob in one piece. */
export async function putBlob(
  address: string,
  repository: string,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<{ digest: string; size: number }> {
  const digest = digestOf(content)
  const started = await expectStatus(
    await fetch(`http://${address}/v2/${repository}/blobs/uploads/`, { method: "POST" }),
    202,
  )
  const location = new URL(started.headers.get("location") ?? "", `http://${address}`)
  location.searchParams.set("digest", digest)
  await expectStatus(
    await fetch(location, { method: "PUT", body: content, headers: { "content-type": "application/octet-stream" } }),
    201,
  )
  return { digest, size: Buffer.byteLength(content) }
}

/** Put a manifest under a tag or its digest. */
export async function putManifest(
  address: string,
  repository: string,
  reference: string,
  mediaType: string,
  body: object,
): Promise<PushedImage> {
  const text = JSON.stringify(body)
  const url = `http://${address}/v2/${repository}/manifests/${reference}`
  await expectStatus(await fetch(url, { method: "PUT", body: text, headers: { "content-type": mediaType } }), 201)
  return { digest: digestOf(text), size: Buffer.byteLength(text), mediaType }
}

/** An image with one layer holding `content`; tagged when `tag` is given. */
export async function putImage(
  address: string,
  repository: string,
  content: string,
  tag?: string,
): Promise<PushedImage> {
  const layer = await putBlob(address, repository, content)
  const config = await putBlob(
    address,
    repository,
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [layer.digest] },
      config: {},
    }),
  )
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
  }
  return putManifest(address, repository, tag ?? digestOf(JSON.stringify(manifest)), OCI_MANIFEST, manifest)
}

/** An index of two images, for amd64 and arm64. */
export async function putIndex(
  address: string,
  repository: string,
  content: string,
  tag: string,
): Promise<{ index: PushedImage; children: readonly PushedImage[] }> {
  const children = [
    await putImage(address, repository, `${content} amd64`),
    await putImage(address, repository, `${content} arm64`),
  ]
  const manifests = children.map((child, position) => ({
    ...child,
    platform: { architecture: position === 0 ? "amd64" : "arm64", os: "linux" },
  }))
  const index = await putManifest(address, repository, tag, OCI_INDEX, {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests,
  })
  return { index, children }
}
