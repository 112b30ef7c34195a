import { encodeUtf8 } from "../../codec/utf8.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { EMPTY_JSON_DIGEST, OCI_EMPTY, OCI_MANIFEST } from "../../core/media-types.ts"
import type { TagWrite } from "../../core/ports.ts"
import { jsonObject, jsonString, sortedJson } from "./json-text.ts"
import { BUNDLE_CONTENT_ANNOTATION, BUNDLE_PREDICATE_ANNOTATION, CREATED_ANNOTATION } from "./media-types.ts"
import { descriptorText } from "./oci-text.ts"

/** What a bundle referrer is made of. */
export interface BundleReferrerInput {
  readonly subject: Descriptor
  readonly bundle: { readonly descriptor: Descriptor; readonly bytes: Uint8Array }
  readonly content: "dsse-envelope" | "message-signature"
  readonly predicateType?: string
  /** Milliseconds since the epoch; written in UTC to the second. */
  readonly at: number
}

/**
 * Manifest that attaches a Sigstore bundle to a subject, and the blobs it needs, in cosign 3's member order.
 *
 * `config.artifactType` is no field of the image-spec; `cosign clean` relies on it.
 */
export function buildBundleReferrer(input: BundleReferrerInput): TagWrite {
  const { descriptor } = input.bundle
  const type = descriptor.mediaType
  const annotations = {
    [BUNDLE_CONTENT_ANNOTATION]: input.content,
    ...(input.predicateType === undefined ? {} : { [BUNDLE_PREDICATE_ANNOTATION]: input.predicateType }),
    [CREATED_ANNOTATION]: new Date(input.at).toISOString().replace(/\.\d+Z$/, "Z"),
  }
  const config: Descriptor = { mediaType: OCI_EMPTY, size: 2, digest: EMPTY_JSON_DIGEST }
  const text = jsonObject(
    [
      ["schemaVersion", "2"],
      ["mediaType", jsonString(OCI_MANIFEST, "go")],
      ["config", descriptorText({ ...config, artifactType: type })],
      ["layers", `[${descriptorText(bare(descriptor))}]`],
      ["annotations", sortedJson(annotations, "go")],
      ["subject", descriptorText(bare(input.subject))],
      ["artifactType", jsonString(type, "go")],
    ],
    "go",
  )
  return {
    bytes: encodeUtf8(text, "bundle manifest"),
    mediaType: OCI_MANIFEST,
    blobs: [
      { descriptor: config, source: { bytes: encodeUtf8("{}") } },
      { descriptor: bare(descriptor), source: { bytes: input.bundle.bytes } },
    ],
  }
}

function bare(descriptor: Descriptor): Descriptor {
  return { mediaType: descriptor.mediaType, size: descriptor.size, digest: descriptor.digest }
}
