import { goJson } from "../../codec/go-json.ts"
import { logrusLine } from "../../codec/logrus-line.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import type { Clock, Logger } from "../../core/ports.ts"
import { printable, printableJson } from "../../core/printable.ts"
import { logrusMessage } from "./logrus-message.ts"

/** What {@link createLogger} needs. */
export interface LoggerOptions {
  /** `warn` by default; `quiet` writes nothing. */
  readonly level?: "quiet" | "warn" | "info" | "debug"
  readonly format?: "text" | "json" | "logrus" | "logrus-precise"
  readonly stream: { write(chunk: string): Promise<void> }
  /** Gives `time` of the JSON form. */
  readonly clock: Clock
}

type Level = "warn" | "info" | "debug"

const RANK = { quiet: 0, warn: 1, info: 2, debug: 3 } as const
const SECRET_NAME = /authorization|cookie|token$|secret|passw|api-?key|private/i
const HIDDEN = "…"

/** Second line of defence: callers redact already. */
function redactText(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/gi, `$1${HIDDEN}@`)
    .replace(/\b(Bearer|Basic)\s+[\w+/=.~-]+/gi, `$1 ${HIDDEN}`)
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*/g, HIDDEN)
}

function redact(value: JsonValue, name = ""): JsonValue {
  if (typeof value === "string") return SECRET_NAME.test(name) ? HIDDEN : redactText(value)
  if (Array.isArray(value)) return value.map((item: JsonValue) => redact(item, name))
  if (typeof value !== "object" || value === null) return value
  const out = Object.create(null) as Record<string, JsonValue>
  for (const [key, item] of Object.entries(value)) out[key] = redact(item, key)
  return out
}

function textValue(value: JsonValue): string {
  // Text from a registry may hold escape sequences; quoting keeps them from the terminal.
  if (typeof value === "string") return /^[\w./:@+%=,-]+$/.test(value) ? value : printable(JSON.stringify(value))
  return printable(goJson(value, { escapeHtml: false }))
}

function textLine(level: Level, event: string, fields: JsonObject): string {
  const label = level === "warn" ? "warning" : level
  const { message, ...rest } = fields
  const head = typeof message === "string" ? printable(message.replace(/\p{Cc}/gu, " ")) : event
  const parts = Object.entries(rest).map(([key, value]) => `${key}=${textValue(value)}`)
  return `${[`${label}: ${head}`, ...parts].join(" ")}\n`
}

function lineOf(options: LoggerOptions, level: Level, event: string, safe: JsonObject, text: string): string {
  const at = options.clock.now()
  switch (options.format) {
    case "json": {
      const time = new Date(at).toISOString()
      return `${printableJson(goJson({ time, level, event, ...safe }, { escapeHtml: false }))}\n`
    }
    case "logrus":
    case "logrus-precise": {
      const message = text.replace(/^[a-z]+: /, "").trimEnd()
      // What the user must know is printed with and without a log.
      if (level === "warn") return `Warning: ${message}\n`
      return logrusLine(level, logrusMessage(event, safe, message), {
        // COMPAT(notation 1.3): what --verbose prints has no time.
        ...(options.level === "debug" ? { at } : {}),
        precise: options.format === "logrus-precise",
      })
    }
    default:
      return text
  }
}

/**
 * Events on standard error, as text or one JSON object per line. The same warning is written once per run. Values that
 * look like credentials are hidden.
 *
 * Shape: text `LEVEL: EVENT key=value …`, where a field `message` stands in for the event's name; JSON
 * `{"time","level","event",…fields}` with `time` in RFC 3339; logrus `time=… level=… msg=EVENT key=value …`, and warnings as
 * `Warning: …`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const rank = RANK[options.level ?? "warn"]
  const warned = new Set<string>()
  const write = (level: Level, event: string, fields: JsonObject = {}): void => {
    if (RANK[level] > rank) return
    const safe = redact(fields) as JsonObject
    const text = textLine(level, event, safe)
    if (level === "warn") {
      if (warned.has(text)) return
      warned.add(text)
    }
    const line = lineOf(options, level, event, safe, text)
    // A log that cannot be written must not fail the command.
    options.stream.write(line).catch(() => undefined)
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
