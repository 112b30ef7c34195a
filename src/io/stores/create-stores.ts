import { resolve as absolutePath } from "node:path"

import { limits } from "../../core/limits.ts"
import type { Clock, ContentStore, LayoutStore, Logger, Randomness, SignatureStore, Sleep } from "../../core/ports.ts"
import { dialHost, parseRepositoryName, type ReferenceStyle } from "../../core/reference-grammar.ts"
import { repositoryName, type Reference } from "../../core/reference.ts"
import type { RegistryHttp } from "../registry/auth/registry-http.ts"
import { openLayout } from "../registry/layout/layout.ts"
import { originCandidates, type PlainHttp } from "../registry/origin-choice.ts"
import { openRepository, sharedState } from "../registry/repository.ts"
import { ByteGate } from "./byte-gate.ts"
import { referrersStore } from "./referrers-store.ts"
import { tagStore } from "./tag-store.ts"

/** What the stores of one process are made from. */
export interface StoresOptions {
  /**
   * HTTP with authentication for one origin of a registry; called once for each.
   *
   * @param registry - `host[:port]` as the user means it.
   */
  readonly http: (registry: string, origin: string) => RegistryHttp
  /** How repository names are read and Docker Hub is dialled. */
  readonly style: ReferenceStyle
  readonly plainHttp?: PlainHttp
  readonly logger: Logger
  readonly clock: Clock
  readonly randomness: Randomness
  readonly sleep: Sleep
  /** Bytes of verified content kept in memory. */
  readonly cacheBytes?: number
}

/** An artifact's place: registry or layout. */
export type StoreTarget =
  { readonly kind: "registry"; readonly reference: Reference } | { readonly kind: "layout"; readonly path: string }

/** Choice of signature stores. */
export interface SignatureChoice {
  readonly kind: "signature" | "attestation"
  /** Format names; `cosign-v2` lies under tags, the others are referrers. */
  readonly formats: readonly string[]
  readonly tagPrefix?: string
  /** Largest attachment read into memory, bytes. */
  readonly attachmentBytes: number
  /** Signatures that the caller looks at; never fewer than `limits.signaturesEvaluated` are read. */
  readonly maxSignatures?: number
}

/** Opens stores; the same place gives the same object, so caches and limits are shared. */
export interface OpenedStores {
  content(target: StoreTarget): ContentStore
  layout(path: string): LayoutStore
  repository(name: string): ContentStore
  signatures(where: ContentStore, options: SignatureChoice): readonly SignatureStore[]
}

/**
 * Stores of one process.
 *
 * Signature stores come in the order that costs the fewest requests: the referrers API, the referrers tag (worth asking
 * only where there is no API, or when everything is wanted), then cosign's tag. Where only the tag's format is wanted,
 * the tag comes first.
 */
export function createStores(options: StoresOptions): OpenedStores {
  const shared = sharedState(options.clock, options.cacheBytes)
  const repositories = new Map<string, ContentStore>()
  const layouts = new Map<string, LayoutStore>()
  const clients = new Map<string, RegistryHttp>()
  const gate = new ByteGate(limits.documentBytesInFlight)
  const client = (registry: string, origin: string): RegistryHttp => {
    const key = `${registry} ${origin}`
    const found = clients.get(key) ?? options.http(registry, origin)
    clients.set(key, found)
    return found
  }
  const repository = (place: Pick<Reference, "registry" | "repository">): ContentStore =>
    once(repositories, repositoryName(place), () =>
      openRepository({
        ...options,
        ...place,
        http: (origin) => client(place.registry, origin),
        origins: originCandidates(dialHost(place, options.style), options.plainHttp, options.style),
        shared,
      }),
    )
  const layout = (folder: string): LayoutStore => {
    const path = absolutePath(folder)
    return once(layouts, path, () => openLayout({ ...options, path, queues: shared.queues }))
  }
  return {
    content: (target) => (target.kind === "registry" ? repository(target.reference) : layout(target.path)),
    layout,
    repository: (name) => repository(parseRepositoryName(name, options.style)),
    signatures: (where, choice) => signatureStores(where, choice, gate),
  }
}

function once<T>(opened: Map<string, T>, key: string, open: () => T): T {
  const store = opened.get(key) ?? open()
  opened.set(key, store)
  return store
}

function signatureStores(where: ContentStore, choice: SignatureChoice, gate: ByteGate): readonly SignatureStore[] {
  const maxBytes = (mediaType: string): number => Math.min(choice.attachmentBytes, documentLimit(mediaType))
  // What is no signature to the caller counts here too, so a smaller number would leave signatures out.
  const maxSignatures = Math.max(choice.maxSignatures ?? 0, limits.signaturesEvaluated)
  const bounds = { maxBytes, gate, maxSignatures }
  const referrers = [referrersStore(where, "referrers-api", bounds), referrersStore(where, "referrers-tag", bounds)]
  if (!choice.formats.includes("cosign-v2")) return referrers
  const prefix = choice.tagPrefix === undefined ? {} : { tagPrefix: choice.tagPrefix }
  const kind = choice.kind === "signature" ? "signature-tag" : "attestation-tag"
  const tag = tagStore(where, kind, { ...prefix, ...bounds })
  return choice.formats.length === 1 ? [tag, ...referrers] : [...referrers, tag]
}

/** Bytes of one document by what it is; attestations have only the caller's bound. */
function documentLimit(mediaType: string): number {
  if (mediaType.startsWith("application/vnd.dev.cosign.simplesigning.")) return limits.signaturePayloadBytes
  if (mediaType.startsWith("application/vnd.dev.sigstore.bundle")) return limits.bundleBytes
  return Number.MAX_SAFE_INTEGER
}
