import type { ContentFiles } from "./content.ts"
import type { Metadata, UploadRow } from "./metadata.ts"
import type { UploadKind } from "./storage.ts"

/** Bounds of uploads. Pushes of one request are bounded by the connections and are not counted. */
export interface UploadLimits {
  /** Sessions open at the same time. */
  readonly sessions: number
  /** Sessions open at the same time in one repository. */
  readonly perRepository: number
  /** Milliseconds without a request after which a session is dropped. */
  readonly ageMs: number
  /** Milliseconds without a request after which a session is dropped if it is empty, or if its place is needed. */
  readonly idleMs: number
}

/** Which bound is reached: that of one repository, or of all. */
export type FullFor = { readonly repository: string } | { readonly repository: undefined }

/**
 * Which upload sessions exist, and which of them has to go first.
 *
 * SECURITY: sessions cost a client nothing, so their bounds must not be a way to keep others from pushing: the oldest
 * one without bytes makes room, then one that nobody has used for a while.
 */
export class UploadRegister {
  readonly #metadata: Metadata
  readonly #content: ContentFiles
  readonly #limits: UploadLimits
  /** Sessions without bytes, least recently used first. */
  readonly #empty = new Map<string, UploadRow>()
  /** Uploads that end with the request that began them; nobody else knows their id. */
  readonly #unlisted = new Map<string, UploadRow>()
  #loaded: Promise<void> | undefined

  constructor(metadata: Metadata, content: ContentFiles, limits: UploadLimits) {
    this.#metadata = metadata
    this.#content = content
    this.#limits = limits
  }

  /** Find out once which of the sessions from before a restart are empty. */
  load(): Promise<void> {
    this.#loaded ??= this.#load().catch((thrown: unknown) => {
      this.#loaded = undefined
      throw thrown
    })
    return this.#loaded
  }

  async #load(): Promise<void> {
    for (const row of this.#metadata.uploadsBefore(Number.MAX_SAFE_INTEGER, undefined, Number.MAX_SAFE_INTEGER)) {
      const size = await this.#content.partSize(row.id)
      if ((size ?? 0) === 0 && this.#metadata.upload(row.id) !== undefined) this.#empty.set(row.id, row)
    }
  }

  row(repository: string, id: string): UploadRow | undefined {
    const row = this.#unlisted.get(id) ?? this.#metadata.upload(id)
    return row?.repository === repository ? row : undefined
  }

  add(row: UploadRow, kind: UploadKind): void {
    if (kind === "request") {
      this.#unlisted.set(row.id, row)
      return
    }
    this.#metadata.putUpload(row)
    this.#empty.set(row.id, row)
  }

  /** A request used the session; `size` is how many bytes it has now. */
  touch(row: UploadRow, size: number): void {
    if (this.#unlisted.has(row.id)) return
    this.#metadata.putUpload(row)
    this.#empty.delete(row.id)
    if (size === 0) this.#empty.set(row.id, row)
  }

  remove(id: string): void {
    if (this.#unlisted.delete(id)) return
    this.#empty.delete(id)
    this.#metadata.removeUpload(id)
  }

  /** The bound that one more session of the repository would exceed. */
  fullFor(repository: string): FullFor | undefined {
    const counts = this.#metadata.uploadCounts(repository)
    if (counts.repository >= this.#limits.perRepository) return { repository }
    return counts.all >= this.#limits.sessions ? { repository: undefined } : undefined
  }

  /** The session to drop so that there is room, undefined when all are in use. */
  victim(full: FullFor, now: number, isBusy: (id: string) => boolean): string | undefined {
    for (const row of this.#empty.values()) {
      if ((full.repository ?? row.repository) === row.repository && !isBusy(row.id)) return row.id
    }
    const idle = this.#metadata.uploadsBefore(now - this.#limits.idleMs, full.repository, CANDIDATES)
    return idle.find((row) => !isBusy(row.id))?.id
  }

  /** Sessions whose time is over. */
  expired(now: number, isBusy: (id: string) => boolean): readonly string[] {
    const ids = new Set<string>()
    for (const row of this.#empty.values()) if (row.touched < now - this.#limits.idleMs) ids.add(row.id)
    const old = this.#metadata.uploadsBefore(now - this.#limits.ageMs, undefined, Number.MAX_SAFE_INTEGER)
    for (const row of old) ids.add(row.id)
    return [...ids].filter((id) => !isBusy(id))
  }
}

/** Idle sessions looked at to find one that no request is working on. */
const CANDIDATES = 100
