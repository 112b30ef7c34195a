import { constants } from "node:fs"
import { lstat, mkdir, open, rename, rm, type FileHandle } from "node:fs/promises"
import { join } from "node:path"

import type { Descriptor } from "../../../core/descriptor.ts"
import { digestAlgorithm, digestHex, type Digest } from "../../../core/digest.ts"
import { ToolError } from "../../../core/errors.ts"
import { makeFolders } from "../../../core/make-folders.ts"
import type { Randomness, UploadSource } from "../../../core/ports.ts"
import { StreamCheck } from "../blobs.ts"
import { hasDigest } from "../digester.ts"

const CHUNK_BYTES = 256 * 1024

/** Path of a blob within a layout. */
export function blobFile(root: string, digest: Digest): string {
  return join(root, "blobs", digestAlgorithm(digest), digestHex(digest))
}

/**
 * Whole file of a layout; `undefined` when it does not exist.
 *
 * @param max - bytes.
 * @throws {ToolError} `E_FORMAT_MALFORMED` for links and anything but a regular file; `E_LIMIT_EXCEEDED`; `E_IO`.
 */
export async function readFileWithin(path: string, max: number): Promise<Uint8Array | undefined> {
  const file = await openRegular(path)
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    if (size > max) {
      throw new ToolError("E_LIMIT_EXCEEDED", {
        what: `${path} is too large`,
        why: `it has ${size} bytes, at most ${max} are accepted`,
      })
    }
    return new Uint8Array(await file.readFile())
  } catch (thrown) {
    throw ioError(path, thrown)
  } finally {
    await file.close()
  }
}

/**
 * Verified stream of a blob; the last chunk comes only after size and digest fit.
 *
 * @throws {ToolError} `E_IO` when it is missing; `E_REGISTRY_PROTOCOL` when the content is other than described.
 */
export async function* readBlobFile(root: string, descriptor: Descriptor): AsyncGenerator<Uint8Array, void, void> {
  await refuseLinkedFolders(root, descriptor.digest)
  const path = blobFile(root, descriptor.digest)
  const file = await openRegular(path)
  if (file === undefined) {
    throw new ToolError("E_IO", {
      what: `blob ${descriptor.digest} is missing in ${root}`,
      why: `${path} does not exist`,
    })
  }
  const check = new StreamCheck(descriptor, `blob ${descriptor.digest} of ${root}`)
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(CHUNK_BYTES), 0, CHUNK_BYTES)
      if (bytesRead === 0) break
      const ready = check.take(buffer.subarray(0, bytesRead))
      if (ready !== undefined) yield ready
    }
  } catch (thrown) {
    throw ioError(path, thrown)
  } finally {
    await file.close()
  }
  const last = check.finish()
  if (last !== undefined) yield last
}

/**
 * Small blob of which only the digest is known; `undefined` when it does not exist.
 *
 * @param max - bytes.
 * @throws {ToolError} `E_FORMAT_MALFORMED` when damaged or a link; `E_LIMIT_EXCEEDED`; `E_IO`.
 */
export async function readVerifiedBlob(root: string, digest: Digest, max: number): Promise<Uint8Array | undefined> {
  await refuseLinkedFolders(root, digest)
  const path = blobFile(root, digest)
  const bytes = await readFileWithin(path, max)
  if (bytes === undefined || hasDigest(bytes, digest)) return bytes
  throw new ToolError("E_FORMAT_MALFORMED", { what: `blob ${digest} is damaged`, why: `${path} has other content` })
}

/** Whether a blob is there as a regular file. */
export async function hasBlobFile(root: string, digest: Digest): Promise<boolean> {
  await refuseLinkedFolders(root, digest)
  const found = await statOf(blobFile(root, digest))
  if (found !== undefined && !found.isFile()) throw linked(blobFile(root, digest))
  return found !== undefined
}

/**
 * Write a blob: temporary file, flush, rename. Nothing is left behind when the source is other than described.
 */
export async function writeBlobFile(
  root: string,
  descriptor: Descriptor,
  source: UploadSource,
  randomness: Randomness,
): Promise<void> {
  await makeFolders(join(root, "blobs", digestAlgorithm(descriptor.digest)), (folder) => mkdir(folder))
  await refuseLinkedFolders(root, descriptor.digest)
  const check = new StreamCheck(descriptor, `content for blob ${descriptor.digest}`)
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of "bytes" in source ? [source.bytes] : source.open()) {
      check.take(chunk)
      yield chunk
    }
    check.finish()
  }
  await replaceFile(blobFile(root, descriptor.digest), chunks(), randomness)
}

/** Replace a file as a whole: temporary file beside it, flush, rename. */
async function replaceFile(
  path: string,
  content: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  randomness: Randomness,
): Promise<void> {
  const folder = join(path, "..")
  const suffix = [...randomness.bytes(8)].map((byte) => byte.toString(16).padStart(2, "0")).join("")
  const temporary = join(folder, `.${suffix}`)
  try {
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644)
    try {
      for await (const chunk of content) await file.appendFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (thrown) {
    await rm(temporary, { force: true })
    throw ioError(path, thrown)
  }
}

/**
 * SECURITY: a layout comes from elsewhere; a link in it would read, or write, files of the host (advisories 12,
 * symlinks in layouts).
 */
async function openRegular(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT" || codeOf(thrown) === "ENOTDIR") return undefined
    if (codeOf(thrown) === "ELOOP") throw linked(path)
    throw ioError(path, thrown)
  }
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw linked(path)
}

/** Refuse `blobs` and its folders when they are links. */
export async function refuseLinkedFolders(root: string, digest: Digest): Promise<void> {
  for (const folder of [join(root, "blobs"), join(root, "blobs", digestAlgorithm(digest))]) {
    const found = await statOf(folder)
    if (found !== undefined && !found.isDirectory()) throw linked(folder)
  }
}

async function statOf(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path)
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return undefined
    throw ioError(path, thrown)
  }
}

function linked(path: string): ToolError {
  return new ToolError("E_FORMAT_MALFORMED", {
    what: "OCI layout contains a link or special file",
    why: `${path} is no regular file or folder`,
  })
}

/** Code of a file system error. */
export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined
}

/** File system error as one of ours; ours stay as they are. */
export function ioError(path: string, thrown: unknown): ToolError {
  if (thrown instanceof ToolError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new ToolError("E_IO", { what: `cannot use ${path}`, why: message, cause: thrown })
}
