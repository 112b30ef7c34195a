import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { asToolError, ToolError } from "../../core/errors.ts"
import { bareMediaType, parseImageManifest, parseManifest } from "./manifest.ts"

const HEX = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
const DIGEST = `sha256:${HEX}`
const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const INDEX = "application/vnd.oci.image.index.v1+json"
const ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"
const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: DIGEST, size: 2 }
const image = { schemaVersion: 2, mediaType: MANIFEST, config, layers: [config] }
const index = { schemaVersion: 2, mediaType: INDEX, manifests: [config] }

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value))
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return asToolError(error).code
  }
  return "accepted"
}

describe("parseManifest", () => {
  // As cosign 3.1.1 pushed it.
  const cosign = `{"schemaVersion":2,"mediaType":"${MANIFEST}","config":{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":"${DIGEST}","artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"},"layers":[{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","size":7,"digest":"${DIGEST}"}],"annotations":{"dev.sigstore.bundle.content":"dsse-envelope"},"subject":{"mediaType":"${MANIFEST}","size":401,"digest":"${DIGEST}"},"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`

  it("reads a referrer with every field we act on", () => {
    expect(parseImageManifest(bytes(cosign), `${MANIFEST}; charset=utf-8`)).toMatchObject({
      kind: "image",
      artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      config: { artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json", size: 2 },
      layers: [{ size: 7 }],
      subject: { size: 401, digest: DIGEST },
      annotations: { "dev.sigstore.bundle.content": "dsse-envelope" },
    })
  })

  it.each([
    ["index", index, INDEX],
    ["index without entries as Go writes it", { ...index, manifests: null }, INDEX],
    ["manifest without mediaType anywhere", { ...image, mediaType: undefined }, undefined],
    ["index without mediaType anywhere", { ...index, mediaType: undefined }, undefined],
    ["null annotations", { ...image, annotations: null, subject: null }, MANIFEST],
    ["unknown fields and media types", { ...image, x: [1], config: { ...config, mediaType: "x/y", z: 1 } }, MANIFEST],
    ["withdrawn artifact manifest", { mediaType: ARTIFACT, artifactType: "a/b", blobs: [config] }, ARTIFACT],
    ["nested index with platform", { ...index, manifests: [{ ...config, platform: { os: "linux" } }] }, INDEX],
  ])("accepts: %s", (_name, value, type) => {
    expect(codeOf(() => parseManifest(bytes(value), type))).toBe("accepted")
  })

  it("keeps __proto__ in annotations as data", () => {
    const text = JSON.stringify(image).replace(/}$/, ',"annotations":{"__proto__":"x","constructor":"y"}}')
    const { annotations } = parseManifest(bytes(text), MANIFEST)
    expect(Object.entries(annotations)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ])
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  describe("adv: CVE-2021-41190 one document, one meaning", () => {
    it.each([
      ["manifest with manifests", { ...image, manifests: [] }, MANIFEST],
      ["manifest with empty manifests null", { ...image, manifests: null }, MANIFEST],
      ["index with layers", { ...index, layers: [] }, INDEX],
      ["index with config", { ...index, config }, INDEX],
      ["no mediaType and both", { schemaVersion: 2, config, layers: [], manifests: [] }, undefined],
      ["Content-Type differs", image, INDEX],
      ["Content-Type differs in family", image, "application/vnd.docker.distribution.manifest.v2+json"],
      ["Content-Type is generic", image, "application/json"],
      ["index under a manifest's type without mediaType", { schemaVersion: 2, manifests: [] }, MANIFEST],
      ["schema 1 and 2 fields", { ...image, fsLayers: [], history: [] }, MANIFEST],
      ["schema 1 version with layers", { ...image, schemaVersion: 1, fsLayers: [] }, undefined],
      ["field in another case", { ...image, Manifests: [config] }, MANIFEST],
      ["descriptor field in another case", { ...image, config: { ...config, Digest: DIGEST } }, MANIFEST],
      ["duplicate key", JSON.stringify(image).replace("{", '{"layers":[],'), MANIFEST],
      ["artifact manifest with layers", { mediaType: ARTIFACT, blobs: [], layers: [] }, ARTIFACT],
    ])("%s", (_name, value, type) => {
      expect(codeOf(() => parseManifest(bytes(value), type))).toBe("E_FORMAT_MALFORMED")
    })

    it.each([
      ["schema 1", { schemaVersion: 1, fsLayers: [], signatures: [] }, undefined],
      ["schema 1 by type", {}, "application/vnd.docker.distribution.manifest.v1+prettyjws"],
      ["unknown kind", { schemaVersion: 2, mediaType: "x/y" }, "x/y"],
    ])("%s is not read", (_name, value, type) => {
      expect(codeOf(() => parseManifest(bytes(value), type))).toBe("E_FORMAT_UNSUPPORTED_VERSION")
    })
  })

  describe("adv: integer handling, descriptor size", () => {
    it.each(["-1", "1.5", '"5"', "9007199254740992", "9007199254740993", "1e21", "null", "[]", "true", "1e400"])(
      "size %s",
      (size) => {
        const text = JSON.stringify(image).replace('"size":2', `"size":${size}`)
        expect(codeOf(() => parseManifest(bytes(text), MANIFEST))).toBe("E_FORMAT_MALFORMED")
      },
    )
  })

  it.each([
    ["not JSON", "404 page not found"],
    ["array", "[]"],
    ["empty", ""],
    ["empty object", "{}"],
    ["trailing data", `${JSON.stringify(image)}{}`],
    ["no config", { ...image, config: undefined }],
    ["layers an object", { ...image, layers: {} }],
    ["layer null", { ...image, layers: [null] }],
    ["schemaVersion 3", { ...image, schemaVersion: 3 }],
    ["schemaVersion missing", { ...image, schemaVersion: undefined }],
    ["schemaVersion text", { ...image, schemaVersion: "2" }],
    ["digest upper case", { ...image, config: { ...config, digest: `sha256:${HEX.toUpperCase()}` } }],
    ["digest short", { ...image, config: { ...config, digest: "sha256:00" } }],
    ["digest md5", { ...image, config: { ...config, digest: `md5:${HEX.slice(32)}` } }],
    ["digest with path", { ...image, config: { ...config, digest: `sha256:../${HEX.slice(3)}` } }],
    ["mediaType empty", { ...image, config: { ...config, mediaType: "" } }],
    ["mediaType with newline", { ...image, config: { ...config, mediaType: "a/b\r\nX: y" } }],
    ["annotation not a string", { ...image, annotations: { a: 1 } }],
    ["artifactType number", { ...image, artifactType: 1 }],
    ["artifactType with an escape sequence", { ...image, artifactType: "a/b\u001b[2J" }],
    ["artifactType with a C1 character", { ...image, artifactType: "a/b\u009b2J" }],
    ["artifactType with a direction mark", { ...image, artifactType: "a/b\u202e" }],
    ["artifactType of 256 characters", { ...image, artifactType: "a".repeat(256) }],
    ["artifactType of a descriptor with a line break", { ...image, config: { ...config, artifactType: "a/b\nc" } }],
    ["subject without digest", { ...image, subject: { mediaType: "a/b", size: 1 } }],
  ])("refuses: %s", (_name, value) => {
    expect(codeOf(() => parseManifest(bytes(value), MANIFEST))).toBe("E_FORMAT_MALFORMED")
  })

  it("adv: json depth, a deeply nested manifest", () => {
    const text = `{"schemaVersion":2,"x":${"[".repeat(1e6)}`
    expect(codeOf(() => parseManifest(bytes(text), MANIFEST))).toBe("E_LIMIT_EXCEEDED")
  })

  it("refuses more than 4 MiB", () => {
    const text = JSON.stringify({ ...image, x: "x".repeat(4 * 1024 * 1024) })
    expect(codeOf(() => parseManifest(bytes(text), MANIFEST))).toBe("E_LIMIT_EXCEEDED")
  })

  it("only ever throws a ToolError, whatever the bytes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.uint8Array().map((all) => new TextDecoder().decode(all)),
        ),
        (text) => {
          try {
            parseManifest(bytes(text))
          } catch (error) {
            expect(error).toBeInstanceOf(ToolError)
          }
        },
      ),
    )
  })

  it("bareMediaType drops parameters and case", () => {
    expect(bareMediaType(" Application/X ; charset=utf-8")).toBe("application/x")
  })
})
