import type { Digest } from "../../core/digest.ts"
import { OCI_INDEX } from "../../core/media-types.ts"
import type { ReferrerList } from "../../core/ports.ts"
import type { BlobUploads } from "./blob-push.ts"
import type { RepositoryContext } from "./context.ts"
import { getManifest } from "./manifests.ts"
import { boundedReferrersOf, IndexEditor, referrersTag, type IndexEdit } from "./referrers-index.ts"
import { updateTag, type TagUpdate } from "./tag-update.ts"

/**
 * Referrers by the referrers tag alone. Each entry is a claim: the manifest it names may have another subject.
 *
 * @param artifactType - type wanted; entries that tell none stay. Others do not count.
 * @returns `supported: false` when there is no such tag.
 * @throws {ToolError} `E_FORMAT_MALFORMED` when the tag holds no OCI index; `E_LIMIT_EXCEEDED`; `E_REGISTRY_*`.
 *
 * Spec: OCI distribution-spec "Referrers Tag Schema".
 */
export async function listReferrersTag(
  context: RepositoryContext,
  subject: Digest,
  artifactType?: string,
  signal?: AbortSignal,
): Promise<ReferrerList> {
  const state = await getManifest(context, referrersTag(subject), { signal })
  const entries = state === undefined ? undefined : boundedReferrersOf(state.manifest, subject, artifactType)
  if (entries === undefined) return { entries: [], via: "referrers-tag", supported: false }
  return { entries, via: "referrers-tag", supported: true }
}

/**
 * Add entries to and remove them from the referrers tag without losing those of others. Edits of one process to one
 * subject are merged.
 *
 * @throws {ToolError} see {@link updateTag}.
 */
export function editReferrersTag(
  context: RepositoryContext,
  uploads: BlobUploads,
  subject: Digest,
  edit: IndexEdit,
  signal?: AbortSignal,
): Promise<TagUpdate> {
  const tag = referrersTag(subject)
  return context.queues.batch(tagKey(context, tag), { edit, signal }, (items) => {
    const editor = new IndexEditor(
      subject,
      items.map((item) => item.edit),
    )
    // One who gives up must not end the work of those it was merged with.
    const only = items.length === 1 ? items[0]?.signal : undefined
    return updateTag(
      context,
      uploads,
      tag,
      (current) => {
        const bytes = editor.apply(current)
        return Promise.resolve(bytes === undefined ? undefined : { bytes, mediaType: OCI_INDEX })
      },
      (manifest) => editor.apply(manifest) === undefined,
      only,
    )
  })
}

/**
 * Remove entries from the referrers tag. An index that becomes empty stays: not every registry can delete a tag.
 *
 * @returns false when none was there.
 */
export async function detachFromTag(
  context: RepositoryContext,
  uploads: BlobUploads,
  subject: Digest,
  referrers: readonly Digest[],
  signal?: AbortSignal,
): Promise<boolean> {
  const { entries } = await listReferrersTag(context, subject, undefined, signal)
  if (!entries.some((entry) => referrers.includes(entry.digest))) return false
  await editReferrersTag(context, uploads, subject, { add: [], remove: referrers }, signal)
  return true
}

/** Key of a tag among the process's writers. */
export function tagKey(context: RepositoryContext, tag: string): string {
  return `${context.origin.key}/${context.repository}:${tag}`
}
