import type { Descriptor, FetchedManifest } from "../../../core/descriptor.ts"
import { isDigest, type Digest } from "../../../core/digest.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import { isIndexType, MANIFEST_ACCEPT, OCI_INDEX } from "../../../core/media-types.ts"
import type { Clock, LayoutStore, Randomness, Sleep, TagChange, TagState, UploadSource } from "../../../core/ports.ts"
import { parseManifest } from "../../../codec/oci/manifest.ts"
import { gather } from "../answers.ts"
import { requiredSubject } from "../attach.ts"
import { digestOf } from "../digester.ts"
import type { HeldLock } from "../../system/lock-file.ts"
import { boundedReferrersOf, IndexEditor, referrerEntry, referrersOf, referrersTag } from "../referrers-index.ts"
import type { TagQueues } from "../tag-queues.ts"
import type { TagUpdate } from "../tag-update.ts"
import { deleteFromLayout } from "./layout-delete.ts"
import { hasBlobFile, readBlobFile, readVerifiedBlob, writeBlobFile } from "./layout-files.ts"
import {
  confirmEntry,
  ensureFolder,
  ensureLayout,
  entryOfTag,
  isSubject,
  KIND,
  KIND_ATTESTATIONS,
  KIND_SIGNATURES,
  readLayoutIndex,
  REF_NAME,
  replaceLayoutIndex,
  writeLayoutIndex,
  type LayoutIndex,
} from "./layout-index.ts"
import { withLayoutLock } from "./layout-lock.ts"
import { LayoutReferrers } from "./layout-referrers.ts"

/** What a layout's store needs. */
export interface LayoutOptions {
  /** Folder of the layout; made by the first write. */
  readonly path: string
  readonly queues: TagQueues
  readonly clock: Clock
  readonly randomness: Randomness
  readonly sleep: Sleep
}

/**
 * OCI image layout folder as a store. Tags are `org.opencontainers.image.ref.name` annotations, compared exactly; the
 * empty reference stands for the only artifact of the layout. Referrers are found by reading all manifests.
 *
 * Links anywhere in the layout are refused. Writes replace whole files; `index.json` changes under a lock.
 *
 * Spec: OCI image-spec `image-layout.md`.
 */
export function openLayout(options: LayoutOptions): LayoutStore {
  const layout = new Layout(options)
  const tagList = async (): Promise<readonly string[]> => {
    const { entries } = await readLayoutIndex(options.path)
    return entries.flatMap(({ descriptor }) => descriptor.annotations?.[REF_NAME] ?? [])
  }
  return {
    kind: "oci-layout",
    name: options.path,
    resolve: async (reference) => (await layout.fetchManifest(reference)).descriptor,
    fetchManifest: (reference) => layout.fetchManifest(reference),
    readTag: (tag) => layout.readTag(tag),
    fetchBlob: (descriptor, max) => layout.fetchBlob(descriptor, max),
    readBlob: (descriptor) => readBlobFile(options.path, descriptor),
    pushBlob: (descriptor, source) => layout.pushBlob(descriptor, source),
    pushManifest: (bytes, mediaType, tag, signal) => layout.pushManifest(bytes, mediaType, tag, signal),
    updateTag: (tag, change, _holds, signal) => layout.updateTag(tag, change, signal),
    attach: async (bytes, mediaType, how) => ({
      descriptor: await layout.attach(bytes, mediaType, how?.signal),
      via: "referrers-api",
      repairs: 0,
    }),
    listReferrers: async (subject, artifactType) => {
      await readLayoutIndex(options.path)
      return { entries: await layout.referrers.list(subject, artifactType), via: "referrers-api", supported: true }
    },
    listReferrersTag: async (subject, artifactType) => {
      const state = await layout.readTag(referrersTag(subject))
      const entries = state === undefined ? undefined : boundedReferrersOf(state.manifest, subject, artifactType)
      return { entries: entries ?? [], via: "referrers-tag", supported: entries !== undefined }
    },
    listTags: tagList,
    deleteManifest: (reference, signal) =>
      layout.locked((lock) => deleteFromLayout(options.path, reference, lock), signal),
    detachFromTag: (subject, referrers, signal) => layout.detachFromTag(subject, referrers, signal),
    replaceEntries: (entries, signal) =>
      layout.locked((lock) => replaceLayoutIndex(options.path, entries, lock), signal),
  }
}

class Layout {
  readonly #options: LayoutOptions
  readonly #root: string
  readonly referrers: LayoutReferrers

  constructor(options: LayoutOptions) {
    this.#options = options
    this.#root = options.path
    this.referrers = new LayoutReferrers(options.path)
  }

  /** Run alone: first among the writers of this process, then among processes. Done again when its change was lost. */
  locked<T>(work: (lock: HeldLock) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { clock, sleep, queues } = this.#options
    return queues.run(`layout ${this.#root}`, async () => {
      await ensureFolder(this.#root)
      return withLayoutLock(this.#root, clock, sleep, work, signal)
    })
  }

  async fetchManifest(reference: string): Promise<FetchedManifest> {
    const index = await readLayoutIndex(this.#root)
    if (isDigest(reference)) return this.#byDigest(index, reference)
    const entry = reference === "" ? await this.#only(index) : entryOfTag(index, reference)
    if (entry !== undefined) return this.#load(entry)
    throw new ToolError("E_REF_TAG_NOT_FOUND", {
      what: `${reference} does not exist in ${this.#root}`,
      why: `no entry of index.json has it as ${REF_NAME}`,
      next: [`see the names in ${this.#root}/index.json, or check the spelling behind \`oci:\``],
    })
  }

  async readTag(tag: string): Promise<TagState | undefined> {
    const entry = entryOfTag(await readLayoutIndex(this.#root), tag)
    return entry === undefined ? undefined : { manifest: await this.#load(entry) }
  }

  async fetchBlob(descriptor: Descriptor, max: number): Promise<Uint8Array> {
    if (descriptor.size > max) {
      throw new ToolError("E_LIMIT_EXCEEDED", {
        what: `blob ${descriptor.digest} is too large`,
        why: `its descriptor says ${descriptor.size} bytes, at most ${max} are accepted`,
      })
    }
    return gather(readBlobFile(this.#root, descriptor), descriptor.size)
  }

  async pushBlob(descriptor: Descriptor, source: UploadSource): Promise<void> {
    await ensureFolder(this.#root)
    if (await hasBlobFile(this.#root, descriptor.digest)) return
    await writeBlobFile(this.#root, descriptor, source, this.#options.randomness)
  }

  pushManifest(bytes: Uint8Array, mediaType: string, tag?: string, signal?: AbortSignal): Promise<Descriptor> {
    return this.locked((lock) => this.#store(lock, bytes, mediaType, tag === undefined ? {} : { tag }), signal)
  }

  attach(bytes: Uint8Array, mediaType: string, signal?: AbortSignal): Promise<Descriptor> {
    const manifest = parseManifest(bytes, mediaType)
    const subject = requiredSubject(manifest)
    const plain: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
    const how = { entry: referrerEntry(plain, manifest), confirm: true }
    return this.locked(async (lock) => {
      await this.referrers.requireRoom(subject, plain.digest)
      return this.#store(lock, bytes, mediaType, how)
    }, signal)
  }

  updateTag(tag: string, change: TagChange, signal?: AbortSignal): Promise<TagUpdate> {
    let repairs = -1
    return this.locked(async (lock) => {
      repairs++
      await ensureLayout(this.#root, lock)
      const index = await readLayoutIndex(this.#root)
      const entry = entryOfTag(index, tag)
      const current = entry === undefined ? undefined : await this.#load(entry)
      const wanted = await change(current)
      if (wanted === undefined) {
        if (current !== undefined) return { descriptor: current.descriptor, repairs }
        throw new ToolError("E_REF_TAG_NOT_FOUND", { what: `${tag} does not exist in ${this.#root}` })
      }
      for (const { descriptor, source } of wanted.blobs ?? []) await this.pushBlob(descriptor, source)
      const how = { tag, index, confirm: true }
      return { descriptor: await this.#store(lock, wanted.bytes, wanted.mediaType, how), repairs }
    }, signal)
  }

  async detachFromTag(subject: Digest, referrers: readonly Digest[], signal?: AbortSignal): Promise<boolean> {
    const tag = referrersTag(subject)
    const state = await this.readTag(tag)
    const listed = state === undefined ? undefined : referrersOf(state.manifest, subject)
    if (listed?.some((entry) => referrers.includes(entry.digest)) !== true) return false
    const editor = new IndexEditor(subject, [{ add: [], remove: referrers }])
    const change: TagChange = (current) => {
      const bytes = editor.apply(current)
      return Promise.resolve(bytes === undefined ? undefined : { bytes, mediaType: OCI_INDEX })
    }
    await this.updateTag(tag, change, signal)
    return true
  }

  async #only(index: LayoutIndex): Promise<Descriptor> {
    let subjects = index.entries.map(({ descriptor }) => descriptor).filter(isSubject)
    // Not every tool marks what it lists as attached; the manifests themselves tell.
    if (subjects.length > 1) subjects = await this.#withoutReferrers(subjects)
    const [first] = subjects
    if (first !== undefined && subjects.length === 1) return first
    throw new ToolError("E_REF_INVALID", {
      what: `${this.#root} needs a tag or digest`,
      why: `it holds ${subjects.length} artifacts, expected exactly one`,
      next: ["add a tag or digest to the layout's path"],
    })
  }

  async #withoutReferrers(entries: readonly Descriptor[]): Promise<Descriptor[]> {
    const kept: Descriptor[] = []
    for (const entry of entries.slice(0, limits.referrers)) {
      const known = MANIFEST_ACCEPT.includes(entry.mediaType)
      const subject = known ? parseManifest((await this.#load(entry)).bytes, entry.mediaType).subject : undefined
      if (subject === undefined) kept.push(entry)
    }
    return kept
  }

  async #byDigest(index: LayoutIndex, digest: Digest): Promise<FetchedManifest> {
    const entry = index.entries.find(({ descriptor }) => descriptor.digest === digest)
    if (entry !== undefined) return this.#load(entry.descriptor)
    const bytes = await this.#manifestFile(digest)
    return { descriptor: { mediaType: parseManifest(bytes).mediaType, digest, size: bytes.length }, bytes }
  }

  async #load(entry: Descriptor): Promise<FetchedManifest> {
    const { digest, mediaType } = entry
    const bytes = await this.fetchBlob(entry, limits.manifestBytes)
    if (MANIFEST_ACCEPT.includes(mediaType)) parseManifest(bytes, mediaType)
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes }
  }

  /** A manifest of which only the digest is known: nested in an index, or a referrer nobody lists. */
  async #manifestFile(digest: Digest): Promise<Uint8Array> {
    const bytes = await readVerifiedBlob(this.#root, digest, limits.manifestBytes)
    if (bytes !== undefined) return bytes
    throw new ToolError("E_REF_TAG_NOT_FOUND", {
      what: `digest ${digest} does not exist in ${this.#root}`,
      why: "there is no such blob",
      next: [`see what ${this.#root}/index.json lists, or check the digest behind \`oci:\``],
    })
  }

  /** Write a manifest and, when it has a tag or an entry of its own, list it. */
  async #store(lock: HeldLock, bytes: Uint8Array, mediaType: string, how: Listing): Promise<Descriptor> {
    parseManifest(bytes, mediaType)
    const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
    await ensureLayout(this.#root, lock)
    await writeBlobFile(this.#root, descriptor, { bytes }, this.#options.randomness)
    const tag = how.tag === undefined || isDigest(how.tag) ? undefined : how.tag
    const entry =
      how.entry ?? (tag === undefined ? undefined : { ...descriptor, annotations: tagAnnotations(tag, mediaType) })
    if (entry === undefined) return descriptor
    const index = how.index ?? (await readLayoutIndex(this.#root))
    const before = tag === undefined ? undefined : entryOfTag(index, tag)
    const keep = index.entries.filter(
      ({ descriptor: old }) => old !== before && (tag !== undefined || old.digest !== entry.digest),
    )
    await writeLayoutIndex(this.#root, index, [...keep.map((old) => old.raw), toJson(entry)], lock)
    if (how.confirm === true) await confirmEntry(this.#root, entry)
    return descriptor
  }
}

/** How a manifest is listed. */
interface Listing {
  readonly tag?: string
  readonly entry?: Descriptor
  /** What the manifest was made from; read when absent. */
  readonly index?: LayoutIndex
  /** Look whether the entry is there afterwards. Not for a tag that is merely moved: whoever comes last may have it. */
  readonly confirm?: boolean
}

function tagAnnotations(tag: string, mediaType: string): Readonly<Record<string, string>> {
  const match = /\.(sig|att)$/.exec(tag)
  const kind =
    match === null || isIndexType(mediaType) ? undefined : match[1] === "sig" ? KIND_SIGNATURES : KIND_ATTESTATIONS
  return { ...(kind === undefined ? {} : { [KIND]: kind }), [REF_NAME]: tag }
}

function toJson(entry: Descriptor): JsonObject {
  const { mediaType, digest, size, annotations, artifactType } = entry
  return {
    mediaType,
    digest,
    size,
    ...(annotations === undefined ? {} : { annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
  }
}
