import { isDigest, type Digest } from "../../core/digest.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  isIndexType,
  OCI_ARTIFACT_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../core/media-types.ts"
import { ToolError } from "../../core/errors.ts"
import { isObject, member } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { RegistryFault } from "./fault.ts"
import type { ReferrerFacts } from "./storage/storage.ts"

/** What a manifest to be stored refers to. */
export interface ManifestLinks {
  readonly mediaType: string
  /** Blobs that must be in the repository: config and distributable layers. */
  readonly blobs: readonly Digest[]
  /** Manifests that must be in the repository. */
  readonly children: readonly Digest[]
  readonly referrer: ReferrerFacts | undefined
}

const KNOWN_TYPES: readonly string[] = [
  OCI_MANIFEST,
  OCI_INDEX,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_ARTIFACT_MANIFEST,
]

/**
 * Check a manifest that a client pushes, no stricter than its references and its one meaning need.
 *
 * SECURITY: CVE-2021-41190: a document that could be read as another kind of manifest is refused: fields of both kinds,
 * a media type that differs from the Content-Type, duplicate keys.
 *
 * @param bytes - untrusted, already bounded.
 * @param contentType - header of the request, if any.
 * @throws {RegistryFault} 400 `MANIFEST_INVALID`.
 *
 * Spec: image-spec manifest.md, image-index.md.
 */
export function validateManifest(bytes: Uint8Array, contentType: string | null): ManifestLinks {
  const document = readDocument(bytes)
  const mediaType = agreedMediaType(document, contentType)
  if (mediaType !== OCI_ARTIFACT_MANIFEST && member(document, "schemaVersion") !== 2) {
    throw invalid("schemaVersion is not 2")
  }
  refuseOtherKinds(document, mediaType)
  const index = isIndexType(mediaType)
  const children = index ? descriptors(document, "manifests").map((child) => child.digest) : []
  const config =
    mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST ? descriptor(document, "config") : undefined
  const parts = index ? [] : descriptors(document, mediaType === OCI_ARTIFACT_MANIFEST ? "blobs" : "layers")
  const blobs = parts.filter(isDistributable).map((part) => part.digest)
  return {
    mediaType,
    blobs: config === undefined ? blobs : [config.digest, ...blobs],
    children,
    referrer: referrerFacts(document, config?.mediaType),
  }
}

function readDocument(bytes: Uint8Array): JsonObject {
  let document: JsonValue
  try {
    document = parseJson(bytes, { maxBytes: bytes.length, what: "the manifest" })
  } catch (thrown) {
    if (thrown instanceof ToolError) throw invalid(thrown.message)
    throw thrown
  }
  if (!isObject(document)) throw invalid("the manifest is not a JSON object")
  return document
}

function agreedMediaType(document: JsonObject, contentType: string | null): string {
  const declared = member(document, "mediaType")
  if (declared !== undefined && typeof declared !== "string") throw invalid("mediaType is not a string")
  const sent = contentType?.split(";")[0]?.trim() ?? ""
  if (sent !== "" && declared !== undefined && sent !== declared) {
    throw invalid(`the Content-Type is ${sent.slice(0, 200)} and mediaType is ${declared.slice(0, 200)}`)
  }
  const mediaType = declared ?? sent
  if (KNOWN_TYPES.includes(mediaType)) return mediaType
  throw invalid(
    mediaType === "" ? "neither Content-Type nor mediaType is given" : `unknown media type ${mediaType.slice(0, 200)}`,
  )
}

/** Fields that belong to another kind of manifest than the media type names. */
function refuseOtherKinds(document: JsonObject, mediaType: string): void {
  const foreign = isIndexType(mediaType)
    ? ["config", "layers", "fsLayers", "history", "blobs"]
    : mediaType === OCI_ARTIFACT_MANIFEST
      ? ["config", "layers", "manifests", "fsLayers", "history"]
      : ["manifests", "fsLayers", "history", "signatures"]
  const found = foreign.find((key) => member(document, key) !== undefined)
  if (found !== undefined) throw invalid(`${found} does not belong into ${mediaType}`)
}

/** The parts of a descriptor that matter here. */
interface Link {
  readonly mediaType: string
  readonly digest: Digest
  readonly urls: boolean
}

function descriptors(document: JsonObject, key: string): readonly Link[] {
  const list = member(document, key)
  // Older tools write null for an empty list of blobs.
  if (list === undefined || list === null) {
    if (key === "blobs") return []
    throw invalid(`${key} is missing`)
  }
  if (!Array.isArray(list)) throw invalid(`${key} is not a list`)
  return list.map((item: JsonValue, at) => link(item, `${key}[${String(at)}]`))
}

function descriptor(document: JsonObject, key: string): Link {
  const value = member(document, key)
  if (value === undefined) throw invalid(`${key} is missing`)
  return link(value, key)
}

function link(value: JsonValue, path: string): Link {
  if (!isObject(value)) throw invalid(`${path} is not an object`)
  const digest = member(value, "digest")
  const mediaType = member(value, "mediaType")
  const size = member(value, "size")
  if (typeof digest !== "string" || !isDigest(digest)) throw invalid(`${path}.digest is not a digest supported here`)
  if (typeof mediaType !== "string") throw invalid(`${path}.mediaType is not a string`)
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`${path}.size is not a number of bytes`)
  }
  const urls = member(value, "urls")
  return { mediaType, digest, urls: Array.isArray(urls) && urls.length > 0 }
}

/** Layers that may lie elsewhere need not be here. */
function isDistributable(part: Link): boolean {
  return !part.urls && !part.mediaType.includes(".nondistributable.") && !part.mediaType.includes(".foreign.")
}

function referrerFacts(document: JsonObject, configType: string | undefined): ReferrerFacts | undefined {
  const artifactType = member(document, "artifactType")
  if (artifactType !== undefined && typeof artifactType !== "string") throw invalid("artifactType is not a string")
  const annotations = stringMap(member(document, "annotations"))
  const value = member(document, "subject")
  if (value === undefined || value === null) return undefined
  const subject = link(value, "subject").digest
  const type = artifactType !== undefined && artifactType !== "" ? artifactType : configType
  return { subject, artifactType: type, annotations: annotations && JSON.stringify(annotations) }
}

function stringMap(value: JsonValue | undefined): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw invalid("annotations is not an object")
  for (const key of Object.keys(value)) {
    if (typeof value[key] !== "string")
      throw invalid(`the annotation ${JSON.stringify(key.slice(0, 200))} is not a string`)
  }
  return value as Readonly<Record<string, string>>
}

function invalid(message: string): RegistryFault {
  return new RegistryFault(400, "MANIFEST_INVALID", message)
}
