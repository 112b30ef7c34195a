import type { SignatureKind } from "../core/report.ts"
import { cosignBlobs } from "./cosign/blob-formats.ts"
import { cosignV2 } from "./cosign/cosign-v2.ts"
import { cosignV3 } from "./cosign/cosign-v3.ts"
import { resolvePredicateType } from "./cosign/predicates/table.ts"
import { referrerKind } from "./cosign/referrer-kinds.ts"
import { triangulate } from "./cosign/triangulate.ts"
import type { BlobFormats, SignatureFormat } from "./format.ts"

/** Every format there is. Adding one takes a folder and a line here. */
export const formats: readonly SignatureFormat[] = [cosignV3, cosignV2]

/** Media types (or prefixes ending in `*`) of documents that can hold what is looked for, of all formats. */
export function wantedTypes(kinds: readonly SignatureKind[]): readonly string[] {
  return [...new Set(formats.flatMap((format) => kinds.flatMap((kind) => format.wanted[kind])))]
}

/** Documents about blobs. */
export const blobFormats: BlobFormats = cosignBlobs

export { referrerKind, resolvePredicateType, triangulate }
