import { ToolError } from "../../core/errors.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { decodeBase64 } from "../../codec/base64.ts"
import { KIB } from "../../core/limits.ts"
import type { SignedDocument, TagPlacement } from "../format.ts"
import { SIGNATURE_ANNOTATION } from "./media-types.ts"
import { readManifest } from "./oci-text.ts"
import { mergeSignatureImage } from "./signature-image.ts"
import { triangulate } from "./triangulate.ts"

/** Legacy signatures and attestations: layers of the image under `sha256-HEX.sig` and `.att`. */
export const tagPlacement: TagPlacement = {
  place: "tag",
  tag: (subject, kind, prefix) => triangulate(subject, kind === "signature" ? "sig" : "att", prefix),
  read: (manifest) => {
    const { config, layers } = readManifest(manifest.bytes)
    return { config, layers }
  },
  duplicates: (layers, document) =>
    layers.filter((layer) => sameButSignature(layer, document)).map((layer) => signatureOf(layer, document)),
  merge: (current, document, options) => {
    if (current !== undefined && readManifest(current.manifest.bytes).layers.some((layer) => equal(layer, document))) {
      return undefined
    }
    const descriptor: Descriptor = { ...document.descriptor, annotations: document.annotations }
    return mergeSignatureImage(current, { descriptor, bytes: document.bytes }, options)
  },
  holds: (manifest, document) => readManifest(manifest.bytes).layers.some((layer) => equal(layer, document)),
}

/** Same layer and same annotations, as far as the document has them; the signature may differ. */
function sameButSignature(layer: Descriptor, document: SignedDocument): boolean {
  if (layer.digest !== document.descriptor.digest || layer.mediaType !== document.mediaType) return false
  return Object.entries(document.annotations).every(
    ([key, value]) => key === SIGNATURE_ANNOTATION || annotationOf(layer, key) === value,
  )
}

function equal(layer: Descriptor, document: SignedDocument): boolean {
  return (
    sameButSignature(layer, document) &&
    annotationOf(layer, SIGNATURE_ANNOTATION) === document.annotations[SIGNATURE_ANNOTATION]
  )
}

function annotationOf(layer: Descriptor, key: string): string | undefined {
  const annotations = layer.annotations ?? {}
  return Object.hasOwn(annotations, key) ? annotations[key] : undefined
}

/** The other layer's signature; none for attestations, whose signature is part of the layer's digest. */
function signatureOf(layer: Descriptor, document: SignedDocument): { readonly signature?: Uint8Array } {
  if (document.kind === "attestation") return {}
  try {
    const text = annotationOf(layer, SIGNATURE_ANNOTATION) ?? ""
    return { signature: decodeBase64(text, { max: 64 * KIB, what: "signature annotation" }) }
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    // Not a signature at all, so it will not verify and is no duplicate.
    return { signature: new Uint8Array(0) }
  }
}
