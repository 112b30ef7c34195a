import type { Digest } from "./digest.ts"

/** A parsed reference to an artifact in a registry. Made by `parseReference`. */
export interface Reference {
  /** `host[:port]` as the user means it; `docker.io` for the Hub. */
  readonly registry: string
  /** Full repository path; `library/` already added for the Hub. */
  readonly repository: string
  readonly tag?: string
  /** Wins over the tag when both are given. */
  readonly digest?: Digest
}

/** `registry/repository`, without tag or digest. */
export function repositoryName(reference: Pick<Reference, "registry" | "repository">): string {
  return `${reference.registry}/${reference.repository}`
}
