/** Bytes by digest, and the parts of uploads. Knows nothing of repositories. */
import type { Digest } from "../../../core/digest.ts"

/** Changes whenever the bytes on the medium may have changed. */
export type ContentStamp = string

export interface ContentFiles {
  /** Bytes and stamp; undefined when absent. */
  stat(digest: Digest): Promise<{ readonly size: number; readonly stamp: ContentStamp } | undefined>
  /** Whole content, unchecked. */
  read(digest: Digest): Promise<Uint8Array<ArrayBuffer>>
  /** From `first` to `last` inclusive, unchecked. */
  stream(digest: Digest, first: number, last: number): AsyncIterable<Uint8Array>
  /** Store small content under its digest (already checked). */
  write(digest: Digest, bytes: Uint8Array): Promise<void>

  createPart(id: string): Promise<void>
  /** Bytes of the part; undefined when absent. */
  partSize(id: string): Promise<number | undefined>
  openPart(id: string): Promise<PartWriter>
  readPart(id: string): AsyncIterable<Uint8Array>
  truncatePart(id: string, size: number): Promise<void>
  /** Turn a part into content. Replaces what is there, which heals a damaged copy. */
  commitPart(id: string, digest: Digest): Promise<void>
  removePart(id: string): Promise<void>
}

/** Appends to one part. */
export interface PartWriter {
  write(chunks: readonly Uint8Array[]): Promise<void>
  close(): Promise<void>
}
