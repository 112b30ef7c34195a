import { malformed } from "./malformed.ts"

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
])
const MAX_NANOSECONDS = 2n ** 63n - 1n
const PART = /^([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/

function nanoseconds(text: string): bigint {
  const quote = JSON.stringify(text)
  const invalid = (): Error => malformed("duration", `time: invalid duration ${quote}`)
  if (text.length > 100) throw invalid()
  const negative = text.startsWith("-")
  let rest = negative || text.startsWith("+") ? text.slice(1) : text
  if (rest === "0") return 0n
  if (rest === "") throw invalid()
  let total = 0n
  while (rest !== "") {
    const [part = "", whole = "", fraction = "", unit = ""] = PART.exec(rest) ?? []
    if (whole === "" && fraction === "") throw invalid()
    if (unit === "") throw malformed("duration", `time: missing unit in duration ${quote}`)
    const factor = UNITS.get(unit)
    if (factor === undefined) {
      throw malformed("duration", `time: unknown unit ${JSON.stringify(unit)} in duration ${quote}`)
    }
    total += BigInt(whole === "" ? "0" : whole) * factor
    if (fraction !== "") total += (BigInt(fraction) * factor) / 10n ** BigInt(fraction.length)
    if (total > MAX_NANOSECONDS) throw invalid()
    rest = rest.slice(part.length)
  }
  return negative ? -total : total
}

/**
 * Read a duration as Go's `time.ParseDuration` does: `1h30m`, `1.5s`, `300ms`, `0`.
 *
 * @returns milliseconds, with a fraction when there are micro- or nanoseconds.
 * @throws {ToolError} `E_FORMAT_MALFORMED` whose `why` is Go's message.
 */
export function parseGoDuration(text: string): number {
  const total = nanoseconds(text)
  return Number(total / 1_000_000n) + Number(total % 1_000_000n) / 1e6
}

function trimFraction(value: bigint, digits: number): string {
  const fraction = value.toString().padStart(digits, "0").replace(/0+$/, "")
  return fraction === "" ? "" : `.${fraction}`
}

/**
 * Print a duration as Go's `Duration.String` does: `1h0m0s`, `1.5s`, `300ms`, `0s`.
 *
 * @param ms - milliseconds; precise to the nanosecond.
 */
export function formatGoDuration(ms: number): string {
  const whole = Math.trunc(ms)
  const total = BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6))
  if (total === 0n) return "0s"
  const sign = total < 0n ? "-" : ""
  const ns = total < 0n ? -total : total
  if (ns < 1_000n) return `${sign}${ns}ns`
  if (ns < 1_000_000n) return `${sign}${ns / 1_000n}${trimFraction(ns % 1_000n, 3)}µs`
  if (ns < 1_000_000_000n) return `${sign}${ns / 1_000_000n}${trimFraction(ns % 1_000_000n, 6)}ms`
  const second = 1_000_000_000n
  const seconds = ns / second
  const text = `${seconds % 60n}${trimFraction(ns % second, 9)}s`
  if (seconds < 60n) return `${sign}${text}`
  if (seconds < 3_600n) return `${sign}${seconds / 60n}m${text}`
  return `${sign}${seconds / 3_600n}h${(seconds / 60n) % 60n}m${text}`
}
