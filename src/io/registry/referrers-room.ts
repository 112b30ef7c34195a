import type { Descriptor } from "../../core/descriptor.ts"
import type { Digest } from "../../core/digest.ts"
import { asToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { ReferrerList, TagState } from "../../core/ports.ts"
import type { RepositoryContext } from "./context.ts"
import { getManifest } from "./manifests.ts"
import { IndexEditor, referrersTag, tooMany } from "./referrers-index.ts"
import { listReferrers } from "./referrers.ts"
import { RACING } from "./tag-update.ts"

/**
 * Refuse one more referrer where readers would refuse all of them then: what cannot be listed must not be stored.
 *
 * Others may attach at the same time, so whoever writes the referrers tag counts again. A list that cannot be read is
 * no obstacle yet: some registries deny what does not exist, and a tag may be half written at the moment.
 *
 * @param api - whether the referrers API is to list it where there is one.
 * @throws {ToolError} `E_LIMIT_EXCEEDED`; `E_FORMAT_MALFORMED` or `E_REGISTRY_REFERRERS_UNSUPPORTED` when the tag holds
 *   something else than referrers.
 */
export async function requireRoom(
  context: RepositoryContext,
  subject: Digest,
  entry: Descriptor,
  api: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const list = api
    ? await unlessUnreadable(() => listReferrers(context, subject, undefined, signal), signal)
    : undefined
  if (list?.supported === true) {
    requireRoomInList(subject, entry, list)
    return
  }
  const ask = (): Promise<TagState | undefined> =>
    getManifest(context, referrersTag(subject), { signal, accept: RACING })
  const state = await unlessUnreadable(ask, signal)
  new IndexEditor(subject, [{ add: [entry], remove: [] }]).apply(state?.manifest)
}

function requireRoomInList(subject: Digest, entry: Descriptor, { entries }: ReferrerList): void {
  if (entries.length < limits.referrers || entries.some(({ digest }) => digest === entry.digest)) return
  throw tooMany(subject, `the registry lists ${entries.length}, at most ${limits.referrers} are read`)
}

async function unlessUnreadable<T>(read: () => Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  try {
    return await read()
  } catch (thrown) {
    signal?.throwIfAborted()
    if (asToolError(thrown).code === "E_LIMIT_EXCEEDED") throw thrown
    return undefined
  }
}
