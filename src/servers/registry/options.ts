import { MIB, GIB, limits } from "../../core/limits.ts"
import type { Logger } from "../../core/ports.ts"
import type { RegistryStorage } from "./storage/storage.ts"

/** Bounds of what clients may send or ask for. */
export interface RegistryLimits {
  /** Bytes of a manifest; more is 413. */
  readonly manifestBytes: number
  /** Bytes of one blob. */
  readonly blobBytes: number
  /** Items of one page; a larger `n` is cut to this. */
  readonly pageItems: number
  /** Bytes of one page of referrers; clients stop reading at 4 MiB. */
  readonly referrersBytes: number
  /** `tag` parameters of one manifest push. */
  readonly tagParameters: number
  /** Repositories looked at as the source of a mount that names none. */
  readonly mountSources: number
}

export const DEFAULT_LIMITS: RegistryLimits = {
  manifestBytes: limits.manifestBytes,
  blobBytes: 100 * GIB,
  pageItems: 1000,
  referrersBytes: 4 * MIB - 64 * 1024,
  tagParameters: 100,
  mountSources: 100,
}

/** What a request wants to do, as rules see it. */
export interface Access {
  readonly action: "ping" | "catalog" | "pull" | "push" | "delete"
  /** Absent for `ping` and `catalog`. */
  readonly repository: string | undefined
}

/** Decides about a request before it is served. @returns an answer (401, 403) to refuse it. */
export type Authorize = (access: Access, request: Request) => Promise<Response | undefined>

/** What a registry handler is made of. */
export interface RegistryHandlerOptions {
  readonly storage: RegistryStorage
  readonly logger: Logger
  /** Default false: every DELETE is answered 405. */
  readonly allowDelete?: boolean
  /** Accept manifests whose blobs or children are not stored here. Default false. */
  readonly sparse?: boolean
  readonly limits?: Partial<RegistryLimits>
  /** Default: everything is allowed. */
  readonly authorize?: Authorize
}

/** The same, complete; what endpoints receive. */
export interface RegistryContext {
  readonly storage: RegistryStorage
  readonly logger: Logger
  readonly sparse: boolean
  readonly limits: RegistryLimits
  /** Absent: everything is allowed. Endpoints ask it about what a request touches beyond its own repository. */
  readonly authorize: Authorize | undefined
}
