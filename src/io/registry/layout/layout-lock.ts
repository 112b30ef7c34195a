import { join } from "node:path"

import { ToolError } from "../../../core/errors.ts"
import type { Clock, Sleep } from "../../../core/ports.ts"
import { withLockFile, type HeldLock } from "../../system/lock-file.ts"
import { ioError } from "./layout-files.ts"

/** Looks at a lock that is held, until giving up: a minute. */
const MAX_LOOKS = 2400

/**
 * Run `work` while no other process changes the layout's `index.json`, by a lock file beside it. Work whose change was
 * lost is done again.
 *
 * @throws {ToolError} `E_REGISTRY_CONFLICT` when the lock is never free; `E_IO`.
 */
export function withLayoutLock<T>(
  root: string,
  clock: Clock,
  sleep: Sleep,
  work: (lock: HeldLock) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const path = join(root, "index.json.lock")
  const busy = (holder: string): ToolError =>
    new ToolError("E_REGISTRY_CONFLICT", {
      what: `${root} is being changed by another program`,
      why: `${path} is held by ${holder}`,
      next: ["run the command again; remove the lock file if no other program runs"],
    })
  return withLockFile({ path, clock, sleep, maxLooks: MAX_LOOKS, busy, fault: ioError, signal }, work)
}
