import type { Descriptor, ImageIndex, ImageManifest } from "../../core/descriptor.ts"
import type { Digest } from "../../core/digest.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { Attached, ContentStore } from "../../core/ports.ts"
import { parseManifest } from "../../codec/oci/manifest.ts"
import type { BlobUploads } from "./blob-push.ts"
import { randomBetween, type RepositoryContext } from "./context.ts"
import { digestOf } from "./digester.ts"
import { pushManifest } from "./manifest-push.ts"
import { referrerEntry } from "./referrers-index.ts"
import { requireRoom } from "./referrers-room.ts"
import { editReferrersTag } from "./referrers-tag.ts"
import { isListed } from "./referrers.ts"

/** How to make a referrer findable. */
type AttachOptions = NonNullable<Parameters<ContentStore["attach"]>[2]>

/** Times the API is asked for a referrer it accepted; some index after they answered. */
const MAX_LOOKS = 6

/**
 * Push a manifest with a subject and make sure that it can be found: by the referrers API, else by the referrers tag.
 *
 * `OCI-Subject` in the answer is no proof that the API exists; the list itself is read.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED` without a subject; `E_LIMIT_EXCEEDED` before anything is stored;
 *   `E_REGISTRY_*`. When the manifest is stored but could not be listed, the error names its digest.
 *
 * Spec: OCI distribution-spec "Pushing Manifests with Subject".
 */
export async function attach(
  context: RepositoryContext,
  uploads: BlobUploads,
  bytes: Uint8Array,
  mediaType: string,
  { tag = "fallback", signal }: AttachOptions = {},
): Promise<Attached> {
  const manifest = parseManifest(bytes, mediaType)
  const subject = requiredSubject(manifest)
  const entry = referrerEntry({ mediaType, digest: digestOf(bytes), size: bytes.length }, manifest)
  await requireRoom(context, subject, entry, tag === "fallback", signal)
  const { descriptor } = await pushManifest(context, uploads, bytes, mediaType, signal === undefined ? {} : { signal })
  try {
    if (tag === "fallback" && (await appears(context, subject, descriptor.digest, signal))) {
      return { descriptor, via: "referrers-api", repairs: 0 }
    }
    const { repairs } = await editReferrersTag(context, uploads, subject, { add: [entry], remove: [] }, signal)
    return { descriptor, via: "referrers-tag", repairs }
  } catch (thrown) {
    throw unlisted(context, descriptor, asToolError(thrown))
  }
}

/** Subject of a referrer about to be attached. */
export function requiredSubject(manifest: ImageManifest | ImageIndex): Digest {
  if (manifest.subject !== undefined) return manifest.subject.digest
  throw new ToolError("E_FORMAT_MALFORMED", {
    what: "manifest cannot be attached",
    why: "it has no subject, expected the descriptor of the artifact it belongs to",
  })
}

async function appears(
  context: RepositoryContext,
  subject: Digest,
  referrer: Digest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (let look = 1; look <= MAX_LOOKS; look++) {
    const listed = await isListed(context, subject, referrer, signal)
    if (listed !== false) return listed === true
    if (look < MAX_LOOKS) await context.sleep(randomBetween(context.randomness, 50, 150 * look), signal)
  }
  context.logger.debug("registry.referrers.not-listed", { repository: context.name, subject, referrer })
  return false
}

function unlisted(context: RepositoryContext, descriptor: Descriptor, error: ToolError): ToolError {
  return new ToolError(error.code, {
    what: `referrer ${descriptor.digest} is stored in ${context.name} but not listed`,
    why: error.message,
    next: ["run the command again; what is stored already is not stored twice", ...error.next],
    details: { ...error.details, referrer: descriptor.digest, repository: context.name },
    cause: error,
  })
}
