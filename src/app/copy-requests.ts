/** What copying artifacts takes and gives. */
import type { Descriptor } from "../core/descriptor.ts"
import type { Target } from "./requests.ts"

export interface SaveRequest {
  readonly target: Target
  /** Folder of the layout; made when it is not there. */
  readonly folder: string
  readonly signatureRepository?: string
  readonly tagPrefix?: string
}

export interface SavedArtifact {
  readonly subject: Descriptor
  /** Entries of `index.json`, the artifact first. */
  readonly entries: readonly Descriptor[]
}

export interface LoadRequest {
  /** Folder of a layout that holds one artifact. */
  readonly folder: string
  /** Where it goes; a digest must be the artifact's. */
  readonly target: Target
  readonly signatureRepository?: string
  readonly tagPrefix?: string
}

export interface LoadedArtifact {
  readonly subject: Descriptor
  /** Tags and digests of what was attached, in order. */
  readonly attached: readonly string[]
}

/* ---------------------------------------------------------------------------------------------- push, pull, tag --- */

export interface PushRequest {
  readonly target: Target
  readonly files: readonly { readonly path: string; readonly mediaType?: string }[]
  /** Default `application/vnd.unknown.artifact.v1`. */
  readonly artifactType?: string
  readonly annotations: Readonly<Record<string, string>>
}

export interface PushedArtifact {
  readonly descriptor: Descriptor
  /** `registry/repository@digest`. */
  readonly reference: string
}

export interface PullRequest {
  readonly target: Target
  /** Folder that exists. */
  readonly output: string
  readonly overwrite: boolean
}

export interface PulledArtifact {
  readonly descriptor: Descriptor
  /** Paths written, in layer order. */
  readonly files: readonly string[]
}

export interface TagRequest {
  readonly target: Target
  readonly tags: readonly string[]
}
