import type { Readable, Writable } from "node:stream"
import { concatBytes } from "../../codec/concat-bytes.ts"
import { ToolError } from "../../core/errors.ts"
import { ioError } from "./io-error.ts"

/** A text sink with what is needed to decide about width and colour. */
export interface OutputStream {
  readonly isTTY: boolean
  readonly columns: number
  write(chunk: string | Uint8Array): Promise<void>
}

/** A source that can be read once. */
export interface InputStream {
  readonly isTTY: boolean
  /** All of it. @throws {ToolError} `E_LIMIT_EXCEEDED` past `max` bytes, `E_IO`. */
  read(max: number): Promise<Uint8Array>
  /** Chunks of at most 1 MiB. */
  chunks(): AsyncIterable<Uint8Array>
}

/** Largest chunk handed out, bytes. */
export const CHUNK: number = 1024 * 1024
const DEFAULT_COLUMNS = 80

/**
 * Standard output or error. A write resolves when the system took it, so a slow reader slows the writer.
 *
 * @param name - for errors, as in `standard output`.
 */
export function outputStream(stream: Writable & { isTTY?: boolean; columns?: number }, name: string): OutputStream {
  return {
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns ?? DEFAULT_COLUMNS
    },
    write(chunk) {
      if (chunk.length === 0) return Promise.resolve()
      return new Promise((resolve, reject) => {
        stream.write(chunk, (error) => {
          if (error === null || error === undefined) resolve()
          else reject(ioError("write", name, error))
        })
      })
    },
  }
}

function* pieces(chunk: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < chunk.length; at += CHUNK) yield chunk.subarray(at, at + CHUNK)
}

/**
 * Bytes of a stream of chunks, joined.
 *
 * @throws {ToolError} `E_LIMIT_EXCEEDED` as soon as there are more than `max` bytes.
 */
export async function collect(chunks: AsyncIterable<Uint8Array>, max: number, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > max) {
      throw new ToolError("E_LIMIT_EXCEEDED", {
        what: `${name} is too large`,
        why: `more than ${max} bytes`,
        details: { limit: max },
      })
    }
    parts.push(chunk)
  }
  return concatBytes(parts)
}

/**
 * Standard input.
 *
 * @param open - called when somebody first looks at it: opening it costs time that most commands need not spend.
 */
export function inputStream(open: () => Readable & { isTTY?: boolean }): InputStream {
  const name = "standard input"
  async function* chunks(): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of open() as AsyncIterable<Uint8Array | string>) {
        yield* pieces(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk)
      }
    } catch (thrown) {
      throw ioError("read", name, thrown)
    }
  }
  return {
    get isTTY() {
      return open().isTTY === true
    },
    read: (max) => collect(chunks(), max, name),
    chunks,
  }
}
