import { constants } from "node:fs"
import { lstat, open, rm } from "node:fs/promises"
import { join } from "node:path"

import { ToolError } from "../../../core/errors.ts"
import type { Clock } from "../../../core/ports.ts"
import type { Sleep } from "../context.ts"
import { codeOf, ioError } from "./layout-files.ts"

/** Milliseconds after which a lock belongs to a writer that died; holding one takes a few. */
const STALE_MS = 60_000
/** Tries, about 25 ms apart. */
const MAX_TRIES = 2400

/**
 * Run `work` while no other process changes the layout's `index.json`, by a lock file beside it.
 *
 * @throws {ToolError} `E_REGISTRY_CONFLICT` when the lock is never free; `E_IO`.
 */
export async function withLayoutLock<T>(
  root: string,
  clock: Clock,
  sleep: Sleep,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const path = join(root, "index.json.lock")
  for (let attempt = 1; !(await take(path)); attempt++) {
    if (attempt >= MAX_TRIES) {
      throw new ToolError("E_REGISTRY_CONFLICT", {
        what: `${root} is being changed by another program`,
        why: `${path} did not go away`,
        next: ["run the command again; remove the lock file if no other program runs"],
      })
    }
    await removeStale(path, clock)
    await sleep(25, signal)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644)
    await file.close()
    return true
  } catch (thrown) {
    if (codeOf(thrown) === "EEXIST") return false
    throw ioError(path, thrown)
  }
}

async function removeStale(path: string, clock: Clock): Promise<void> {
  try {
    const { mtimeMs } = await lstat(path)
    if (clock.now() - mtimeMs > STALE_MS) await rm(path, { force: true })
  } catch (thrown) {
    if (codeOf(thrown) !== "ENOENT") throw ioError(path, thrown)
  }
}
