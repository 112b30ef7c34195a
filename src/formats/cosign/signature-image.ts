import { expectObject, isObject, member } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { tooLarge } from "../../codec/malformed.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import { DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_MANIFEST } from "../../core/media-types.ts"
import type { TagWrite } from "../../core/ports.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import type { MergeOptions, SignatureImageContent } from "../format.ts"
import { jsonObject, jsonString } from "./json-text.ts"
import { SIGNATURE_ARTIFACT } from "./media-types.ts"
import { descriptorText, goTime, readManifest, type ReadManifest } from "./oci-text.ts"

const ZERO_TIME = "0001-01-01T00:00:00Z"

/** A layer to add and its bytes. */
export interface NewLayer {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

/**
 * Add a layer to a signature image without losing what is there.
 *
 * Layers, annotations and unknown members of the current manifest and config stay. With `drop` the layers named go
 * and the new one comes first, as `attest --replace` does.
 *
 * @param current - manifest and config under the tag; absent starts a new image.
 * @returns manifest, its media type, and the blobs to upload before it (layer, config).
 * @throws {ToolError} `E_FORMAT_MALFORMED` when the current image cannot be read, `E_LIMIT_EXCEEDED` at 1000 layers.
 */
export function mergeSignatureImage(
  current: SignatureImageContent | undefined,
  layer: NewLayer,
  options: MergeOptions = {},
): TagWrite {
  const old = current === undefined ? undefined : readManifest(current.manifest.bytes)
  const texts = layerTexts(old)
  const drop = new Set<string>(options.drop ?? [])
  const lost = (options.restore ?? []).map((descriptor) => ({
    digest: descriptor.digest,
    text: descriptorText(descriptor),
  }))
  const kept = [...texts, ...lost].filter(({ digest }) => !drop.has(digest))
  const added = { digest: layer.descriptor.digest, text: descriptorText(layer.descriptor) }
  const layers = options.drop === undefined ? [...kept, added] : [added, ...kept]
  if (layers.length > limits.signatureLayers) {
    throw tooLarge("signature image", layers.length, limits.signatureLayers, "layers")
  }
  const config = configBytes(
    current?.config,
    layers.map(({ digest }) => digest),
    options,
  )
  const docker = old === undefined ? options.dockerMediaTypes === true : old.mediaType === DOCKER_MANIFEST
  const configDescriptor: Descriptor = {
    mediaType: configType(old, docker, options),
    size: config.length,
    digest: sha256Digest(config),
  }
  const mediaType = docker && options.asReferrerOf === undefined ? DOCKER_MANIFEST : OCI_MANIFEST
  const bytes = manifestBytes(
    old,
    mediaType,
    configDescriptor,
    layers.map(({ text }) => text),
    options.asReferrerOf,
  )
  if (bytes.length > limits.manifestBytes) {
    throw tooLarge("signature manifest", bytes.length, limits.manifestBytes, "bytes")
  }
  return {
    bytes,
    mediaType,
    blobs: [
      { descriptor: layer.descriptor, source: { bytes: layer.bytes } },
      { descriptor: configDescriptor, source: { bytes: config } },
    ],
  }
}

function configType(old: ReadManifest | undefined, docker: boolean, options: MergeOptions): string {
  if (options.asReferrerOf !== undefined) return SIGNATURE_ARTIFACT
  return old?.config.mediaType ?? (docker ? DOCKER_CONFIG : OCI_CONFIG)
}

/** Layers as text; members we do not know are kept, in the order they came. */
function layerTexts(old: ReadManifest | undefined): readonly { readonly digest: string; readonly text: string }[] {
  if (old === undefined) return []
  const raw = old.document["layers"] as readonly JsonValue[]
  return old.layers.map((layer, index) => ({ digest: layer.digest, text: ordered(raw[index] ?? null) }))
}

function manifestBytes(
  old: ReadManifest | undefined,
  mediaType: string,
  config: Descriptor,
  layers: readonly string[],
  subject: Descriptor | undefined,
): Uint8Array {
  const known = new Set(["schemaVersion", "mediaType", "config", "layers"])
  const rest = Object.entries(old?.document ?? {}).filter(
    ([key]) => !known.has(key) && !(key === "subject" && subject !== undefined),
  )
  return encodeUtf8(
    jsonObject(
      [
        ["schemaVersion", "2"],
        ["mediaType", jsonString(mediaType, "go")],
        ["config", descriptorText(config)],
        ["layers", `[${layers.join(",")}]`],
        ...rest.map(([key, value]): [string, string] => [key, ordered(value)]),
        ["subject", subject === undefined ? undefined : descriptorText(bare(subject))],
      ],
      "go",
    ),
    "signature manifest",
  )
}

/** Media type, size and digest alone: what a subject member holds. */
function bare(descriptor: Descriptor): Descriptor {
  return { mediaType: descriptor.mediaType, size: descriptor.size, digest: descriptor.digest }
}

/**
 * Config of a signature image. History gets an entry per layer that has none; `diff_ids` are the layers' digests.
 *
 * COMPAT(cosign): only the top-level `created` takes the creation time; history entries keep the zero time.
 */
function configBytes(current: Uint8Array | undefined, diffIds: readonly string[], options: MergeOptions): Uint8Array {
  const old = current === undefined ? undefined : readConfig(current)
  const oldHistory = old === undefined ? undefined : member(old, "history")
  const kept = Array.isArray(oldHistory) ? (oldHistory as readonly JsonValue[]).slice(0, diffIds.length) : []
  const history = kept.map(ordered)
  while (history.length < diffIds.length) history.push(jsonObject([["created", jsonString(ZERO_TIME, "go")]], "go"))
  const oldCreated = old === undefined ? undefined : member(old, "created")
  const created =
    options.createdAt === undefined
      ? typeof oldCreated === "string"
        ? oldCreated
        : ZERO_TIME
      : goTime(options.createdAt)
  const rootfs = jsonObject(
    [
      ["type", jsonString("layers", "go")],
      ["diff_ids", `[${diffIds.map((digest) => jsonString(digest, "go")).join(",")}]`],
    ],
    "go",
  )
  const own = new Map<string, string>([
    ["architecture", jsonString("", "go")],
    ["created", jsonString(created, "go")],
    ["history", `[${history.join(",")}]`],
    ["os", jsonString("", "go")],
    ["rootfs", rootfs],
    ["config", "{}"],
  ])
  for (const [key, value] of Object.entries(old ?? {})) {
    if (key !== "created" && key !== "history" && key !== "rootfs") own.set(key, ordered(value))
  }
  return encodeUtf8(jsonObject([...own], "go"), "signature config")
}

function readConfig(bytes: Uint8Array): JsonObject {
  const what = "signature config"
  return expectObject(parseJson(bytes, { maxBytes: limits.configBytes, what }), what)
}

/** A value as text in the order it came. */
function ordered(value: JsonValue): string {
  if (value === null || typeof value === "boolean") return String(value)
  if (typeof value === "string") return jsonString(value, "go")
  if (typeof value === "number" || typeof value === "bigint") return String(value)
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(ordered).join(",")}]`
  if (!isObject(value)) return "null"
  return jsonObject(
    Object.entries(value).map(([key, item]): [string, string] => [key, ordered(item)]),
    "go",
  )
}
