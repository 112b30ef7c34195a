import type { Randomness } from "../../core/ports.ts"

/** First and longest pause between tries, milliseconds. */
const FIRST_MS = 250
const LONGEST_MS = 20_000

/** Statuses that say "not now": timeouts, rate limits, failures in front of or inside the server. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 429, 499, 500, 502, 503, 504, 522])

/** Whether a status looks transient. */
export function isTransient(status: number): boolean {
  return TRANSIENT.has(status)
}

/**
 * Pause before the next try: exponential with full jitter, so that clients that failed together do not return together.
 *
 * @param tried - tries made so far, at least 1.
 * @returns milliseconds.
 */
export function backoffMs(tried: number, randomness: Randomness): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** (tried - 1))
  const [a = 0, b = 0, c = 0, d = 0] = randomness.bytes(4)
  const fraction = (((a << 24) >>> 0) + (b << 16) + (c << 8) + d) / 2 ** 32
  return Math.floor(fraction * ceiling)
}

/**
 * Milliseconds a `Retry-After` asks for; `undefined` when absent or malformed.
 *
 * @param value - seconds or an HTTP-date (RFC 9110 section 10.2.3).
 * @param now - milliseconds since the epoch.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim()
  if (text === undefined || text === "") return undefined
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000
  // The obsolete asctime form names no zone; all forms mean GMT.
  const asctime = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}$/.test(text)
  if (!asctime && !/^[A-Z][a-z]{2,8}, [\w :-]+ GMT$/.test(text)) return undefined
  const at = Date.parse(asctime ? `${text} GMT` : text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
