import { digestAlgorithm, digestHex, type Digest } from "../../core/digest.ts"

/** What can lie under a tag made from a digest. */
export type TagSuffix = "sig" | "att" | "sbom"

/**
 * Tag under which cosign keeps things about `subject`: `[prefix]sha256-HEX.sig`.
 *
 * @param prefix - put before the tag as it is; empty by default.
 */
export function triangulate(subject: Digest, suffix: TagSuffix, prefix = ""): string {
  return `${prefix}${digestAlgorithm(subject)}-${digestHex(subject)}.${suffix}`
}
