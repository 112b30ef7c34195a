import { ToolError } from "../../core/errors.ts"
import type { UploadSource } from "../../core/ports.ts"

/** Bodies up to this size go out in one piece; larger ones in pieces, so that a slow line is seen to move. */
const WHOLE_BYTES = 256 * 1024

/** A body on its way out. */
export interface Upload {
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | null
  /** Bytes, for Content-Length; `undefined` without a body. */
  readonly size: number | undefined
  /** Whether a timer of its own watches the upload and the wait for the answer. */
  readonly watched: boolean
  /** What the source itself threw, which is no fault of the network. */
  failure(): Error | undefined
  stop(): void
}

/**
 * Prepare a body. Each piece taken by the connection restarts a timer of `idleMs`; `onIdle` is called when it runs out.
 */
export function uploadBody(source: UploadSource | undefined, idleMs: number, onIdle: () => void): Upload {
  if (source === undefined) return fixed(null, undefined)
  if ("bytes" in source && source.bytes.length <= WHOLE_BYTES) return fixed(source.bytes, source.bytes.length)
  const size = "bytes" in source ? source.bytes.length : source.size
  let failed: Error | undefined
  let timer = setTimeout(onIdle, idleMs)
  const restart = (): void => {
    clearTimeout(timer)
    timer = setTimeout(onIdle, idleMs)
  }
  const body = watch("bytes" in source ? pieces(source.bytes) : source.open(), size, restart, (error) => {
    failed = error
  })
  return {
    body,
    size,
    watched: true,
    failure: () => failed,
    stop: () => {
      clearTimeout(timer)
    },
  }
}

function fixed(body: Uint8Array | null, size: number | undefined): Upload {
  return { body, size, watched: false, failure: () => undefined, stop: () => undefined }
}

async function* watch(
  source: AsyncIterable<Uint8Array>,
  size: number,
  restart: () => void,
  onFailure: (error: Error) => void,
): AsyncGenerator<Uint8Array> {
  let sent = 0
  try {
    for await (const chunk of source) {
      sent += chunk.length
      if (sent > size) break
      restart()
      if (chunk.length > 0) yield chunk
    }
  } catch (thrown) {
    onFailure(thrown instanceof Error ? thrown : new Error(String(thrown)))
    throw thrown
  }
  restart()
  if (sent === size) return
  const changed = new ToolError("E_IO", {
    what: "the source of an upload changed while it was sent",
    why: `it gave ${sent > size ? "more than " : ""}${Math.min(sent, size)} bytes, expected ${size}`,
  })
  onFailure(changed)
  throw changed
}

// eslint-disable-next-line @typescript-eslint/require-await -- the consumer wants an async iterable
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += WHOLE_BYTES) yield bytes.subarray(at, at + WHOLE_BYTES)
}
