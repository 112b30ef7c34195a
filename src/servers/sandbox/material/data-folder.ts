import { randomUUID } from "node:crypto"
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { ToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import { makeFolders } from "../../../core/make-folders.ts"

/** A folder of a sandbox that this process alone serves. */
export interface LockedFolder {
  release(): void
}

/** SQLite's codes for "somebody else has it". */
const TAKEN: readonly (number | undefined)[] = [5, 6]

/**
 * Make the folder where it is missing and keep other servers out of it. The lock ends with the process, however that ends.
 *
 * @throws {ToolError} `E_STORAGE_LOCKED` when another server has the folder, `E_IO` when it cannot be used.
 */
export async function lockFolder(folder: string): Promise<LockedFolder> {
  await fileWork("make the sandbox's folder", () => makeFolders(folder, (path) => mkdir(path, { mode: 0o700 })))
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(folder, "lock.sqlite"))
    database.exec("PRAGMA locking_mode = EXCLUSIVE")
    database.exec("BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS lock (held INTEGER); COMMIT")
  } catch (cause) {
    database?.close()
    const code = (cause as { readonly errcode?: number }).errcode
    const why = cause instanceof Error ? cause.message : String(cause)
    if (!TAKEN.includes(code === undefined ? undefined : code & 0xff))
      throw new ToolError("E_IO", { what: `cannot use the sandbox's folder ${folder}`, why, cause })
    throw new ToolError("E_STORAGE_LOCKED", {
      what: `the sandbox's folder ${folder} is in use`,
      why: `another server has it open (${why})`,
      cause,
    })
  }
  const held = database
  try {
    await fileWork("tidy the sandbox's folder", () => removeLeftovers(folder))
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

/** Run file work, failures as `E_IO`. */
export async function fileWork<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof ToolError) throw cause
    const errno = (cause as NodeJS.ErrnoException | undefined)?.code
    throw new ToolError("E_IO", {
      what: `cannot ${doing}`,
      why: cause instanceof Error ? cause.message : String(cause),
      details: errno === undefined ? {} : { errno },
      cause,
    })
  }
}

/** Write a file as a whole: whoever reads it sees the old content or the new one. */
export async function writeWhole(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await fileWork(`write ${path}`, async () => {
    await makeFolders(dirname(path), (folder) => mkdir(folder, { mode: 0o700 }))
    const pending = pendingName(path)
    try {
      const file = await open(pending, "wx", mode)
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(pending, path)
    } catch (cause) {
      await rm(pending, { force: true })
      throw cause
    }
  })
}

/** Content of a small file; `undefined` when there is none. @throws {ToolError} `E_IO`, `E_LIMIT_EXCEEDED`. */
export async function readSmall(path: string): Promise<Uint8Array | undefined> {
  return fileWork(`read ${path}`, async () => {
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
