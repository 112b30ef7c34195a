import { open, stat } from "node:fs/promises"
import type { Files } from "../../core/ports.ts"
import { atomicWrite } from "./atomic-write.ts"
import { errnoOf, ioError } from "./io-error.ts"
import { CHUNK, collect, type InputStream, type OutputStream } from "./streams.ts"

/** Standard streams that `-` stands for. */
export interface StandardStreams {
  readonly stdin: Pick<InputStream, "chunks">
  readonly stdout: Pick<OutputStream, "write">
}

async function* readFile(path: string): AsyncIterable<Uint8Array> {
  const file = await open(path, "r").catch((thrown: unknown) => {
    throw ioError("open", path, thrown)
  })
  try {
    for (;;) {
      // A buffer of its own for every chunk: the consumer may keep it.
      const { bytesRead, buffer } = await file.read(new Uint8Array(CHUNK), 0, CHUNK, null).catch((thrown: unknown) => {
        throw ioError("read", path, thrown)
      })
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
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
    throw ioError("stat", path, thrown)
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
 * @throws {ToolError} from its methods: `E_IO` whose `why` reads as Go prints it and whose `details.errno` is the
 * system's code; `E_LIMIT_EXCEEDED`; `E_FILE_EXISTS`.
 */
export function createFiles(streams: StandardStreams): Files {
  const stream = (path: string): AsyncIterable<Uint8Array> => (path === "-" ? streams.stdin.chunks() : readFile(path))
  const writeStream: Files["writeStream"] = async (path, chunks, options = {}) => {
    if (path !== "-") return atomicWrite(path, chunks, options)
    for await (const chunk of chunks) await streams.stdout.write(chunk)
  }
  return {
    read: (path, max) => collect(stream(path), max, path === "-" ? "standard input" : path),
    stream,
    exists: (path) => (path === "-" ? Promise.resolve(false) : existsAt(path)),
    write: (path, bytes, options) => writeStream(path, once(bytes), options),
    writeStream,
    size: (path) => (path === "-" ? Promise.resolve(undefined) : sizeOf(path)),
  }
}
