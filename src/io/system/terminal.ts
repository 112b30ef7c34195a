import type { Readable, Writable } from "node:stream"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { Prompter } from "../../core/ports.ts"

/** The terminal a person sits at. */
export interface TerminalStreams {
  readonly stdin: Readable & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown }
  readonly stderr: Writable
}

type Step = "more" | "done" | "cancelled"

const CONTROL_C = 0x03
const CONTROL_D = 0x04
const CONTROL_U = 0x15

/** A line typed without echo. */
class SecretLine {
  #bytes: number[] = []

  add(byte: number): Step {
    if (byte === CONTROL_C) return "cancelled"
    if (byte === 0x0d || byte === 0x0a || byte === CONTROL_D) return "done"
    if (byte === 0x7f || byte === 0x08) this.#erase()
    else if (byte === CONTROL_U) this.#bytes = []
    else if (this.#bytes.length < limits.passwordBytes) this.#bytes.push(byte)
    return "more"
  }

  /** Take back one character, all bytes of its UTF-8 form. */
  #erase(): void {
    for (let last = this.#bytes.pop(); last !== undefined && last >= 0x80 && last < 0xc0;) last = this.#bytes.pop()
  }

  take(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}

function noTerminal(message: string): ToolError {
  return new ToolError("E_KEY_NO_TERMINAL", {
    what: "there is no terminal to ask on",
    why: `standard input is not a terminal; the question was: ${message.trim()}`,
  })
}

function cancelled(): ToolError {
  return new ToolError("E_DECLINED", { what: "the question was cancelled", why: "Control-C was pressed" })
}

/** Feed bytes to `step` until it says stop. Input after the line is left for the next reader. */
function readBytes(streams: TerminalStreams, step: (byte: number) => Step): Promise<void> {
  const { stdin } = streams
  return new Promise((resolve, reject) => {
    const finish = (error?: ToolError): void => {
      stdin.off("data", onData)
      stdin.off("end", onEnd)
      stdin.pause()
      if (error === undefined) resolve()
      else reject(error)
    }
    const onEnd = (): void => {
      finish()
    }
    const onData = (chunk: Uint8Array | string): void => {
      const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk
      for (const [at, byte] of bytes.entries()) {
        const seen = step(byte)
        if (seen === "more") continue
        finish(seen === "cancelled" ? cancelled() : undefined)
        const rest = bytes.subarray(at + 1)
        if (rest.length > 0) stdin.unshift(rest)
        return
      }
    }
    stdin.on("data", onData)
    stdin.on("end", onEnd)
    stdin.resume()
  })
}

/** A message that ends in a space is a question already. */
function asQuestion(message: string): string {
  return /\s$/.test(message) ? message : `${message}: `
}

async function askSecret(streams: TerminalStreams, message: string): Promise<Uint8Array> {
  const line = new SecretLine()
  // SECURITY: without raw mode the terminal itself would show what is typed; so it comes before the question.
  streams.stdin.setRawMode?.(true)
  streams.stderr.write(asQuestion(message))
  try {
    await readBytes(streams, (byte) => line.add(byte))
  } finally {
    streams.stdin.setRawMode?.(false)
    streams.stderr.write("\n")
  }
  return line.take()
}

/** What is typed up to the end of the line, with the terminal's own echo. */
async function askLine(streams: TerminalStreams, question: string, max: number): Promise<string> {
  const bytes: number[] = []
  streams.stderr.write(question)
  await readBytes(streams, (byte) => {
    if (byte === 0x0a || byte === 0x0d) return "done"
    if (bytes.length < max) bytes.push(byte)
    return "more"
  })
  return new TextDecoder().decode(Uint8Array.from(bytes)).trim()
}

async function askYesNo(streams: TerminalStreams, message: string): Promise<boolean> {
  const question = message.trimEnd()
  const named = /\[[yY]\/[nN]\]:?$/.test(question) ? `${question} ` : `${question} [y/N] `
  return /^(?:y|yes)$/i.test(await askLine(streams, named, 64))
}

/**
 * Questions on the terminal: written to standard error, answered on standard input. There is a terminal when standard
 * input is one; a password piped in is not a conversation.
 *
 * @throws {ToolError} from its methods: `E_KEY_NO_TERMINAL`; `E_DECLINED` after Control-C.
 */
export function createPrompter(streams: TerminalStreams): Prompter {
  // Looked at when asked for: opening standard input costs time that most commands need not spend.
  const isInteractive = (): boolean => streams.stdin.isTTY === true
  return {
    get interactive() {
      return isInteractive()
    },
    async text(message) {
      if (!isInteractive()) throw noTerminal(message)
      return askLine(streams, asQuestion(message), limits.passwordBytes)
    },
    async password(message) {
      if (!isInteractive()) throw noTerminal(message)
      return askSecret(streams, message)
    },
    async confirm(message) {
      if (!isInteractive()) throw noTerminal(message)
      return askYesNo(streams, message)
    },
  }
}
