import type { OutputStream, World } from "../../../app/world.ts"

/** A process of its own inside this one: same adapters, own output. */
export interface Recording {
  readonly world: World
  /** What was written since the last call: all of it in order, and what of it went to stdout. */
  take(): { readonly all: string; readonly stdout: string }
}

/**
 * A world whose output is kept. It is no terminal, so nothing waits for input and nothing moves.
 */
export function recordingWorld(outer: World): Recording {
  const written = { all: "", stdout: "" }
  const stream = (name: "stdout" | "stderr"): OutputStream => {
    const decoder = new TextDecoder()
    return {
      isTTY: false,
      columns: outer.stdout.columns,
      write: (chunk) => {
        const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true })
        written.all += text
        if (name === "stdout") written.stdout += text
        return Promise.resolve()
      },
    }
  }
  return {
    world: {
      ...outer,
      stdout: stream("stdout"),
      stderr: stream("stderr"),
      stdin: { isTTY: false, read: noInput },
    },
    take() {
      const taken = { ...written }
      Object.assign(written, { all: "", stdout: "" })
      return taken
    },
  }
}

function noInput(): Promise<Uint8Array> {
  return Promise.resolve(new Uint8Array())
}
