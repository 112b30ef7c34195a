import { randomBytes } from "node:crypto"
import { unlinkSync } from "node:fs"
import { type FileHandle, link, lstat, mkdir, open, realpath, rename, stat, unlink } from "node:fs/promises"
import { basename, dirname, join, relative, sep } from "node:path"
import { ToolError } from "../../core/errors.ts"
import { makeFolders } from "../../core/make-folders.ts"
import { errnoOf, ioError } from "./io-error.ts"

/** How a file is written. */
export interface WriteOptions {
  /** Permission bits before the umask. Default 0666, or those of the file that is replaced. */
  readonly mode?: number
  /** Refuse to replace anything. */
  readonly exclusive?: boolean
  /** Replace a symbolic link, pipe or device of that name instead of writing to what is behind it. */
  readonly noFollow?: boolean
  /** Make the folders above the file where they are missing. */
  readonly makeFolders?: boolean
  /** Folder that the path begins with; of the folders below it none may be a symbolic link. */
  readonly within?: string
}

/** Temporary files that exist now; removed when the process ends early. */
const temporary = new Set<string>()
let watching = false

function track(path: string): void {
  if (!watching) {
    watching = true
    process.on("exit", removeLeftovers)
  }
  temporary.add(path)
}

function removeLeftovers(): void {
  for (const path of temporary) {
    try {
      unlinkSync(path)
    } catch {
      // The process is ending; there is nobody left to tell.
      continue
    }
  }
}

function exists(path: string): ToolError {
  return new ToolError("E_FILE_EXISTS", {
    what: `${path} exists already`,
    why: "the file would be overwritten, expected it to be absent",
    details: { path },
  })
}

interface Target {
  /** The file itself, behind symbolic links. */
  readonly path: string
  readonly mode: number | undefined
  /** A pipe or device is written to, never replaced. */
  readonly special: boolean
}

async function inspect(path: string): Promise<Target> {
  try {
    const real = await realpath(path)
    const facts = await stat(real)
    return { path: real, mode: facts.mode & 0o777, special: !facts.isFile() && !facts.isDirectory() }
  } catch (thrown) {
    if (errnoOf(thrown) !== "ENOENT") throw thrown
    return { path, mode: undefined, special: false }
  }
}

async function writeAll(file: FileHandle, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten
  }
}

/** Make the rename itself durable; not every file system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r")
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (thrown) {
    if (!["EISDIR", "EINVAL", "EPERM", "EACCES", "ENOTSUP"].includes(errnoOf(thrown) ?? "")) throw thrown
  }
}

/** Put the finished temporary file in place. */
async function place(from: string, to: string, exclusive: boolean): Promise<void> {
  if (!exclusive) return rename(from, to)
  try {
    // A link fails when the name is taken, which a rename does not.
    await link(from, to)
  } catch (thrown) {
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(errnoOf(thrown) ?? "")) throw thrown
    // File systems without hard links: reserve the name first, then replace the reservation.
    await (await open(to, "wx")).close()
    return rename(from, to)
  }
  await unlink(from)
}

async function writeSpecial(path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, "w")
  try {
    await writeAll(file, chunks)
  } finally {
    await file.close()
  }
}

async function taken(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return false
    throw thrown
  }
}

/** SECURITY: level by level, so that nothing is made where a link leads before it is seen. */
async function enterFolders(within: string, path: string, make: boolean): Promise<void> {
  if (make) await makeFolders(within, (folder) => mkdir(folder))
  const names = relative(within, dirname(path)).split(sep)
  let folder = within
  for (const name of names.filter((one) => one !== "")) {
    folder = join(folder, name)
    if (make) await makeFolders(folder, (missing) => mkdir(missing))
    if (name === ".." || (await lstat(folder)).isSymbolicLink()) throw leadsOut(folder, within)
  }
}

function leadsOut(folder: string, within: string): ToolError {
  return new ToolError("E_IO", {
    what: `${folder} is a link`,
    why: `what is written below ${within} must stay there; expected a folder`,
    next: ["remove the link, or name another folder"],
    details: { path: folder },
  })
}

async function write(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: WriteOptions,
): Promise<void> {
  const exclusive = options.exclusive === true
  if (options.within !== undefined) await enterFolders(options.within, path, options.makeFolders === true)
  else if (options.makeFolders === true) await makeFolders(dirname(path), (folder) => mkdir(folder))
  if (exclusive && (await taken(path))) throw exists(path)
  const target: Target = options.noFollow === true ? { path, mode: undefined, special: false } : await inspect(path)
  if (target.special) return writeSpecial(target.path, chunks)
  const folder = dirname(target.path)
  const temp = join(folder, `.${basename(target.path).slice(0, 100)}.${randomBytes(6).toString("hex")}.tmp`)
  const file = await open(temp, "wx", options.mode ?? target.mode ?? 0o666)
  track(temp)
  try {
    try {
      await writeAll(file, chunks)
      await file.sync()
    } finally {
      await file.close()
    }
    await place(temp, target.path, exclusive)
  } catch (thrown) {
    await unlink(temp).catch(() => undefined)
    throw thrown
  } finally {
    temporary.delete(temp)
  }
  await syncFolder(folder)
}

/**
 * Write a file so that its name shows either the old content or all of the new: temporary file in the same folder,
 * flush, rename. A failure leaves nothing behind. Symbolic links are followed; pipes and devices are written directly,
 * unless `noFollow` is set.
 *
 * @throws {ToolError} `E_IO`, also for a link below `within`; `E_FILE_EXISTS` with `exclusive`; what `chunks` throws passes
 *   unchanged.
 */
export async function atomicWrite(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  try {
    await write(path, chunks, options)
  } catch (thrown) {
    if (options.exclusive === true && errnoOf(thrown) === "EEXIST") throw exists(path)
    throw errnoOf(thrown) === undefined ? thrown : ioError(verbOf(thrown), path, thrown)
  }
}

/** Go names the system call that failed; creating a file is its `open`. */
function verbOf(thrown: unknown): string {
  const call = (thrown as NodeJS.ErrnoException).syscall
  return call === "write" || call === "rename" ? call : "open"
}
