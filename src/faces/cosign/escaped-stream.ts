import type { OutputStream } from "../../app/world.ts"

/**
 * A stream that passes all text through `escape` before it is written.
 *
 * SECURITY: second line of defence behind the places that put untrusted text into lines: whatever they forget, no control
 * character reaches the terminal.
 *
 * @param escape - must keep line breaks.
 */
export function escapedStream(stream: OutputStream, escape: (text: string) => string): OutputStream {
  const decoder = new TextDecoder()
  return {
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns
    },
    write: (chunk) => stream.write(escape(typeof chunk === "string" ? chunk : decoder.decode(chunk))),
  }
}
