import { describe, expect, it } from "vitest"
import type { Descriptor } from "../../core/descriptor.ts"
import { ToolError } from "../../core/errors.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import type { SignatureImageContent, SignedDocument } from "../format.ts"
import { mergeSignatureImage } from "./signature-image.ts"
import { tagPlacement } from "./tag-placement.ts"

const encoder = new TextEncoder()
const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const KEY = "dev.cosignproject.cosign/signature"

function layer(content: string, signature = "AQID"): { descriptor: Descriptor; bytes: Uint8Array } {
  const bytes = encoder.encode(content)
  const descriptor = {
    mediaType: "m",
    size: bytes.length,
    digest: sha256Digest(bytes),
    annotations: { [KEY]: signature },
  }
  return { descriptor, bytes }
}

function current(manifest: unknown, config: unknown = {}): SignatureImageContent {
  const bytes = encoder.encode(typeof manifest === "string" ? manifest : JSON.stringify(manifest))
  return {
    manifest: { bytes, descriptor: { mediaType: MANIFEST, size: bytes.length, digest: sha256Digest(bytes) } },
    config: encoder.encode(typeof config === "string" ? config : JSON.stringify(config)),
  }
}

function image(layers: readonly unknown[], more: Record<string, unknown> = {}): Record<string, unknown> {
  const { descriptor } = layer("{}")
  return { schemaVersion: 2, mediaType: MANIFEST, config: { ...descriptor, mediaType: "c" }, layers, ...more }
}

function document(content: string, signature = "AQID"): SignedDocument {
  const { descriptor, bytes } = layer(content, signature)
  return {
    format: "cosign-v2",
    kind: "signature",
    bytes,
    descriptor: { mediaType: "m", size: descriptor.size, digest: descriptor.digest },
    mediaType: "m",
    payload: bytes,
    signature: Uint8Array.of(1, 2, 3),
    annotations: { [KEY]: signature },
  }
}

function parsed(bytes: Uint8Array): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
}

describe("mergeSignatureImage", () => {
  it("keeps what others put there, known to us or not", () => {
    const foreign = { ...layer("foreign").descriptor, urls: ["https://example.com"], platform: { os: "linux" } }
    const before = image([foreign], { annotations: { a: "b" }, extra: { deep: [1, null] } })
    const config = { architecture: "arm", author: "somebody", created: "2020-01-01T00:00:00Z", history: [{ a: 1 }] }
    const write = mergeSignatureImage(current(before, config), layer("new"))
    const after = parsed(write.bytes)
    expect((after["layers"] as unknown[])[0]).toEqual(foreign)
    expect(after["annotations"]).toEqual({ a: "b" })
    expect(after["extra"]).toEqual({ deep: [1, null] })
    const source = write.blobs?.at(-1)?.source
    const made = source !== undefined && "bytes" in source ? parsed(source.bytes) : {}
    expect(made).toMatchObject({ architecture: "arm", author: "somebody", created: "2020-01-01T00:00:00Z" })
    expect(made["history"]).toEqual([{ a: 1 }, { created: "0001-01-01T00:00:00Z" }])
  })

  it("puts back what was lost in a race, before the new layer", () => {
    const lost = layer("lost").descriptor
    const write = mergeSignatureImage(current(image([layer("kept").descriptor])), layer("new"), { restore: [lost] })
    const { layers } = parsed(write.bytes) as { layers: { digest: string }[] }
    const expected = ["kept", "lost", "new"].map((content) => layer(content).descriptor.digest)
    expect(layers.map(({ digest }) => digest)).toEqual(expected)
  })

  it("does not put back what is replaced", () => {
    const lost = layer("lost").descriptor
    const write = mergeSignatureImage(current(image([])), layer("new"), { restore: [lost], drop: [lost.digest] })
    const { layers } = parsed(write.bytes) as { layers: { digest: string }[] }
    expect(layers.map(({ digest }) => digest)).toEqual([layer("new").descriptor.digest])
  })

  it("is the same whichever of two writers comes first, up to order", () => {
    const one = mergeSignatureImage(undefined, layer("one"))
    const base = current(new TextDecoder().decode(one.bytes))
    const layersOf = (bytes: Uint8Array): unknown[] => parsed(bytes)["layers"] as unknown[]
    expect(layersOf(mergeSignatureImage(base, layer("two")).bytes)).toHaveLength(2)
  })

  it("refuses to grow past the bound of readers", () => {
    const full = image(Array.from({ length: 1000 }, () => layer("x").descriptor))
    expect(() => mergeSignatureImage(current(full), layer("y"))).toThrow(/at most 1000/)
  })

  it("refuses to read more layers than that", () => {
    const over = image(Array.from({ length: 1001 }, () => layer("x").descriptor))
    expect(() => tagPlacement.read(current(over).manifest)).toThrow(
      expect.objectContaining({ code: "E_LIMIT_EXCEEDED" }) as Error,
    )
  })

  it.each([
    ["no JSON", "{"],
    ["an index", { schemaVersion: 2, manifests: [] }],
    ["no layers", image([], { layers: undefined })],
    ["a null layer", image([null])],
    ["a layer without digest", image([{ mediaType: "m", size: 1 }])],
    ["a negative size", image([{ ...layer("x").descriptor, size: -1 }])],
    ["a size that is a string", image([{ ...layer("x").descriptor, size: "5" }])],
    ["a digest in upper case", image([{ ...layer("x").descriptor, digest: `sha256:${"AB".repeat(32)}` }])],
    ["an annotation that is a number", image([{ ...layer("x").descriptor, annotations: { a: 1 } }])],
    ["a duplicate member", `{"layers":[],"layers":[],"config":{}}`],
  ])("refuses %s instead of overwriting it", (_, manifest) => {
    let thrown: unknown
    try {
      mergeSignatureImage(current(manifest), layer("y"))
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ToolError)
    expect((thrown as ToolError).code).toBe("E_FORMAT_MALFORMED")
  })

  it("refuses a config that is no object", () => {
    expect(() => mergeSignatureImage(current(image([]), []), layer("y"))).toThrow(/expected an object/)
  })
})

describe("tagPlacement", () => {
  it("does nothing when the layer is there with its signature", () => {
    const first = tagPlacement.merge(undefined, document("p"), {})!
    const state = current(new TextDecoder().decode(first.bytes))
    expect(tagPlacement.merge(state, document("p"), {})).toBeUndefined()
    expect(tagPlacement.merge(state, document("p", "AQIE"), {})).toBeDefined()
    expect(tagPlacement.holds(state.manifest, document("p"))).toBe(true)
    expect(tagPlacement.holds(state.manifest, document("p", "AQIE"))).toBe(false)
  })

  it("counts a layer as a duplicate only with equal annotations", () => {
    const plain = layer("p").descriptor
    const other = { ...plain, annotations: { ...plain.annotations, "dev.sigstore.cosign/bundle": "{}" } }
    const logged = { ...document("p"), annotations: { [KEY]: "AQID", "dev.sigstore.cosign/bundle": "{}" } }
    expect(tagPlacement.duplicates([plain, other], document("p", "zz"))).toHaveLength(2)
    expect(tagPlacement.duplicates([plain, other], logged)).toHaveLength(1)
    expect(tagPlacement.duplicates([{ ...plain, mediaType: "other" }], document("p"))).toEqual([])
    const broken = { ...plain, annotations: { [KEY]: "not base64!" } }
    expect(tagPlacement.duplicates([broken], document("p"))).toEqual([{ signature: new Uint8Array(0) }])
  })
})
