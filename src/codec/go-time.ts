/** Times printed as Go's `time` package prints them. All take milliseconds since the epoch. */

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const

/** Minutes east of Greenwich of `Z`, `+08:00` or `-0530`; 0 for anything else. */
export function zoneMinutes(zone: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone)
  if (match === null) return 0
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return match[1] === "-" ? -minutes : minutes
}

/** The clock's face in a zone, so that UTC getters read it. */
function inZone(at: number, minutes: number): Date {
  return new Date(at + minutes * 60_000)
}

function two(value: number): string {
  return String(value).padStart(2, "0")
}

function offset(minutes: number, separator: "" | ":"): string {
  const size = Math.abs(minutes)
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`
}

function clock(date: Date): string {
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
}

function year(date: Date): string {
  return String(date.getUTCFullYear()).padStart(4, "0")
}

/** `time.RFC1123Z`: `Tue, 21 Jan 2025 09:17:46 +0000`. @param zone - as in {@link zoneMinutes}; default UTC. */
export function goRfc1123z(at: number, zone = "Z"): string {
  const minutes = zoneMinutes(zone)
  const date = inZone(at, minutes)
  const day = `${DAYS[date.getUTCDay()] ?? ""}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()] ?? ""}`
  return `${day} ${year(date)} ${clock(date)} ${offset(minutes, "")}`
}

/** `time.ANSIC`: `Tue Jan 21 09:17:46 2025`, the day padded with a space. */
export function goAnsiC(at: number, zone = "Z"): string {
  const date = inZone(at, zoneMinutes(zone))
  const day = `${DAYS[date.getUTCDay()] ?? ""} ${MONTHS[date.getUTCMonth()] ?? ""}`
  return `${day} ${String(date.getUTCDate()).padStart(2, " ")} ${clock(date)} ${year(date)}`
}

/** `time.RFC822` of a UTC time: `21 Jan 25 09:17 UTC`. */
export function goRfc822(at: number): string {
  const date = new Date(at)
  const day = `${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()] ?? ""} ${two(date.getUTCFullYear() % 100)}`
  return `${day} ${clock(date).slice(0, 5)} UTC`
}

/** `time.RFC3339`: `2025-01-21T09:17:46Z` or with an offset. */
export function goRfc3339(at: number, zone = "Z"): string {
  const minutes = zoneMinutes(zone)
  const date = inZone(at, minutes)
  const day = `${year(date)}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
  return `${day}T${clock(date)}${minutes === 0 ? "Z" : offset(minutes, ":")}`
}

/** `time.RFC3339Nano`: as {@link goRfc3339} with the fraction of a second, without zeros at its end. */
export function goRfc3339Nano(at: number, zone = "Z"): string {
  const milliseconds = ((at % 1000) + 1000) % 1000
  const fraction = milliseconds === 0 ? "" : `.${String(milliseconds).padStart(3, "0").replace(/0+$/, "")}`
  return goRfc3339(at, zone).replace(/(?=Z$|[+-]\d\d:\d\d$)/, fraction)
}

/** `time.Time.String()` of a UTC time: `2026-11-20 09:17:22 +0000 UTC`. */
export function goTimeString(at: number): string {
  const date = new Date(at)
  const day = `${year(date)}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
  const nano = /\.\d+/.exec(goRfc3339Nano(at))?.[0] ?? ""
  return `${day} ${clock(date)}${nano} +0000 UTC`
}
