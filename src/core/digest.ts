import { ToolError } from "./errors.ts"

/** Hash algorithms an OCI digest may name here. */
export type DigestAlgorithm = "sha256" | "sha384" | "sha512"

/** `algorithm:hex` of exact bytes, always valid and lower case. Make one with {@link parseDigest}. */
export type Digest = `${DigestAlgorithm}:${string}`

const HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha384: 96, sha512: 128 }

/** Whether `text` is a digest this program can check. */
export function isDigest(text: string): text is Digest {
  const colon = text.indexOf(":")
  const algorithm = text.slice(0, colon)
  if (colon < 0 || !Object.hasOwn(HEX_LENGTH, algorithm)) return false
  const encoded = text.slice(colon + 1)
  return encoded.length === HEX_LENGTH[algorithm as DigestAlgorithm] && /^[0-9a-f]+$/.test(encoded)
}

/**
 * Parse `algorithm:hex`.
 *
 * @param text - untrusted; hex must be lower case.
 * @throws {ToolError} `E_REF_INVALID` when malformed or when the algorithm is not sha256, sha384 or sha512.
 *
 * Spec: OCI image-spec, descriptor.md "Digests".
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw new ToolError("E_REF_INVALID", {
    what: `not a digest: ${JSON.stringify(text.slice(0, 200))}`,
    why: "expected sha256:, sha384: or sha512: followed by 64, 96 or 128 lower-case hexadecimal digits",
    next: ["copy the digest from the tool that pushed the artifact"],
  })
}

/** Algorithm part of a digest. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as DigestAlgorithm
}

/** Hexadecimal part of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1)
}
