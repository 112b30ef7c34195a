import { expectArray, expectInteger, expectObject, expectText, isObject, stringRecord } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { malformed, quoted, tooLarge } from "../../codec/malformed.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { isDigest } from "../../core/digest.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import { jsonObject, jsonString, sortedJson } from "./json-text.ts"

/** A descriptor as cosign's library writes it: media type, size, digest, annotations in byte order of their keys. */
export function descriptorText(descriptor: Descriptor): string {
  const { annotations } = descriptor
  return jsonObject(
    [
      ["mediaType", jsonString(descriptor.mediaType, "go")],
      ["size", String(descriptor.size)],
      ["digest", jsonString(descriptor.digest, "go")],
      ["annotations", annotations === undefined ? undefined : sortedJson(annotations, "go")],
      ["artifactType", descriptor.artifactType === undefined ? undefined : jsonString(descriptor.artifactType, "go")],
    ],
    "go",
  )
}

/** A manifest read for change: the whole document and the descriptors acted on. */
export interface ReadManifest {
  readonly document: JsonObject
  readonly mediaType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

/**
 * Decode a signature image's manifest.
 *
 * @param bytes - untrusted, at most 4 MiB; at most 1000 layers.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function readManifest(bytes: Uint8Array): ReadManifest {
  const what = "signature manifest"
  const document = expectObject(parseJson(bytes, { maxBytes: limits.manifestBytes, what }), what)
  const layers = expectArray(document["layers"], `${what}.layers`)
  if (layers.length > limits.signatureLayers) {
    throw tooLarge(`${what}.layers`, layers.length, limits.signatureLayers, "layers")
  }
  const mediaType = document["mediaType"]
  return {
    document,
    ...(typeof mediaType === "string" ? { mediaType } : {}),
    config: readDescriptor(document["config"], `${what}.config`),
    layers: layers.map((layer, index) => readDescriptor(layer, `${what}.layers[${index}]`)),
  }
}

function readDescriptor(value: JsonValue | undefined, path: string): Descriptor {
  const object = expectObject(value, path)
  const digest = expectText(object["digest"], `${path}.digest`)
  if (!isDigest(digest)) throw malformed(`${path}.digest`, `saw ${quoted(digest)}, expected a digest`)
  const annotations = object["annotations"]
  return {
    mediaType: expectText(object["mediaType"], `${path}.mediaType`),
    digest,
    size: expectInteger(object["size"], `${path}.size`),
    ...(isObject(annotations) ? { annotations: stringRecord(annotations, `${path}.annotations`) } : {}),
  }
}

/** `2006-01-02T15:04:05[.999]Z` as Go prints a UTC time. @param at - milliseconds since the epoch. */
export function goTime(at: number): string {
  return new Date(at).toISOString().replace(/\.?0*Z$/, "Z")
}
