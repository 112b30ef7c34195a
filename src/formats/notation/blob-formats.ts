import type { Candidate } from "../../core/candidate.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { digestAlgorithm } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import { sha256Digest } from "../../crypto/hash.ts"
import { keySpecByName } from "../../crypto/key-spec.ts"
import type { Draft } from "../format.ts"
import { notationCandidate } from "./candidate.ts"
import { draftNotation, envelopeType } from "./draft.ts"
import type { NotationFormat } from "./rows.ts"

/** Kind of envelope, as in the names of signature files. */
export type BlobForm = "jws" | "cose"

/** What a blob signature is drafted from. */
export interface NotationBlobInput {
  readonly form: BlobForm
  /** Media type and size of the file, and its digest by the hash of the key's kind. */
  readonly blob: Pick<Descriptor, "mediaType" | "digest" | "size">
  /** Signing time, and when the signature ends; milliseconds. */
  readonly at: number
  readonly expiry?: number
  /** Name of the key's kind and size, as in `crypto/key-spec.ts`. */
  readonly keySpec: string
  /** Program that signs, as envelopes name it. */
  readonly agent?: string
  /** User metadata. */
  readonly annotations: Readonly<Record<string, string>>
}

/** Signatures about files. */
export interface NotationBlobs {
  /** @throws {ToolError} as for artifacts; `E_USAGE` for a digest by another hash. */
  draft(input: NotationBlobInput): Draft
  /**
   * Read a signature file.
   *
   * @param bytes - untrusted.
   * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
   */
  parse(bytes: Uint8Array, form: BlobForm): Candidate
}

/** The family's documents about blobs. */
export const notationBlobs: NotationBlobs = {
  draft: ({ form, blob, ...rest }) => {
    const hash = keySpecByName(rest.keySpec)?.hash
    const algorithm = digestAlgorithm(blob.digest)
    if (hash !== undefined && hash !== algorithm) {
      throw new ToolError("E_USAGE", {
        what: "the file's digest is by another hash than the key signs with",
        why: `saw ${algorithm}, expected ${hash} for a key of kind ${rest.keySpec}`,
        next: [`compute the ${hash} digest of the file`],
      })
    }
    return draftNotation({ ...rest, subject: blob }, formatOf(form))
  },
  parse: (bytes, form) => {
    const format = formatOf(form)
    const mediaType = envelopeType(format)
    const descriptor: Descriptor = { mediaType, digest: sha256Digest(bytes), size: bytes.length }
    const location = { store: "file", where: "", reference: "" } as const
    return notationCandidate({ location, descriptor, bytes, mediaType, annotations: {} }, format, "blob")
  },
}

function formatOf(form: BlobForm): NotationFormat {
  return form === "jws" ? "notation" : "notation-cose"
}
