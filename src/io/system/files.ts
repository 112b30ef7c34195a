import { type FileHandle, open, stat } from "node:fs/promises"
import { resolve } from "node:path"
import type { Files } from "../../core/ports.ts"
import { errnoOf, inputError, ioError } from "./io-error.ts"
import { CHUNK, collect, type InputStream, type OutputStream } from "./streams.ts"

/** Standard streams that `-` stands for. */
export interface StandardStreams {
  readonly stdin: Pick<InputStream, "chunks">
  readonly stdout: Pick<OutputStream, "write">
}

async function* readFile(path: string): AsyncIterable<Uint8Array> {
  const file = await open(path, "r").catch((thrown: unknown) => {
    throw inputError("open", path, thrown)
  })
  let next: Promise<Uint8Array> | undefined
  try {
    // A pipe may keep a reader waiting for ever; from a file the next chunk is read while the consumer has this one.
    const ahead = (await file.stat()).isFile()
    for (;;) {
      const chunk = await (next ?? readChunk(file, path))
      if (chunk.length === 0) return
      next = ahead ? readChunk(file, path) : undefined
      yield chunk
    }
  } finally {
    await next?.catch(() => undefined)
    await file.close()
  }
}

/** A buffer of its own for every chunk: the consumer may keep it. Empty at the end of the file. */
function readChunk(file: FileHandle, path: string): Promise<Uint8Array> {
  const reading = file.read(Buffer.allocUnsafeSlow(CHUNK), 0, CHUNK, null).then(
    ({ bytesRead, buffer }) => new Uint8Array(buffer.buffer, buffer.byteOffset, bytesRead),
    (thrown: unknown) => {
      throw inputError("read", path, thrown)
    },
  )
  // Whoever awaits it gets the failure; until then it must not count as unhandled.
  reading.catch(() => undefined)
  return reading
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes)
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const facts = await stat(path)
    return facts.isFile() ? facts.size : undefined
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return undefined
    throw inputError("stat", path, thrown)
  }
}

async function existsAt(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT" || errnoOf(thrown) === "ENOTDIR") return false
    throw ioError("stat", path, thrown)
  }
}

/**
 * The user's files. `-` reads standard input and writes standard output.
 *
 * @throws {ToolError} from its methods: `E_FILE_NOT_FOUND` and `E_IO` whose `why` reads as Go prints it and whose
 * `details.errno` is the system's code; `E_LIMIT_EXCEEDED`; `E_FILE_EXISTS`.
 */
export function createFiles(streams: StandardStreams): Files {
  const stream = (path: string): AsyncIterable<Uint8Array> => (path === "-" ? streams.stdin.chunks() : readFile(path))
  const writeStream: Files["writeStream"] = async (path, chunks, options = {}) => {
    if (path !== "-") {
      // Loaded on use: most commands write no file.
      const { atomicWrite } = await import("./atomic-write.ts")
      return atomicWrite(path, chunks, options)
    }
    for await (const chunk of chunks) await streams.stdout.write(chunk)
  }
  return {
    read: (path, max) => collect(stream(path), max, path === "-" ? "standard input" : path),
    stream,
    exists: (path) => (path === "-" ? Promise.resolve(false) : existsAt(path)),
    write: (path, bytes, options) => writeStream(path, once(bytes), options),
    writeStream,
    size: (path) => (path === "-" ? Promise.resolve(undefined) : sizeOf(path)),
    absolute: (path) => resolve(path),
  }
}
