import { rm } from "node:fs/promises"

import { isDigest } from "../../../core/digest.ts"
import type { HeldLock } from "../../system/lock-file.ts"
import { blobFile, hasBlobFile } from "./layout-files.ts"
import { entryOfTag, readLayoutIndex, writeLayoutIndex } from "./layout-index.ts"

/**
 * Delete a tag's entry or, by digest, every entry and the manifest's blob.
 *
 * @returns false when it was not there.
 * @throws {ChangeLost} when the lock is somebody else's.
 */
export async function deleteFromLayout(root: string, reference: string, lock: HeldLock): Promise<boolean> {
  const index = await readLayoutIndex(root)
  const tagged = isDigest(reference) ? undefined : entryOfTag(index, reference)
  const keep = index.entries.filter(({ descriptor }) => descriptor !== tagged && descriptor.digest !== reference)
  const listed = keep.length < index.entries.length
  if (listed) {
    const raws = keep.map((entry) => entry.raw)
    await writeLayoutIndex(root, index, raws, lock)
  }
  if (!isDigest(reference) || !(await hasBlobFile(root, reference))) return listed
  // Whoever has the lock by now may have attached it again.
  await lock.check()
  await rm(blobFile(root, reference), { force: true })
  return true
}
