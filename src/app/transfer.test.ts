import { describe, expect, it } from "vitest"
import { encodeUtf8 } from "../codec/utf8.ts"
import type { Descriptor, FetchedManifest } from "../core/descriptor.ts"
import { ToolError } from "../core/errors.ts"
import { OCI_INDEX, OCI_MANIFEST } from "../core/media-types.ts"
import type { ContentStore } from "../core/ports.ts"
import { sha256Digest } from "../crypto/hash.ts"
import { descendants } from "./subjects.ts"
import { copyArtifact } from "./transfer.ts"

const config = {
  mediaType: "application/vnd.oci.image.config.v1+json",
  digest: sha256Digest(encodeUtf8("{}")),
  size: 2,
}

/** A store of manifests by digest; what is pushed to it is only recorded. */
function storeOf(documents: readonly object[]): { store: ContentStore; pushed: string[] } {
  const manifests = new Map(documents.map(fetched).map((one) => [one.descriptor.digest as string, one]))
  const pushed: string[] = []
  const store = {
    kind: "registry",
    name: "registry.example/app",
    fetchManifest: (digest: string) => {
      const found = manifests.get(digest)
      if (found !== undefined) return Promise.resolve(found)
      return Promise.reject(new ToolError("E_REF_TAG_NOT_FOUND", { what: digest }))
    },
    pushBlob: ({ digest }: Descriptor) => {
      pushed.push(digest)
      return Promise.resolve()
    },
    pushManifest: (bytes: Uint8Array) => {
      pushed.push(sha256Digest(bytes))
      return Promise.resolve()
    },
  } as unknown as ContentStore
  return { store, pushed }
}

function fetched(document: object): FetchedManifest {
  const bytes = encodeUtf8(JSON.stringify(document))
  const { mediaType } = document as { mediaType: string }
  return { bytes, descriptor: { mediaType, digest: sha256Digest(bytes), size: bytes.length } }
}

const image = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] }
const indexOf = (...manifests: readonly Descriptor[]): object => ({
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests,
})
const leaf = fetched(image).descriptor

describe("what an index lists is told by the content", () => {
  const inner = indexOf(leaf)
  const named = fetched(inner).descriptor
  const unknown = "application/vnd.example+json"

  it.each([
    ["an index listed as an image", { ...named, mediaType: OCI_MANIFEST }, inner],
    ["an image listed as an index", { ...leaf, mediaType: OCI_INDEX }, image],
    ["an image listed as one of Docker's", { ...leaf, mediaType: OCI_MANIFEST.replace("oci.image", "docker") }, image],
    ["an index listed as something unknown", { ...named, mediaType: unknown }, inner],
  ])("adv: CVE-2021-41190 %s is refused", async (name, listed, content) => {
    const outer = indexOf(listed)
    const { store } = storeOf([image, inner, content, outer])
    const subject = fetched(outer).descriptor
    await expect(descendants(store, subject)).rejects.toMatchObject({ code: "E_FORMAT_MALFORMED" })
    if (name.includes("unknown") || name.includes("Docker")) return
    const { store: to, pushed } = storeOf([])
    await expect(copyArtifact(store, to, subject)).rejects.toMatchObject({ code: "E_FORMAT_MALFORMED" })
    expect(pushed).not.toContain(subject.digest)
  })

  it("a root is what its content is, whatever it was resolved as", async () => {
    const { store } = storeOf([image, inner])
    const found = await descendants(store, { ...named, mediaType: OCI_MANIFEST })
    expect(found.map(({ digest }) => digest)).toEqual([leaf.digest])
  })

  it("depth first, each once, and what is not there has nothing below", async () => {
    const gone = { ...leaf, digest: sha256Digest(encodeUtf8("gone")) }
    const outer = indexOf(named, leaf, gone, named)
    const { store } = storeOf([image, inner, outer])
    const found = await descendants(store, fetched(outer).descriptor)
    expect(found.map(({ digest }) => digest)).toEqual([named.digest, leaf.digest, gone.digest])
  })
})
