/** A point in time as RFC 3339 writes it, split so that no digit is lost. */
export interface Rfc3339 {
  /** Milliseconds since the epoch of the whole second. */
  readonly seconds: number
  /** Digits after the point, without trailing zeros; at most nine. */
  readonly fraction: string
  /** `2006-01-02T15:04:05` as written. */
  readonly local: string
  /** `Z` or `+hh:mm`. */
  readonly zone: string
}

const PATTERN = /^(\d{4}-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d))(?:\.(\d+))?(Z|[+-](\d\d):(\d\d))$/

/** Parse RFC 3339 as Go does; `undefined` when it is none or names no real time. */
export function parseRfc3339(text: string): Rfc3339 | undefined {
  const match = PATTERN.exec(text)
  if (match === null) return undefined
  const [, local = "", month, day, hour, minute, second, fraction = "", zone = "Z", zoneHour = "0", zoneMinute = "0"] =
    match
  const utc = Date.parse(`${local}Z`)
  if (Number.isNaN(utc) || new Date(utc).toISOString().slice(0, 19) !== local) return undefined
  if ([month, day, hour, minute, second].some((part) => part === undefined)) return undefined
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return undefined
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000 * (zone.startsWith("-") ? -1 : 1)
  return {
    seconds: utc - offset,
    fraction: fraction.slice(0, 9).replace(/0+$/, ""),
    local,
    zone: offset === 0 ? "Z" : zone,
  }
}

/** As Go's `time.Time` prints itself: the zone kept, the fraction without trailing zeros. */
export function goTimeText(time: Rfc3339): string {
  return `${time.local}${time.fraction === "" ? "" : `.${time.fraction}`}${time.zone}`
}

/** As protobuf JSON prints a timestamp: UTC, and 0, 3, 6 or 9 digits. */
export function protoTimeText(time: Rfc3339): string {
  const digits = Math.ceil(time.fraction.length / 3) * 3
  const fraction = digits === 0 ? "" : `.${time.fraction.padEnd(digits, "0")}`
  return `${new Date(time.seconds).toISOString().slice(0, 19)}${fraction}Z`
}
