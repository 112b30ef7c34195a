import { mkdir } from "node:fs/promises"
import { join } from "node:path"

import { equalOrAbsent } from "../../../codec/equal-bytes.ts"
import type { Descriptor } from "../../../core/descriptor.ts"
import { ToolError } from "../../../core/errors.ts"
import { makeFolders } from "../../../core/make-folders.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import { OCI_INDEX } from "../../../core/media-types.ts"
import { goJson } from "../../../codec/go-json.ts"
import { expectArray, expectObject, expectString, member } from "../../../codec/json-shape.ts"
import { parseJson } from "../../../codec/json.ts"
import { malformed } from "../../../codec/malformed.ts"
import { parseDescriptor } from "../../../codec/oci/descriptor.ts"
import { ChangeLost, type HeldLock } from "../../system/lock-file.ts"
import { ioError, readFileWithin } from "./layout-files.ts"
import { noLayout } from "./no-layout.ts"

/** Annotation that holds an entry's tag or full reference. */
export const REF_NAME = "org.opencontainers.image.ref.name"
/** Annotation with which cosign marks what an entry is. */
export const KIND = "kind"
const KIND_IMAGE = "dev.cosignproject.cosign/image"
const KIND_INDEX = "dev.cosignproject.cosign/imageIndex"
export const KIND_SIGNATURES = "dev.cosignproject.cosign/sigs"
export const KIND_ATTESTATIONS = "dev.cosignproject.cosign/atts"

const MARKER_BYTES = 4096
/** Each of 10,000 entries may have some annotations. */
const INDEX_BOUNDS = { maxBytes: limits.layoutIndexBytes, maxValues: 2 * limits.jsonValues, what: "index.json" }
const FILE_MODE = 0o644

/** `index.json` as read: every field kept for writing it back. */
export interface LayoutIndex {
  readonly bytes: Uint8Array
  readonly root: JsonObject
  readonly entries: readonly LayoutEntry[]
}

export interface LayoutEntry {
  readonly raw: JsonValue
  readonly descriptor: Descriptor
}

/**
 * Read and check `oci-layout` and `index.json`.
 *
 * @param root - folder of the layout.
 * @throws {ToolError} `E_FILE_NOT_FOUND` when it is no layout; `E_FORMAT_MALFORMED`; `E_FORMAT_UNSUPPORTED_VERSION`;
 *   `E_LIMIT_EXCEEDED`; `E_IO`.
 *
 * Spec: OCI image-spec `image-layout.md`.
 */
export async function readLayoutIndex(root: string): Promise<LayoutIndex> {
  const marker = await readFileWithin(join(root, "oci-layout"), MARKER_BYTES)
  if (marker === undefined) throw await noLayout(root)
  const version = member(
    expectObject(parseJson(marker, { maxBytes: MARKER_BYTES, what: "oci-layout" }), "oci-layout"),
    "imageLayoutVersion",
  )
  const text = expectString(version, "oci-layout.imageLayoutVersion")
  if (!/^1\.[0-9]+\.[0-9]+$/.test(text)) {
    throw new ToolError("E_FORMAT_UNSUPPORTED_VERSION", {
      what: `${root} is an OCI layout of an unknown version`,
      why: `imageLayoutVersion is ${JSON.stringify(text.slice(0, 40))}, expected 1.x`,
    })
  }
  const bytes = await readIndexFile(root)
  if (bytes === undefined) throw malformed("OCI layout", `${root} has no file index.json`)
  const index = expectObject(parseJson(bytes, INDEX_BOUNDS), "index.json")
  const list = expectArray(member(index, "manifests") ?? [], "index.json.manifests")
  return {
    bytes,
    root: index,
    entries: list.map((raw, position) => ({
      raw,
      descriptor: parseDescriptor(raw, `index.json.manifests[${position}]`),
    })),
  }
}

function readIndexFile(root: string): Promise<Uint8Array | undefined> {
  return readFileWithin(join(root, "index.json"), limits.layoutIndexBytes)
}

/** Put other content in place of what was read; not over anybody else's change. */
async function replaceIndexFile(
  root: string,
  before: Uint8Array | undefined,
  text: string,
  lock: HeldLock,
): Promise<void> {
  const bytes = new TextEncoder().encode(text)
  // What cannot be read again would take everything in the layout along.
  parseJson(bytes, INDEX_BOUNDS)
  // Tools that know nothing of the lock write here, too.
  const unchanged = async (): Promise<boolean> => equalOrAbsent(await readIndexFile(root), before)
  await lock.replace(join(root, "index.json"), bytes, FILE_MODE, unchanged)
}

/** The two texts of `oci-layout` mean the same, whoever wins. */
async function replaceMarker(root: string, text: string, lock: HeldLock): Promise<void> {
  const always = (): Promise<boolean> => Promise.resolve(true)
  await lock.replace(join(root, "oci-layout"), new TextEncoder().encode(text), FILE_MODE, always)
}

/**
 * Make an empty layout where there is none.
 *
 * @throws {ChangeLost} when the lock is somebody else's.
 */
export async function ensureLayout(root: string, lock: HeldLock): Promise<void> {
  if ((await readIndexFile(root)) === undefined) {
    const empty = goJson({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] })
    await replaceIndexFile(root, undefined, empty, lock)
  }
  if ((await readFileWithin(join(root, "oci-layout"), MARKER_BYTES)) === undefined) {
    await replaceMarker(root, '{"imageLayoutVersion":"1.0.0"}', lock)
  }
}

/**
 * Write `oci-layout` and `index.json` anew, in the bytes cosign and go-containerregistry write.
 *
 * @throws {ChangeLost} when the lock is somebody else's.
 */
export async function replaceLayoutIndex(root: string, entries: readonly Descriptor[], lock: HeldLock): Promise<void> {
  const before = await readIndexFile(root)
  await replaceMarker(root, '{\n    "imageLayoutVersion": "1.0.0"\n}', lock)
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries.map(entryJson) }
  await replaceIndexFile(root, before, goJson(index, { indent: "   " }), lock)
}

function entryJson({ mediaType, size, digest, annotations, artifactType }: Descriptor): JsonObject {
  return {
    mediaType,
    size,
    digest,
    ...(annotations === undefined ? {} : { annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
  }
}

/** Make the layout's folder. */
export async function ensureFolder(root: string): Promise<void> {
  try {
    await makeFolders(join(root, "blobs", "sha256"), (folder) => mkdir(folder))
  } catch (thrown) {
    throw ioError(root, thrown)
  }
}

/**
 * Write `index.json` with other entries.
 *
 * @param index - what `entries` was made from.
 * @throws {ChangeLost} when the lock is somebody else's, or the file is not what was read.
 */
export async function writeLayoutIndex(
  root: string,
  index: LayoutIndex,
  entries: readonly JsonValue[],
  lock: HeldLock,
): Promise<void> {
  const text = goJson({ ...index.root, schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries }, { indent: "   " })
  await replaceIndexFile(root, index.bytes, `${text}\n`, lock)
}

/**
 * Look whether an entry that was written is there: tools that know nothing of the lock may have overwritten it.
 *
 * @throws {ChangeLost} when it is not.
 */
export async function confirmEntry(root: string, entry: Descriptor): Promise<void> {
  const { entries } = await readLayoutIndex(root)
  const name = entry.annotations?.[REF_NAME]
  const there = entries.some(
    ({ descriptor }) => descriptor.digest === entry.digest && descriptor.annotations?.[REF_NAME] === name,
  )
  if (!there) throw new ChangeLost(`${root} lost an entry`)
}

/** The entry a tag names; what cosign saved is found by its `kind` where the layout leaves no doubt. */
export function entryOfTag(index: LayoutIndex, tag: string): Descriptor | undefined {
  const named = index.entries.find(({ descriptor }) => descriptor.annotations?.[REF_NAME] === tag)
  if (named !== undefined) return named.descriptor
  const match = /^sha256-([0-9a-f]{64})\.(sig|att)$/.exec(tag)
  if (match === null) return undefined
  const kind = match[2] === "sig" ? KIND_SIGNATURES : KIND_ATTESTATIONS
  const marked = index.entries.filter(({ descriptor }) => descriptor.annotations?.[KIND] === kind)
  const subjects = index.entries.filter(({ descriptor }) => isSubject(descriptor))
  // COMPAT(cosign 2.5, 3.1): `save` writes one artifact and does not say which subject the signatures have.
  const only = subjects.length === 1 && subjects[0]?.descriptor.digest === `sha256:${match[1]}`
  return only && marked.length === 1 && marked[0]?.descriptor.annotations?.[REF_NAME] === undefined
    ? marked[0]?.descriptor
    : undefined
}

/** Whether an entry is an artifact in its own right, not something attached to one. */
export function isSubject(descriptor: Descriptor): boolean {
  const kind = descriptor.annotations?.[KIND]
  const name = descriptor.annotations?.[REF_NAME] ?? ""
  if (kind === KIND_SIGNATURES || kind === KIND_ATTESTATIONS) return false
  // COMPAT(cosign 2.5, 3.1): artifacts that are no images are saved with an artifact type, and without a tag.
  if (kind === KIND_IMAGE || kind === KIND_INDEX) return true
  if (/^sha(?:256|384|512)-[0-9a-f]+(?:\.(?:sig|att|sbom))?$/.test(name)) return false
  return descriptor.artifactType === undefined || name !== ""
}
