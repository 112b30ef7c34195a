import type { SignatureKind } from "../core/report.ts"
import type { BundleFiles } from "./cosign/bundle-files.ts"
import { cosignBlobs } from "./cosign/blob-formats.ts"
import { cosignV2 } from "./cosign/cosign-v2.ts"
import { cosignV3 } from "./cosign/cosign-v3.ts"
import { resolvePredicateType } from "./cosign/predicates/table.ts"
import { referrerKind } from "./cosign/referrer-kinds.ts"
import { triangulate } from "./cosign/triangulate.ts"
import type { BlobFormats, FormatEntry, SignatureFormat } from "./format.ts"
import type { NotationBlobs } from "./notation/blob-formats.ts"
import { notationEntries } from "./notation/entries.ts"

/** Every format there is. Adding one takes a folder and a line here. */
export const formats: readonly FormatEntry[] = [loaded(cosignV3), loaded(cosignV2), ...notationEntries]

/** Row of a format that costs nothing to load. */
function loaded(format: SignatureFormat): FormatEntry {
  return { ...format, signer: format.writer.signer, load: () => Promise.resolve(format) }
}

/**
 * Media types (or prefixes ending in `*`) of documents that can hold what is looked for.
 *
 * @param family - of this family alone; absent = of all.
 */
export function wantedTypes(kinds: readonly SignatureKind[], family?: string): readonly string[] {
  const asked = formats.filter((format) => family === undefined || format.family === family)
  return [...new Set(asked.flatMap((format) => kinds.flatMap((kind) => format.wanted[kind])))]
}

/** Documents about blobs. */
export const blobFormats: BlobFormats = cosignBlobs

/** Bundles as files, put together from parts and brought up to date; loaded when asked for. */
export const bundleFiles: { readonly load: () => Promise<BundleFiles> } = {
  load: async () => (await import("./cosign/bundle-files.ts")).cosignBundleFiles,
}

/** Documents of the Notary Project about blobs, loaded when asked for. */
export const notationBlobs: { readonly load: () => Promise<NotationBlobs> } = {
  load: async () => (await import("./notation/blob-formats.ts")).notationBlobs,
}

export type { BundleFiles, NotationBlobs }
export { referrerKind, resolvePredicateType, triangulate }
