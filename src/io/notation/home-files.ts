import { constants } from "node:fs"
import { type FileHandle, lstat, mkdir, open, unlink } from "node:fs/promises"
import { dirname, join, sep } from "node:path"

import { concatBytes } from "../../codec/concat-bytes.ts"
import { ToolError } from "../../core/errors.ts"
import { makeFolders } from "../../core/make-folders.ts"
import { errnoOf, ioError } from "../system/io-error.ts"
import { type HeldLock, withLockFile } from "../system/lock-file.ts"
import type { HomeContext } from "./home-context.ts"

/** Looks at a lock that is held, until giving up: longer than a dead holder keeps it. */
const MAX_LOOKS = 2800
const CHUNK_BYTES = 64 * 1024

/** Make a folder and those above it where they are missing, by default for the user alone. @throws {ToolError} `E_IO`. */
export async function makePrivateFolder(path: string, mode = 0o700): Promise<void> {
  try {
    await makeFolders(sep === "/" ? path : path.replaceAll(sep, "/"), (folder) => mkdir(folder, { mode }))
  } catch (thrown) {
    throw ioError("mkdir", path, thrown)
  }
}

/**
 * A regular file, whole.
 *
 * SECURITY: a link would make a file of somebody else count as the user's own; a pipe would keep the reader waiting.
 *
 * @param max - bytes.
 * @param irregular - error for a link, a folder and anything else that is no regular file.
 * @returns `undefined` when there is none of that name.
 * @throws {ToolError} `irregular`; `E_LIMIT_EXCEEDED`; `E_IO`.
 */
export async function readRegular(
  path: string,
  max: number,
  irregular: () => ToolError,
): Promise<Uint8Array | undefined> {
  let file: FileHandle | undefined
  try {
    if (!(await lstat(path)).isFile()) throw irregular()
    // Windows knows neither flag.
    const flags = constants.O_RDONLY | ((constants.O_NOFOLLOW as number | undefined) ?? 0)
    file = await open(path, flags | ((constants.O_NONBLOCK as number | undefined) ?? 0))
    if (!(await file.stat()).isFile()) throw irregular()
    return await readAll(file, path, max)
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return undefined
    if (errnoOf(thrown) === "ELOOP") throw irregular()
    throw ioError("open", path, thrown)
  } finally {
    await file?.close()
  }
}

/** A file of the user's choice, whole; links are followed. @throws {ToolError} `E_LIMIT_EXCEEDED`. What the system throws. */
export async function readBounded(path: string, max: number): Promise<Uint8Array> {
  const file = await open(path, "r")
  try {
    return await readAll(file, path, max)
  } finally {
    await file.close()
  }
}

/** The stated size is not believed: a device has none. */
async function readAll(file: FileHandle, path: string, max: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { bytesRead, buffer } = await file.read(new Uint8Array(CHUNK_BYTES), 0, CHUNK_BYTES, null)
    if (bytesRead === 0) break
    size += bytesRead
    if (size > max) {
      throw new ToolError("E_LIMIT_EXCEEDED", {
        what: `${path} is too large`,
        why: `it has more than ${max} bytes, which is all that is accepted`,
        details: { path, limit: max },
      })
    }
    parts.push(buffer.subarray(0, bytesRead))
  }
  return concatBytes(parts)
}

/** Remove a file. @returns false when it was not there. @throws {ToolError} `E_IO`. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return false
    throw ioError("remove", path, thrown)
  }
}

/**
 * Run `work` while no other process of this program changes the file at `path` or what it stands for. Makes the folder.
 *
 * @throws {ToolError} `E_STORAGE_LOCKED` when the lock is never free; `E_IO`; what `work` throws.
 */
export async function withHomeLock<T>(
  context: HomeContext,
  path: string,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  await makePrivateFolder(dirname(path))
  const lock = `${path}.lock`
  const busy = (holder: string): ToolError =>
    new ToolError("E_STORAGE_LOCKED", {
      what: `${path} is being changed by another program`,
      why: `${lock} is held by ${holder}`,
      next: ["run the command again; remove the lock file if no other program runs"],
    })
  const fault = (at: string, thrown: unknown): ToolError => ioError("open", at, thrown)
  const { clock, sleep } = context
  return withLockFile({ path: lock, clock, sleep, maxLooks: MAX_LOOKS, busy, fault }, work)
}

/** Path below the configuration folder. */
export function configPath(context: HomeContext, ...names: readonly string[]): string {
  return join(context.folders.config, ...names)
}

/**
 * Whether a name is that of a store, a local key or a file, and nothing else.
 *
 * SECURITY: `.` and `..` have only letters that notation allows, and lead elsewhere.
 */
export function isFileName(name: string): boolean {
  return /^[a-zA-Z0-9_.-]{1,255}$/.test(name) && name !== "." && name !== ".."
}
