import type { Digest } from "./digest.ts"

/**
 * Media type, digest and size of some content, with the optional fields of the OCI image-spec.
 * `size` is in bytes, a non-negative safe integer.
 */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: Platform
  readonly urls?: readonly string[]
  /** Base64 of the content itself; use only after checking digest and size. */
  readonly data?: string
}

/** Platform of an index entry. */
export interface Platform {
  readonly architecture: string
  readonly os: string
  readonly "os.version"?: string
  readonly "os.features"?: readonly string[]
  readonly variant?: string
}

/** A manifest or index as received: exact bytes and their verified descriptor. */
export interface FetchedManifest {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

/** The fields of an OCI image manifest or Docker schema 2 manifest we act on. */
export interface ImageManifest {
  readonly kind: "image"
  readonly mediaType: string
  readonly artifactType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations: Readonly<Record<string, string>>
}

/** The fields of an OCI index or Docker manifest list we act on. */
export interface ImageIndex {
  readonly kind: "index"
  readonly mediaType: string
  readonly artifactType?: string
  readonly manifests: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations: Readonly<Record<string, string>>
}
