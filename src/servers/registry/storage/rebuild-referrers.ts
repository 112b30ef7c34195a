import type { Digest } from "../../../core/digest.ts"
import { ToolError } from "../../../core/errors.ts"
import { RegistryFault } from "../fault.ts"
import { validateManifest } from "../validate-manifest.ts"
import type { Metadata } from "./metadata.ts"
import type { ManifestFacts, RebuildResult, ReferrerFacts } from "./storage.ts"
import type { VerifiedReads } from "./verified-read.ts"

/**
 * Derive all referrers lists again from the manifests. What a damaged manifest said is left out of the lists and
 * reported; the lists change only after everything was read.
 */
export async function rebuildReferrers(metadata: Metadata, reads: VerifiedReads): Promise<RebuildResult> {
  let referrers = 0
  const damaged: Digest[] = []
  const manifests = metadata.allManifests()
  metadata.stageNoReferrers()
  for (const manifest of manifests) {
    const referrer = await referrerOf(manifest, reads)
    if (referrer === "damaged") damaged.push(manifest.digest)
    else if (referrer !== undefined) {
      metadata.stageReferrer(manifest.repository, manifest, referrer)
      referrers += 1
    }
  }
  metadata.adoptReferrers()
  return { manifests: manifests.length, referrers, damaged }
}

async function referrerOf(
  manifest: ManifestFacts,
  reads: VerifiedReads,
): Promise<ReferrerFacts | "damaged" | undefined> {
  try {
    return validateManifest(await reads.whole(manifest.digest), manifest.mediaType).referrer
  } catch (thrown) {
    if (thrown instanceof RegistryFault) return "damaged"
    if (thrown instanceof ToolError && thrown.code === "E_STORAGE_CORRUPT") return "damaged"
    throw thrown
  }
}
