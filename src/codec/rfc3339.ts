/** A time as RFC 3339 writes it. */
export interface Rfc3339Time {
  /** Milliseconds since the epoch; finer digits are cut off. */
  readonly at: number
  /** `Z` or `+hh:mm`, as written. */
  readonly zone: string
}

const PATTERN = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-](\d\d):(\d\d))$/

/**
 * Read RFC 3339 as strictly as Go does: upper-case letters, a point before the fraction, no leap seconds, no days that a
 * month does not have.
 *
 * @returns `undefined` when it is none.
 *
 * Spec: RFC 3339 section 5.6.
 */
export function parseRfc3339(text: string): Rfc3339Time | undefined {
  const match = PATTERN.exec(text)
  if (match === null) return undefined
  const [, local = "", fraction = "", zone = "Z", hours = "0", minutes = "0"] = match
  const utc = Date.parse(`${local}Z`)
  // Dates that do not exist are moved to ones that do.
  if (Number.isNaN(utc) || new Date(utc).toISOString().slice(0, 19) !== local) return undefined
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000
  return { at: utc + Number(fraction.slice(0, 3).padEnd(3, "0")) - (zone.startsWith("-") ? -offset : offset), zone }
}
