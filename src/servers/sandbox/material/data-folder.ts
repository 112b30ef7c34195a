import { randomUUID } from "node:crypto"
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { ToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import { makeFolders } from "../../../core/make-folders.ts"
import { withIoErrors, writeNew } from "../../file-work.ts"
import { databaseFault, takenError } from "../../own-database.ts"

/** A folder of a sandbox that this process alone serves. */
export interface LockedFolder {
  release(): void
}

/**
 * Make the folder where it is missing and keep other servers out of it. The lock ends with the process, however that ends.
 *
 * @throws {ToolError} `E_STORAGE_LOCKED` when another server has the folder, `E_IO` when it cannot be used.
 */
export async function lockFolder(folder: string): Promise<LockedFolder> {
  await withIoErrors("make the sandbox's folder", () => makeFolders(folder, (path) => mkdir(path, { mode: 0o700 })))
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(folder, "lock.sqlite"))
    database.exec("PRAGMA locking_mode = EXCLUSIVE")
    database.exec("BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS lock (held INTEGER); COMMIT")
  } catch (cause) {
    database?.close()
    if (databaseFault(cause) === "taken") throw takenError(`the sandbox's folder ${folder}`, cause)
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ToolError("E_IO", { what: `cannot use the sandbox's folder ${folder}`, why, cause })
  }
  const held = database
  try {
    await withIoErrors("tidy the sandbox's folder", () => removeLeftovers(folder))
  } catch (thrown) {
    held.close()
    throw thrown
  }
  return {
    release: () => {
      held.close()
    },
  }
}

/** Name of what is not in its place yet. @param name - of the place; empty for a hidden folder. */
export function pendingName(name: string): string {
  return `${name}.${randomUUID()}.new`
}

/** What a process that was killed had not put into place: keys among it. */
async function removeLeftovers(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => /\.[0-9a-f-]{36}\.new$/.test(name))
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true })
}

/** Write a file as a whole: whoever reads it sees the old content or the new one. */
export async function writeWhole(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await withIoErrors(`write ${path}`, async () => {
    await makeFolders(dirname(path), (folder) => mkdir(folder, { mode: 0o700 }))
    const pending = pendingName(path)
    try {
      await writeNew(pending, content, { mode, flush: true })
      await rename(pending, path)
    } catch (cause) {
      await rm(pending, { force: true })
      throw cause
    }
  })
}

/** Content of a small file; `undefined` when there is none. @throws {ToolError} `E_IO`, `E_LIMIT_EXCEEDED`. */
export async function readSmall(path: string): Promise<Uint8Array | undefined> {
  return withIoErrors(`read ${path}`, async () => {
    try {
      const bytes = new Uint8Array(await readFile(path))
      if (bytes.length <= limits.configFileBytes) return bytes
      throw new ToolError("E_LIMIT_EXCEEDED", {
        what: `${path} is too large`,
        why: `${bytes.length} bytes, at most ${limits.configFileBytes} are allowed`,
      })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined
      throw cause
    }
  })
}
