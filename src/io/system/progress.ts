import type { Progress, ProgressTask } from "../../core/ports.ts"

/** Where progress is drawn. */
export interface ProgressOptions {
  readonly stream: { readonly isTTY: boolean; readonly columns: number; write(chunk: string): Promise<void> }
  /** False switches it off on a terminal too. */
  readonly enabled: boolean
  /** Milliseconds; paces the drawing. */
  readonly now: () => number
}

const SILENT: ProgressTask = { advance: () => undefined, done: () => undefined }
/** Work shorter than this shows nothing; a line is drawn again no sooner. Milliseconds. */
const FIRST_MS = 300
const AGAIN_MS = 100
const CLEAR_LINE = "\r\u001b[2K"

function line(label: string, seen: number, total: number | undefined, columns: number): string {
  // Labels hold file names; what is no printable character could steer the terminal.
  const text = label.replace(/\p{C}/gu, "?")
  const amount = total === undefined || total <= 0 ? "" : ` ${Math.min(100, Math.floor((seen / total) * 100))}%`
  const room = Math.max(10, columns - amount.length - 1)
  return `${text.length > room ? `${text.slice(0, room - 1)}…` : text}${amount}`
}

/**
 * One line on standard error that follows the newest task. Nothing is written off a terminal, and standard input is
 * never touched, so that content and passwords can still come from it.
 */
export function createProgress(options: ProgressOptions): Progress {
  const { stream, now } = options
  if (!options.enabled || !stream.isTTY) return { start: () => SILENT }
  const tasks: object[] = []
  let shown = false
  const put = (text: string): void => {
    // A progress line that cannot be drawn must not fail the command.
    stream.write(text).catch(() => undefined)
  }
  const clear = (): void => {
    if (shown) put(CLEAR_LINE)
    shown = false
  }
  return {
    start(label, total) {
      const task = {}
      let seen = 0
      let next = now() + FIRST_MS
      tasks.push(task)
      return {
        advance(by) {
          seen += by
          if (tasks.at(-1) !== task || now() < next) return
          next = now() + AGAIN_MS
          put(`${CLEAR_LINE}${line(label, seen, total, stream.columns)}`)
          shown = true
        },
        done(note) {
          const at = tasks.indexOf(task)
          if (at < 0) return
          tasks.splice(at, 1)
          clear()
          if (note !== undefined) put(`${line(note, 0, undefined, stream.columns)}\n`)
        },
      }
    },
  }
}
