import { printable } from "../core/printable.ts"

/** Levels of log lines. */
export type LogrusLevel = "debug" | "info" | "warning" | "error"

/** Form of {@link logrusLine}. */
export interface LogrusForm {
  /** Absent = no time, as notation 1.x prints `--verbose` lines. */
  readonly at?: number
  /** Nine digits after the second and a space before the time of day: notation 2. */
  readonly precise: boolean
}

/**
 * A line of the log of programs that use logrus, such as notation.
 *
 * @param form - `at` in milliseconds since the epoch.
 *
 * Shape: logrus text without quotes, `time=… level=… msg=…`, in UTC.
 */
export function logrusLine(level: LogrusLevel, message: string, form: LogrusForm): string {
  const time = form.at === undefined ? "" : `time=${timeText(form.at, form.precise)} `
  return `${time}level=${level} msg=${printable(message)}\n`
}

function timeText(at: number, precise: boolean): string {
  const iso = new Date(at).toISOString()
  return precise ? `${iso.slice(0, -1).replace("T", " ")}000000Z` : iso.replace(/\.\d+Z$/, "Z")
}
