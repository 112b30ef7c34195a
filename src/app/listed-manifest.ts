import { malformed, quoted } from "../codec/malformed.ts"
import { bareMediaType, parseManifest } from "../codec/oci/manifest.ts"
import type { Descriptor, FetchedManifest, ImageIndex, ImageManifest } from "../core/descriptor.ts"
import type { ContentStore } from "../core/ports.ts"

/** A manifest that an index lists. */
export interface ListedManifest {
  readonly fetched: FetchedManifest
  readonly parsed: ImageManifest | ImageIndex
}

/**
 * Fetch a manifest that an index lists and hold it against what the index says of it.
 *
 * SECURITY: an index listed as an image would otherwise hide everything below it from whoever signs, verifies or copies
 * the whole, while clients that go by the content find it.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED` when the content is of another type than listed;
 *   `E_FORMAT_UNSUPPORTED_VERSION` when it is of no known kind; `E_REF_TAG_NOT_FOUND`.
 */
export async function fetchListed(content: ContentStore, listed: Descriptor): Promise<ListedManifest> {
  const fetched = await content.fetchManifest(listed.digest)
  const seen = bareMediaType(fetched.descriptor.mediaType)
  const expected = bareMediaType(listed.mediaType)
  if (seen !== expected) {
    const why = `its entry in an index says ${quoted(expected, 100)}, the content is ${quoted(seen, 100)}`
    throw malformed(`entry ${listed.digest}`, why)
  }
  return { fetched, parsed: parseManifest(fetched.bytes, expected) }
}
