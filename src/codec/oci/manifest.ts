import type { ImageIndex, ImageManifest } from "../../core/descriptor.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonObject } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  EMPTY_JSON_DIGEST,
  OCI_ARTIFACT_MANIFEST,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../core/media-types.ts"
import { expectArray, expectInteger, expectObject, expectString, member, stringRecord } from "../json-shape.ts"
import { parseJson } from "../json.ts"
import { malformed, quoted } from "../malformed.ts"
import { optionalMediaType, parseDescriptor, present, refuseLookalikes } from "./descriptor.ts"

const FIELDS = [
  "schemaVersion",
  "mediaType",
  "artifactType",
  "config",
  "layers",
  "manifests",
  "blobs",
  "subject",
  "annotations",
  "fsLayers",
]

/** Descriptors in one manifest; a 4 MiB document cannot hold many more. */
const MAX_DESCRIPTORS = 32_768

type Shape = "image" | "index" | "artifact"

const SHAPES: ReadonlyMap<string, Shape> = new Map([
  [OCI_MANIFEST, "image"],
  [DOCKER_MANIFEST, "image"],
  [OCI_INDEX, "index"],
  [DOCKER_MANIFEST_LIST, "index"],
  [OCI_ARTIFACT_MANIFEST, "artifact"],
])

/**
 * Parse an image manifest or index, OCI or Docker.
 *
 * The withdrawn OCI artifact manifest is read as an image manifest whose layers are its `blobs` and whose config is the
 * empty descriptor.
 *
 * @param bytes - exact bytes as received, at most 4 MiB; untrusted.
 * @param expectedMediaType - from Content-Type or a descriptor; parameters are ignored. The document must agree.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, also for a document that could be read as both manifest and index;
 *   `E_FORMAT_UNSUPPORTED_VERSION` for Docker schema 1 and other kinds; `E_LIMIT_EXCEEDED`.
 *
 * Spec: OCI image-spec `manifest.md`, `image-index.md`.
 * Security: CVE-2021-41190; one document has one meaning or is refused.
 */
export function parseManifest(bytes: Uint8Array, expectedMediaType?: string): ImageManifest | ImageIndex {
  const root = expectObject(parseJson(bytes, { maxBytes: limits.manifestBytes, what: "manifest" }), "manifest")
  refuseLookalikes(root, "manifest", FIELDS)
  refuseSchema1(root, expectedMediaType)
  const mediaType = agreedMediaType(root, expectedMediaType)
  const shape = SHAPES.get(mediaType)
  if (shape === undefined) {
    throw new ToolError("E_FORMAT_UNSUPPORTED_VERSION", {
      what: "manifest of an unknown kind",
      why: `its media type is ${quoted(mediaType, 120)}, expected an OCI or Docker manifest or index`,
    })
  }
  refuseOtherShape(root, shape)
  if (shape !== "artifact" || present(root, "schemaVersion") !== undefined) {
    expectInteger(member(root, "schemaVersion"), "manifest.schemaVersion", 2, 2)
  }
  return shape === "index" ? indexOf(root, mediaType) : imageOf(root, mediaType, shape)
}

/**
 * Parse bytes that must be an image manifest.
 *
 * @throws {ToolError} as {@link parseManifest}, and `E_FORMAT_MALFORMED` for an index.
 */
export function parseImageManifest(bytes: Uint8Array, expectedMediaType?: string): ImageManifest {
  const manifest = parseManifest(bytes, expectedMediaType)
  if (manifest.kind !== "image") throw malformed("manifest", "saw an index, expected an image manifest")
  return manifest
}

/** Media type without parameters, in lower case. */
export function bareMediaType(contentType: string): string {
  const semicolon = contentType.indexOf(";")
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
}

function refuseSchema1(root: JsonObject, expected: string | undefined): void {
  const version = member(root, "schemaVersion")
  const mixed = ["config", "layers", "manifests", "blobs"].some((key) => present(root, key) !== undefined)
  if (present(root, "fsLayers") !== undefined && mixed) {
    throw malformed("manifest", "it has the fields of both Docker schema 1 and a later manifest")
  }
  const named = expected !== undefined && /^application\/vnd\.docker\.distribution\.manifest\.v1\b/.test(expected)
  if (version === 1 || present(root, "fsLayers") !== undefined || named) {
    throw new ToolError("E_FORMAT_UNSUPPORTED_VERSION", {
      what: "manifest is of Docker schema 1",
      why: "its digest does not cover the bytes as served; expected an OCI or Docker schema 2 manifest",
      next: ["push the artifact again with a current tool"],
    })
  }
}

function agreedMediaType(root: JsonObject, expectedMediaType: string | undefined): string {
  const field = present(root, "mediaType")
  const own = field === undefined ? undefined : expectString(field, "manifest.mediaType")
  const expected = expectedMediaType === undefined ? undefined : bareMediaType(expectedMediaType)
  if (own !== undefined && expected !== undefined && own !== expected) {
    throw malformed("manifest", `its mediaType is ${quoted(own, 120)}, expected ${quoted(expected, 120)}`)
  }
  return own ?? expected ?? guessedMediaType(root)
}

/** The field and the header may both be missing in OCI 1.0; then the fields decide. */
function guessedMediaType(root: JsonObject): string {
  if (present(root, "manifests") !== undefined) return OCI_INDEX
  if (present(root, "layers") !== undefined || present(root, "config") !== undefined) return OCI_MANIFEST
  throw malformed("manifest", "it has none of mediaType, config, layers and manifests")
}

function refuseOtherShape(root: JsonObject, shape: Shape): void {
  const foreign = {
    image: ["manifests", "blobs"],
    index: ["config", "layers", "blobs"],
    artifact: ["config", "layers", "manifests"],
  }
  for (const key of foreign[shape]) {
    if (Object.hasOwn(root, key)) {
      throw malformed(
        "manifest",
        `it is an ${shape} by its media type and also has ${key}: two readings of one document`,
      )
    }
  }
}

function imageOf(root: JsonObject, mediaType: string, shape: "image" | "artifact"): ImageManifest {
  const key = shape === "artifact" ? "blobs" : "layers"
  const list = present(root, key)
  const layers = list === undefined ? [] : expectArray(list, `manifest.${key}`, MAX_DESCRIPTORS)
  return {
    kind: "image",
    mediaType,
    ...common(root),
    config:
      shape === "artifact"
        ? { mediaType: OCI_EMPTY, digest: EMPTY_JSON_DIGEST, size: 2 }
        : parseDescriptor(member(root, "config"), "manifest.config"),
    layers: layers.map((layer, position) => parseDescriptor(layer, `manifest.${key}[${position}]`)),
  }
}

function indexOf(root: JsonObject, mediaType: string): ImageIndex {
  // Go writes an empty list that was never filled as null.
  const list = present(root, "manifests")
  if (list === undefined && !Object.hasOwn(root, "manifests")) throw malformed("index", "it has no manifests")
  const manifests = list === undefined ? [] : expectArray(list, "index.manifests", MAX_DESCRIPTORS)
  return {
    kind: "index",
    mediaType,
    ...common(root),
    manifests: manifests.map((entry, position) => parseDescriptor(entry, `index.manifests[${position}]`)),
  }
}

function common(root: JsonObject): Pick<ImageManifest, "artifactType" | "subject" | "annotations"> {
  const artifactType = optionalMediaType(root, "artifactType", "manifest")
  const subject = present(root, "subject")
  return {
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined ? {} : { subject: parseDescriptor(subject, "manifest.subject") }),
    annotations: stringRecord(present(root, "annotations"), "manifest.annotations"),
  }
}
