import type { OutputStream, World } from "../../../app/world.ts"

/** A process of its own inside this one: same adapters, own output. */
export interface Recording {
  readonly world: World
  /** What was written to stdout and stderr since the last call, in order. */
  take(): string
}

/**
 * A world whose output is kept. It is no terminal, so nothing waits for input and nothing moves.
 */
export function recordingWorld(outer: World): Recording {
  let written = ""
  const stream = (): OutputStream => {
    const decoder = new TextDecoder()
    return {
      isTTY: false,
      columns: outer.stdout.columns,
      write: (chunk) => {
        written += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true })
        return Promise.resolve()
      },
    }
  }
  return {
    world: {
      ...outer,
      stdout: stream(),
      stderr: stream(),
      stdin: { isTTY: false, read: noInput },
    },
    take() {
      const taken = written
      written = ""
      return taken
    },
  }
}

function noInput(): Promise<Uint8Array> {
  return Promise.resolve(new Uint8Array())
}
