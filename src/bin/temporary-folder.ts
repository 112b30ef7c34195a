import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A new empty folder that only this user can enter; `remove` deletes it with everything in it. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "countersign-"))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
