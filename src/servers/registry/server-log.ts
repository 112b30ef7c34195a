import { pino } from "pino"
import type { JsonObject } from "../../core/json-value.ts"
import type { Clock, Logger } from "../../core/ports.ts"

export interface ServerLogOptions {
  readonly format: "text" | "json"
  readonly level: "quiet" | "warn" | "info" | "debug"
  readonly clock: Clock
  /** Receives whole lines, each with its line feed. */
  readonly write: (line: string) => void
}

/** Fields that never reach a log, whoever puts them there. */
const SECRET_FIELDS = ["authorization", "password", "token", "secret", "cookie", "query"]

/** A log of one line per event, as text or JSON. SECURITY: fields named like secrets are masked. */
export function createServerLog(options: ServerLogOptions): Logger {
  return options.format === "json" ? jsonLog(options) : textLog(options)
}

function jsonLog(options: ServerLogOptions): Logger {
  const level = options.level === "quiet" ? "silent" : options.level
  const log = pino(
    {
      level,
      base: null,
      messageKey: "event",
      timestamp: () => `,"time":"${new Date(options.clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS, censor: "…" },
    },
    { write: options.write },
  )
  return {
    debug: (event, fields) => {
      log.debug(printable(fields), event)
    },
    info: (event, fields) => {
      log.info(printable(fields), event)
    },
    warn: (event, fields) => {
      log.warn(printable(fields), event)
    },
  }
}

/** Our JSON values may hold bigint, which JSON.stringify refuses. */
function printable(fields: JsonObject = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, typeof value === "bigint" ? String(value) : value]),
  )
}

const LEVELS = ["debug", "info", "warn"] as const

function textLog(options: ServerLogOptions): Logger {
  const least = options.level === "quiet" ? LEVELS.length : LEVELS.indexOf(options.level)
  const write = (level: (typeof LEVELS)[number], event: string, fields: JsonObject = {}): void => {
    if (LEVELS.indexOf(level) < least) return
    const words = Object.entries(fields).map(
      ([key, value]) => `${key}=${SECRET_FIELDS.includes(key.toLowerCase()) ? "…" : word(value)}`,
    )
    options.write([new Date(options.clock.now()).toISOString(), level, event, ...words].join(" ") + "\n")
  }
  return {
    debug: (event, fields) => {
      write("debug", event, fields)
    },
    info: (event, fields) => {
      write("info", event, fields)
    },
    warn: (event, fields) => {
      write("warn", event, fields)
    },
  }
}

/** One word: quoted when it has anything that could be taken for the next field or line. */
function word(value: JsonObject[string]): string {
  const text = typeof value === "string" ? value : typeof value === "bigint" ? String(value) : JSON.stringify(value)
  return /^[\x21\x23-\x3c\x3e-\x7e]+$/.test(text) ? text : JSON.stringify(text)
}
