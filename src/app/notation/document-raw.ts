import type { RawSignature } from "../../core/ports.ts"
import type { SignedDocument } from "../../formats/format.ts"

/** A document that was just made, as a store would hand it out. */
export function asRaw({
  bytes,
  descriptor,
  mediaType,
}: Pick<SignedDocument, "bytes" | "descriptor" | "mediaType">): RawSignature {
  return {
    location: { store: "file", where: "memory", reference: descriptor.digest },
    descriptor,
    bytes,
    mediaType,
    annotations: {},
  }
}
