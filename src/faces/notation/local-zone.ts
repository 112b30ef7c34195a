/**
 * Zone of this machine at a time, such as `+01:00`: COSE holds times without one, and notation prints those in its own.
 *
 * @param at - milliseconds since the epoch.
 */
export function localZone(at: number): string {
  const minutes = -new Date(at).getTimezoneOffset()
  if (minutes === 0) return "Z"
  const size = Math.abs(minutes)
  const two = (value: number): string => String(value).padStart(2, "0")
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`
}
