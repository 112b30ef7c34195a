import { isDigest, type Digest, type DigestAlgorithm } from "../../core/digest.ts"
import { RegistryFault } from "./fault.ts"

const REPOSITORY = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/
/** Characters; `distribution/reference` has the same bound. */
const REPOSITORY_LENGTH = 255
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

/** Check a repository name. Spec: distribution-spec "Pulling manifests". */
export function expectRepository(name: string): string {
  if (name.length <= REPOSITORY_LENGTH && REPOSITORY.test(name)) return name
  throw new RegistryFault(400, "NAME_INVALID", "the repository name is not well-formed", {
    detail: { name: name.slice(0, REPOSITORY_LENGTH) },
  })
}

/** Whether `name` can be a repository. */
export function isRepository(name: string): boolean {
  return name.length <= REPOSITORY_LENGTH && REPOSITORY.test(name)
}

/** Check a tag. */
export function expectTag(tag: string): string {
  if (TAG.test(tag)) return tag
  throw new RegistryFault(400, "TAG_INVALID", "the tag is not well-formed", { detail: { tag: tag.slice(0, 128) } })
}

/** Check a digest, whose algorithm must be sha256, sha384 or sha512. */
export function expectDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw new RegistryFault(400, "DIGEST_INVALID", "the digest is malformed or of an unsupported algorithm", {
    detail: { digest: text.slice(0, 200) },
  })
}

/** Check the name of a digest algorithm. */
export function expectAlgorithm(text: string): DigestAlgorithm {
  if (text === "sha256" || text === "sha384" || text === "sha512") return text
  throw new RegistryFault(400, "DIGEST_INVALID", "the digest algorithm is not supported", {
    detail: { algorithm: text.slice(0, 64), supported: ["sha256", "sha384", "sha512"] },
  })
}

/** What a `<reference>` path segment names. With a colon it is a digest, otherwise a tag; never both are tried. */
export type ManifestReference =
  { readonly kind: "digest"; readonly digest: Digest } | { readonly kind: "tag"; readonly tag: string }

/** Parse a `<reference>` path segment. */
export function parseManifestReference(text: string): ManifestReference {
  return text.includes(":") ? { kind: "digest", digest: expectDigest(text) } : { kind: "tag", tag: expectTag(text) }
}
