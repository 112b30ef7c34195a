import { describe, expect, it } from "vitest"
import type { JsonObject } from "../../core/json-value.ts"
import { DOCKER_MANIFEST, OCI_ARTIFACT_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "../../core/media-types.ts"
import { RegistryFault } from "./fault.ts"
import { artifact, descriptorOf, digestOf, EMPTY, index } from "./handler-fixture.ts"
import { validateManifest } from "./validate-manifest.ts"

const bytes = (manifest: JsonObject | string): Uint8Array =>
  new TextEncoder().encode(typeof manifest === "string" ? manifest : JSON.stringify(manifest))

const empty = digestOf(EMPTY)

describe("accepted", () => {
  it.each<[string, JsonObject, string | null]>([
    ["an artifact", artifact(), OCI_MANIFEST],
    ["parameters in the Content-Type", artifact(), `${OCI_MANIFEST}; charset=utf-8`],
    ["no Content-Type", artifact(), null],
    ["no mediaType", artifact({ mediaType: undefined as never }), OCI_MANIFEST],
    ["no layers in the list", artifact({ layers: [] }), OCI_MANIFEST],
    ["unknown fields", artifact({ "org.example": { a: [1] } }), OCI_MANIFEST],
    ["an empty index", index([]), OCI_INDEX],
    ["an index with subject", index([], { subject: descriptorOf(artifact()) }), OCI_INDEX],
    ["annotations named like members of objects", artifact({ annotations: { constructor: "x" } }), OCI_MANIFEST],
  ])("%s", (_, manifest, type) => {
    expect(validateManifest(bytes(manifest), type).mediaType).toBe(type?.split(";")[0] ?? OCI_MANIFEST)
  })

  it("names what must be there", () => {
    const links = validateManifest(bytes(artifact()), OCI_MANIFEST)
    expect(links).toEqual({ mediaType: OCI_MANIFEST, blobs: [empty, empty], children: [], referrer: undefined })
  })

  it("leaves out layers that lie elsewhere", () => {
    const layer = { digest: digestOf("x"), size: 1 }
    const layers = [
      { ...layer, mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar" },
      { ...layer, mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" },
      { ...layer, mediaType: "application/x", urls: ["https://elsewhere.test/x"] },
    ]
    expect(validateManifest(bytes(artifact({ layers })), OCI_MANIFEST).blobs).toEqual([empty])
  })

  it.each<[string, JsonObject, string | undefined]>([
    ["artifactType", artifact(), "application/vnd.example.thing"],
    ["config type", artifact({ artifactType: "" }), "application/vnd.oci.empty.v1+json"],
    ["nothing for an index", index([]), undefined],
  ])("a referrer's type: %s", (_, manifest, type) => {
    const subject = descriptorOf(artifact())
    const links = validateManifest(bytes({ ...manifest, subject, annotations: { a: "b" } }), null)
    expect(links.referrer).toEqual({ subject: subject["digest"], artifactType: type, annotations: '{"a":"b"}' })
  })
})

describe("adv: CVE-2021-41190 a document with two readings is refused", () => {
  const both = { ...artifact(), manifests: [] }
  it.each<[string, JsonObject | string, string | null]>([
    ["manifests in an image manifest", both, OCI_MANIFEST],
    ["config and layers in an index", { ...both, mediaType: OCI_INDEX }, OCI_INDEX],
    ["both and no mediaType", { ...both, mediaType: undefined as never }, OCI_MANIFEST],
    ["both and nothing to go by", { ...both, mediaType: undefined as never }, null],
    ["mediaType is not the Content-Type", artifact(), OCI_INDEX],
    ["Docker and OCI mixed up", artifact(), DOCKER_MANIFEST],
    ["fields of schema 1", artifact({ fsLayers: [], history: [] }), OCI_MANIFEST],
    ["blobs in an index", index([], { blobs: [] }), OCI_INDEX],
    ["config in an artifact manifest", { mediaType: OCI_ARTIFACT_MANIFEST, config: {} }, OCI_ARTIFACT_MANIFEST],
    ["mediaType twice", `{"mediaType":"${OCI_INDEX}",${JSON.stringify(artifact()).slice(1)}`, OCI_MANIFEST],
    ["layers twice", `{"layers":[],${JSON.stringify(artifact()).slice(1)}`, OCI_MANIFEST],
    ["subject twice", '{"schemaVersion":2,"manifests":[],"subject":null,"subject":null}', OCI_INDEX],
  ])("%s", (_, manifest, type) => {
    expectRefused(manifest, type)
  })
})

describe("malformed", () => {
  const link = { mediaType: "application/x", digest: empty, size: 2 }
  it.each<[string, JsonObject | string, string | null]>([
    ["nothing", "", OCI_MANIFEST],
    ["no JSON", "{", OCI_MANIFEST],
    ["trailing bytes", `${JSON.stringify(artifact())}x`, OCI_MANIFEST],
    ["a list", "[]", OCI_MANIFEST],
    ["null", "null", OCI_MANIFEST],
    ["deep nesting", `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`, OCI_MANIFEST],
    ["neither type", artifact({ mediaType: undefined as never }), null],
    ["an unknown type", artifact({ mediaType: "application/json" }), "application/json"],
    ["schema 1", { schemaVersion: 1 }, "application/vnd.docker.distribution.manifest.v1+prettyjws"],
    ["schemaVersion 1", artifact({ schemaVersion: 1 }), OCI_MANIFEST],
    ["schemaVersion as text", artifact({ schemaVersion: "2" }), OCI_MANIFEST],
    ["mediaType as a number", artifact({ mediaType: 2 }), OCI_MANIFEST],
    ["no config", artifact({ config: undefined as never }), OCI_MANIFEST],
    ["no layers", artifact({ layers: undefined as never }), OCI_MANIFEST],
    ["layers as an object", artifact({ layers: {} }), OCI_MANIFEST],
    ["a layer that is text", artifact({ layers: ["x"] }), OCI_MANIFEST],
    ["no manifests", { schemaVersion: 2, mediaType: OCI_INDEX }, OCI_INDEX],
    ["upper-case hex", artifact({ layers: [{ ...link, digest: empty.toUpperCase() }] }), OCI_MANIFEST],
    ["an unknown algorithm", artifact({ layers: [{ ...link, digest: "md5:aa" }] }), OCI_MANIFEST],
    ["a short digest", artifact({ layers: [{ ...link, digest: "sha256:aa" }] }), OCI_MANIFEST],
    ["size -1", artifact({ layers: [{ ...link, size: -1 }] }), OCI_MANIFEST],
    ["size 1.5", artifact({ layers: [{ ...link, size: 1.5 }] }), OCI_MANIFEST],
    ["size as text", artifact({ layers: [{ ...link, size: "5" }] }), OCI_MANIFEST],
    ["size past 2^53", JSON.stringify(artifact()).replaceAll('"size":2', '"size":9007199254740993'), OCI_MANIFEST],
    ["a broken subject", artifact({ subject: { mediaType: OCI_MANIFEST, digest: "x", size: 1 } }), OCI_MANIFEST],
    ["a subject that is text", artifact({ subject: "x" }), OCI_MANIFEST],
    ["artifactType as a number", artifact({ artifactType: 1 }), OCI_MANIFEST],
    ["annotations that are no text", artifact({ annotations: { a: 1 } }), OCI_MANIFEST],
    ["annotations as a list", artifact({ annotations: [] }), OCI_MANIFEST],
  ])("%s", (_, manifest, type) => {
    expectRefused(manifest, type)
  })
})

function expectRefused(manifest: JsonObject | string, type: string | null): void {
  let thrown: unknown
  try {
    validateManifest(bytes(manifest), type)
  } catch (caught) {
    thrown = caught
  }
  expect(thrown).toBeInstanceOf(RegistryFault)
  expect(thrown).toMatchObject({ status: 400, code: "MANIFEST_INVALID" })
}
