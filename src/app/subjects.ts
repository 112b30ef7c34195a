import { parseManifest } from "../codec/oci/manifest.ts"
import type { Descriptor, ImageIndex, ImageManifest } from "../core/descriptor.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import { MANIFEST_ACCEPT } from "../core/media-types.ts"
import type { ContentStore, Subject } from "../core/ports.ts"
import { fetchListed } from "./listed-manifest.ts"
import { mapBounded } from "./map-bounded.ts"
import type { AppContext, Target } from "./requests.ts"

/** A target with its store and the reference that names it there. */
export interface OpenTarget {
  readonly target: Target
  readonly content: ContentStore
  /** Tag or digest. */
  readonly reference: string
  /** Store that holds the signatures: the artifact's own unless another repository was named. */
  readonly signatures: ContentStore
}

/** Open the stores of a target; no request is made. */
export function openTarget(app: AppContext, target: Target, signatureRepository?: string): OpenTarget {
  const content = app.stores.content(target)
  const signatures = signatureRepository === undefined ? content : app.stores.repository(signatureRepository)
  return { target, content, reference: referenceOf(target), signatures }
}

function referenceOf(target: Target): string {
  if (target.kind === "layout") return target.reference ?? ""
  return target.reference.digest ?? target.reference.tag ?? "latest"
}

/** A name of one subject in one repository, whichever tag or digest it was named by. */
export function subjectKey(open: OpenTarget, subject: Subject): string {
  return `${open.content.name}@${subject.digest}`
}

/** What is known of the subject without a request: a registry reference by digest names it already. */
export function knownSubject(open: OpenTarget): Subject | undefined {
  if (open.target.kind !== "registry" || open.target.reference.digest === undefined) return undefined
  const { digest } = open.target.reference
  return open.target.resolved?.digest === digest ? open.target.resolved : { digest }
}

/** The same artifact by its digest, with all that is known of it. */
export function atDigest(target: Target, subject: Subject): Target {
  if (target.kind === "layout") return { ...target, reference: subject.digest }
  return { ...target, reference: { ...target.reference, digest: subject.digest }, resolved: subject }
}

/**
 * Descriptors of everything below an index, depth first, each digest once; empty for anything else.
 *
 * What is an index is told by the content, not by what lists it.
 *
 * @throws {ToolError} `E_LIMIT_EXCEEDED` when indexes are nested too deep or list too much; `E_FORMAT_MALFORMED` when an
 *   index lists something as what it is not.
 */
export async function descendants(content: ContentStore, subject: Descriptor): Promise<readonly Descriptor[]> {
  const found = new Map<string, Descriptor>()
  const own = await asIndex(subject, async () => {
    const { bytes, descriptor } = await content.fetchManifest(subject.digest)
    return parseManifest(bytes, descriptor.mediaType)
  })
  if (own !== undefined) await collectBelow(content, subject, own, 0, found)
  found.delete(subject.digest)
  return [...found.values()]
}

async function collectBelow(
  content: ContentStore,
  index: Descriptor,
  { manifests }: ImageIndex,
  depth: number,
  found: Map<string, Descriptor>,
): Promise<void> {
  if (depth >= limits.indexDepth) tooMuch("indexes are nested too deep", `more than ${limits.indexDepth} levels`, index)
  // Shared children are visited once, so that a small document cannot ask for exponential work.
  const fresh = new Map(manifests.filter(({ digest }) => !found.has(digest)).map((child) => [child.digest, child]))
  const room = limits.indexChildren - found.size
  if (fresh.size > room) tooMuch("an index lists too much", `more than ${limits.indexChildren} entries`, index)
  const inner = await mapBounded([...fresh.values()], limits.perHost, (child) => innerIndex(content, child))
  for (const [position, child] of [...fresh.values()].entries()) {
    if (found.has(child.digest)) continue
    if (found.size >= limits.indexChildren)
      tooMuch("an index lists too much", `more than ${limits.indexChildren} entries`, index)
    found.set(child.digest, child)
    const below = inner[position]
    if (below !== undefined) await collectBelow(content, child, below, depth + 1, found)
  }
}

/** The child as an index, if it is one. A child that is not there, as in mirrors of some platforms, has nothing below. */
async function innerIndex(content: ContentStore, child: Descriptor): Promise<ImageIndex | undefined> {
  try {
    return await asIndex(child, async () => (await fetchListed(content, child)).parsed)
  } catch (thrown) {
    if (asToolError(thrown).code === "E_REF_TAG_NOT_FOUND") return undefined
    throw thrown
  }
}

/** What was read, if it is an index. Content of a kind that nobody says to be a manifest lists nothing. */
async function asIndex(
  { mediaType }: Descriptor,
  read: () => Promise<ImageManifest | ImageIndex>,
): Promise<ImageIndex | undefined> {
  try {
    const parsed = await read()
    return parsed.kind === "index" ? parsed : undefined
  } catch (thrown) {
    const foreign = !MANIFEST_ACCEPT.includes(mediaType)
    if (foreign && asToolError(thrown).code === "E_FORMAT_UNSUPPORTED_VERSION") return undefined
    throw thrown
  }
}

function tooMuch(what: string, why: string, index: Descriptor): never {
  throw new ToolError("E_LIMIT_EXCEEDED", { what, why: `found ${why} at ${index.digest}`, kind: "unknown" })
}

/** A subject and the name it has in answers. */
export interface NamedSubject {
  readonly name: string
  readonly subject: Descriptor
}

/**
 * The artifact a target names and, when recursive, everything below it. A tag is resolved once, here.
 *
 * @throws {ToolError} as {@link descendants}, and `E_REF_*`, `E_REGISTRY_*`, `E_NET_*` of resolving.
 */
export async function namedSubjects(open: OpenTarget, recursive: boolean): Promise<readonly NamedSubject[]> {
  const subject = await open.content.resolve(open.reference)
  const below = recursive ? await descendants(open.content, subject) : []
  const named = below.map((child) => ({ name: `${open.content.name}@${child.digest}`, subject: child }))
  return [{ name: open.target.text, subject }, ...named]
}
