import type { Descriptor, FetchedManifest, ImageIndex, ImageManifest } from "../../core/descriptor.ts"
import { digestAlgorithm, digestHex, type Digest } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import { OCI_INDEX } from "../../core/media-types.ts"
import { goJson, sortedDeep } from "../../codec/go-json.ts"
import { expectArray, expectObject, isObject, member } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { parseManifest } from "../../codec/oci/manifest.ts"
import { hasDigest } from "./digester.ts"

/**
 * Referrers tag of a subject: `sha256-<hex>`; longer digests are cut so that the tag stays valid.
 *
 * Spec: OCI distribution-spec "Referrers Tag Schema".
 */
export function referrersTag(subject: Digest): string {
  return `${digestAlgorithm(subject).slice(0, 32)}-${digestHex(subject).slice(0, 64)}`
}

/** Descriptor under which a referrer is listed: with its type and its annotations, as the API would show it. */
export function referrerEntry(descriptor: Descriptor, manifest: ImageManifest | ImageIndex): Descriptor {
  const artifactType = manifest.artifactType ?? ""
  const type = artifactType !== "" ? artifactType : manifest.kind === "image" ? manifest.config.mediaType : ""
  return {
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    ...(Object.keys(manifest.annotations).length === 0 ? {} : { annotations: manifest.annotations }),
    ...(type === "" ? {} : { artifactType: type }),
  }
}

/**
 * Entries of what lies under a referrers tag.
 *
 * @returns `undefined` when the registry resolved the tag to the subject itself: some take `sha256-<hex>` for a digest.
 * @throws {ToolError} `E_FORMAT_MALFORMED` when it is no OCI index.
 */
export function referrersOf(manifest: FetchedManifest, subject: Digest): readonly Descriptor[] | undefined {
  if (hasDigest(manifest.bytes, subject)) return undefined
  const parsed = parseManifest(manifest.bytes, manifest.descriptor.mediaType)
  if (parsed.kind !== "index" || parsed.mediaType !== OCI_INDEX) throw notAnIndex(subject, parsed.mediaType)
  return parsed.manifests
}

/**
 * {@link referrersOf}, each entry once, and no more than are read.
 *
 * @param artifactType - type wanted; entries that tell none stay.
 * @throws {ToolError} `E_LIMIT_EXCEEDED`, `E_FORMAT_MALFORMED`.
 */
export function boundedReferrersOf(
  manifest: FetchedManifest,
  subject: Digest,
  artifactType: string | undefined,
): readonly Descriptor[] | undefined {
  const listed = referrersOf(manifest, subject)
  if (listed === undefined) return undefined
  const wanted = listed.filter(
    (entry) => artifactType === undefined || [undefined, "", artifactType].includes(entry.artifactType),
  )
  const entries = [...new Map(wanted.map((entry) => [entry.digest, entry])).values()]
  if (entries.length <= limits.referrers) return entries
  throw new ToolError("E_LIMIT_EXCEEDED", {
    kind: "unknown",
    what: `too many referrers of ${subject}`,
    why: `the referrers tag lists ${entries.length}, at most ${limits.referrers} are read`,
    next: ["remove referrers that are not needed any more"],
  })
}

/** Additions to and removals from an index of referrers. */
export interface IndexEdit {
  readonly add: readonly Descriptor[]
  readonly remove: readonly Digest[]
}

/**
 * Edits of one subject's index, applied to whatever the tag holds at the moment.
 *
 * Every entry ever seen is remembered: one that vanishes was lost in a race, perhaps by our own write, and is put back
 * unless it was to be removed. Entries of others keep all their fields.
 */
export class IndexEditor {
  readonly #subject: Digest
  readonly #add: ReadonlyMap<string, Descriptor>
  readonly #remove: ReadonlySet<string>
  readonly #known = new Map<string, JsonValue>()

  constructor(subject: Digest, edits: readonly IndexEdit[]) {
    this.#subject = subject
    this.#add = new Map(edits.flatMap((edit) => edit.add).map((entry) => [entry.digest, entry]))
    this.#remove = new Set(edits.flatMap((edit) => edit.remove).filter((digest) => !this.#add.has(digest)))
  }

  /**
   * Index wanted in place of `current`; `undefined` when it is right as it is.
   *
   * @throws {ToolError} `E_FORMAT_MALFORMED` when the tag holds no OCI index, `E_REGISTRY_REFERRERS_UNSUPPORTED` when
   *   it stands for the subject: nothing is overwritten then. `E_LIMIT_EXCEEDED` when it would grow beyond what is read.
   */
  apply(current: FetchedManifest | undefined): Uint8Array | undefined {
    const root = current === undefined ? undefined : this.#open(current)
    const entries = root === undefined ? [] : expectArray(member(root, "manifests") ?? [], "index.manifests")
    for (const entry of entries) this.#known.set(digestIn(entry), entry)
    // The order found stays: two writers that sorted differently would never come to rest.
    const next = new Map<string, JsonValue>(entries.map((entry) => [digestIn(entry), entry]))
    for (const [digest, entry] of this.#known) if (!next.has(digest)) next.set(digest, entry)
    for (const digest of this.#remove) next.delete(digest)
    for (const [digest, entry] of this.#add) next.set(digest, withDescriptor(next.get(digest), entry))
    const list = [...next.values()]
    if (root !== undefined && sameEntries(entries, list)) return undefined
    if (root === undefined && list.length === 0) return undefined
    const bytes = new TextEncoder().encode(
      goJson({ ...(root ?? { schemaVersion: 2, mediaType: OCI_INDEX }), manifests: list }, { escapeHtml: false }),
    )
    // What is too large already may still become smaller.
    if (list.length > entries.length) requireReadable(this.#subject, list.length, bytes)
    return bytes
  }

  #open(current: FetchedManifest): JsonObject {
    if (referrersOf(current, this.#subject) === undefined) {
      throw new ToolError("E_REGISTRY_REFERRERS_UNSUPPORTED", {
        what: `the referrers tag of ${this.#subject} cannot be used`,
        why: "the registry answers with the subject itself, expected an index of referrers or nothing",
      })
    }
    return expectObject(parseJson(current.bytes, { maxBytes: limits.manifestBytes, what: "index" }), "index")
  }
}

function digestIn(entry: JsonValue): string {
  const digest = isObject(entry) ? member(entry, "digest") : undefined
  return typeof digest === "string" ? digest : ""
}

/** The entry as it should be, its members in the order of the image specification's descriptor, keeping what others wrote into it besides. */
function withDescriptor(existing: JsonValue | undefined, wanted: Descriptor): JsonValue {
  const { mediaType, digest, size, annotations, artifactType } = wanted
  const fields: JsonObject = {
    mediaType,
    digest,
    size,
    ...(annotations === undefined ? {} : { annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
  }
  return isObject(existing) ? { ...existing, ...fields } : fields
}

function sameEntries(a: readonly JsonValue[], b: readonly JsonValue[]): boolean {
  return (
    a.length === b.length && a.every((entry, at) => entry === b[at] || canonical(entry) === canonical(b[at] ?? null))
  )
}

function canonical(value: JsonValue): string {
  return goJson(sortedDeep(value))
}

function notAnIndex(subject: Digest, mediaType: string): ToolError {
  return new ToolError("E_FORMAT_MALFORMED", {
    what: `the referrers tag of ${subject} holds no index of referrers`,
    why: `its media type is ${mediaType}, expected ${OCI_INDEX}`,
    next: ["move what lies under that tag to another tag"],
  })
}

/** SECURITY: an index that no reader takes would hide every signature it lists. */
function requireReadable(subject: Digest, count: number, bytes: Uint8Array): void {
  if (count > limits.referrers) {
    throw tooMany(subject, `its index would have ${count} entries, at most ${limits.referrers} are written`)
  }
  if (bytes.length > limits.manifestBytes) {
    throw tooMany(subject, `its index would have ${bytes.length} bytes, at most ${limits.manifestBytes} are written`)
  }
  parseManifest(bytes, OCI_INDEX)
}

/** Error of a list that has no room left. */
export function tooMany(subject: Digest, why: string): ToolError {
  return new ToolError("E_LIMIT_EXCEEDED", {
    what: `too many referrers of ${subject}`,
    why,
    next: ["remove referrers that are not needed any more"],
  })
}
