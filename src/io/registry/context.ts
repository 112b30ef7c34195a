import type { Clock, Logger, Randomness, Sleep } from "../../core/ports.ts"
import type { ContentCache } from "./content-cache.ts"
import type { Learned } from "./learned.ts"
import type { OriginChoice } from "./origin-choice.ts"
import type { TagQueues } from "./tag-queues.ts"

/** What all repositories of one process share. */
export interface RegistryShared {
  readonly cache: ContentCache
  readonly learned: Learned
  readonly queues: TagQueues
  /** Choice of origin by registry and candidates. */
  readonly origins: Map<string, OriginChoice>
  /** Warnings of registries shown so far. */
  readonly warnings: Set<string>
}

/** What the parts of one repository's client work with. */
export interface RepositoryContext extends RegistryShared {
  /** `registry/repository` as the user means it. */
  readonly name: string
  /** Path of the repository on the wire. */
  readonly repository: string
  readonly origin: OriginChoice
  readonly logger: Logger
  readonly clock: Clock
  readonly randomness: Randomness
  readonly sleep: Sleep
}

/** Whole number from `low` to `high`, from the strong source: writers that collided must not move in step. */
export function randomBetween(randomness: Randomness, low: number, high: number): number {
  const [a = 0, b = 0, c = 0] = randomness.bytes(3)
  return low + ((a * 65536 + b * 256 + c) % (high - low + 1))
}
