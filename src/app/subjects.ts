import type { Descriptor } from "../core/descriptor.ts"
import { limits } from "../core/limits.ts"
import { isIndexType } from "../core/media-types.ts"
import type { ContentStore, Subject } from "../core/ports.ts"
import { ToolError } from "../core/errors.ts"
import { parseManifest } from "../codec/oci/manifest.ts"
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
  return { digest: open.target.reference.digest }
}

/**
 * Descriptors of everything below an index, depth first, each digest once; empty for anything else.
 *
 * @throws {ToolError} `E_LIMIT_EXCEEDED` when indexes are nested too deep or list too much.
 */
export async function descendants(content: ContentStore, subject: Descriptor): Promise<readonly Descriptor[]> {
  const found = new Map<string, Descriptor>()
  await collectBelow(content, subject, 0, found)
  found.delete(subject.digest)
  return [...found.values()]
}

async function collectBelow(
  content: ContentStore,
  index: Descriptor,
  depth: number,
  found: Map<string, Descriptor>,
): Promise<void> {
  if (!isIndexType(index.mediaType)) return
  if (depth >= limits.indexDepth) tooMuch("indexes are nested too deep", `more than ${limits.indexDepth} levels`, index)
  const manifest = parseManifest((await content.fetchManifest(index.digest)).bytes, index.mediaType)
  if (manifest.kind !== "index") return
  for (const child of manifest.manifests) {
    // Shared children are visited once, so that a small document cannot ask for exponential work.
    if (found.has(child.digest)) continue
    if (found.size >= limits.indexChildren)
      tooMuch("an index lists too much", `more than ${limits.indexChildren} entries`, index)
    found.set(child.digest, child)
    await collectBelow(content, child, depth + 1, found)
  }
}

function tooMuch(what: string, why: string, index: Descriptor): never {
  throw new ToolError("E_LIMIT_EXCEEDED", { what, why: `found ${why} at ${index.digest}`, kind: "unknown" })
}
