import { randomUUID } from "node:crypto"
import { closeSync, constants, fstatSync, openSync, read, readSync } from "node:fs"
import { open, readFile, rename, rm, stat, truncate, type FileHandle } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { digestAlgorithm, digestHex, type Digest } from "../../../core/digest.ts"
import { ToolError } from "../../../core/errors.ts"
import type { ContentFiles } from "./content.ts"
import { ioError, withIoErrors, writeNew } from "../../file-work.ts"

/** Where content and uploads lie. */
export interface ContentFolders {
  /** Holds `<algorithm>/<hex>`; on the same file system as `uploads`. */
  readonly blobs: string
  /** Holds parts and temporary files. */
  readonly uploads: string
}

/** Bytes read at a time. */
const CHUNK = 512 * 1024
const FILE_MODE = 0o600
/** Files up to this size are read without the thread pool: the detour costs more than the read. */
const SYNC_BYTES = 64 * 1024
/** SECURITY: a link put into the folder must not lead out of it. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW

const readAsync = promisify(read)

/**
 * Content as files named by digest. New content is written under another name, flushed, renamed into place, and the
 * folder flushed, so a name never shows partial bytes, whatever ends the process or the machine.
 *
 * @param flush - false leaves the flushing to the operating system: safe against a killed process, not a power failure.
 */
export function createFileContent(folders: ContentFolders, flush: boolean): ContentFiles {
  const place = (digest: Digest): string => join(folders.blobs, digestAlgorithm(digest), digestHex(digest))
  const partPath = (id: string): string => join(folders.uploads, id)

  async function settle(from: string, digest: Digest): Promise<void> {
    await rename(from, place(digest))
    if (flush) await flushFolder(join(folders.blobs, digestAlgorithm(digest)))
  }

  return {
    stat: (digest) => withIoErrors("look at stored content", () => statOf(place(digest))),
    read: (digest) => readWhole(place(digest), digest),
    stream: (digest, first, last) => readChunks(place(digest), first, last),
    write: (digest, bytes) =>
      withIoErrors("store content", async () => {
        if (await holds(place(digest), bytes)) {
          // Whoever put it there may not have flushed the folder yet, and the answer promises that it is.
          if (flush) await flushFolder(join(folders.blobs, digestAlgorithm(digest)))
          return
        }
        const temporary = join(folders.uploads, `${randomUUID()}.tmp`)
        try {
          await writeNew(temporary, bytes, { mode: FILE_MODE, flush })
          await settle(temporary, digest)
        } catch (cause) {
          await rm(temporary, { force: true })
          throw cause
        }
      }),
    createPart: (id) =>
      withIoErrors("begin an upload", () => writeNew(partPath(id), "", { mode: FILE_MODE, flush: false })),
    partSize: (id) => withIoErrors("look at an upload", async () => (await statOf(partPath(id)))?.size),
    openPart: (id) => withIoErrors("continue an upload", () => openWriter(partPath(id))),
    readPart: (id) => readChunks(partPath(id), 0, Number.MAX_SAFE_INTEGER),
    truncatePart: (id, size) => withIoErrors("shorten an upload", () => truncate(partPath(id), size)),
    commitPart: (id, digest) =>
      withIoErrors("keep an upload", async () => {
        if (flush) await flushFile(partPath(id))
        await settle(partPath(id), digest)
      }),
    removePart: (id) => withIoErrors("remove an upload", () => rm(partPath(id), { force: true })),
  }
}

async function statOf(path: string): Promise<{ readonly size: number; readonly stamp: string } | undefined> {
  try {
    const found = await stat(path, { bigint: true })
    const stamp = [found.ino, found.size, found.mtimeNs, found.ctimeNs].map(String).join("-")
    return { size: Number(found.size), stamp }
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

async function readWhole(path: string, digest: Digest): Promise<Uint8Array<ArrayBuffer>> {
  let descriptor: number
  try {
    descriptor = openSync(path, READ_FLAGS)
  } catch (cause) {
    throw isMissing(cause) ? lost(digest) : ioError("read stored content", cause)
  }
  try {
    const bytes = new Uint8Array(fstatSync(descriptor).size)
    if (bytes.length <= SYNC_BYTES) readFully(descriptor, bytes)
    else await readFullyAsync(descriptor, bytes)
    return bytes
  } catch (cause) {
    throw ioError("read stored content", cause)
  } finally {
    closeSync(descriptor)
  }
}

async function readFullyAsync(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await readAsync(descriptor, bytes, at, bytes.length - at, at)
    if (bytesRead === 0) throw new Error("the file became shorter while it was read")
    at += bytesRead
  }
}

function readFully(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const count = readSync(descriptor, bytes, at, bytes.length - at, at)
    if (count === 0) throw new Error("the file became shorter while it was read")
    at += count
  }
}

async function* readChunks(path: string, first: number, last: number): AsyncGenerator<Uint8Array> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, READ_FLAGS)
    for (let at = first; at <= last;) {
      const chunk = new Uint8Array(Math.min(CHUNK, last - at + 1))
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  } catch (cause) {
    throw ioError("read stored content", cause)
  } finally {
    await handle?.close()
  }
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return (await readFile(path)).equals(bytes)
  } catch (cause) {
    if (isMissing(cause)) return false
    throw cause
  }
}

async function openWriter(
  path: string,
): Promise<{ write(chunks: readonly Uint8Array[]): Promise<void>; close(): Promise<void> }> {
  const handle = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW)
  return {
    write: (chunks) =>
      withIoErrors("write an upload", async () => {
        const { bytesWritten } = await handle.writev(chunks)
        let behind = bytesWritten
        for (const chunk of chunks) {
          // A full disk may take a part of the bytes without an error; the rest shows what is wrong.
          if (behind < chunk.length) await handle.writeFile(chunk.subarray(Math.max(0, behind)))
          behind -= chunk.length
        }
      }),
    close: () => withIoErrors("close an upload", () => handle.close()),
  }
}

async function flushFile(path: string): Promise<void> {
  const handle = await open(path, "r+")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Make names in a folder durable. */
export async function flushFolder(path: string): Promise<void> {
  const handle = await open(path, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isMissing(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT"
}

function lost(digest: Digest): ToolError {
  return new ToolError("E_STORAGE_CORRUPT", {
    what: `stored content of ${digest} is damaged`,
    why: "its file is missing or too short",
    details: { digest },
  })
}
