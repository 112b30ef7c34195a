import { goQuote } from "./go-quote.ts"

const LAYOUT = "2006-01-02T15:04:05Z07:00"

/** Parts of the layout in order: the text before the part, its name, and how its digits are read. */
const PARTS = [
  { before: "", name: "2006", digits: /^\d{4}/, low: 0, high: 9999, word: "year" },
  { before: "-", name: "01", digits: /^\d{2}/, low: 1, high: 12, word: "month" },
  { before: "-", name: "02", digits: /^\d{2}/, low: 0, high: 99, word: "day" },
  // COMPAT(Go 1.26): an hour of one digit is read too.
  { before: "T", name: "15", digits: /^\d{1,2}/, low: 0, high: 23, word: "hour" },
  { before: ":", name: "04", digits: /^\d{2}/, low: 0, high: 59, word: "minute" },
  { before: ":", name: "05", digits: /^\d{2}/, low: 0, high: 59, word: "second" },
] as const

/** A time, or Go's sentence about what is wrong with it. */
export type GoTimeAnswer = { readonly at: number } | { readonly fault: string }

/**
 * Read a time as Go's `time.Parse(time.RFC3339, text)` does, and say what is wrong in its words.
 *
 * @returns milliseconds since the epoch; finer digits are cut off.
 */
export function parseGoTime(text: string): GoTimeAnswer {
  const cannot = (rest: string, part: string): GoTimeAnswer => ({
    fault: `parsing time ${goQuote(text)} as "${LAYOUT}": cannot parse ${goQuote(rest)} as "${part}"`,
  })
  const outOfRange = (word: string): GoTimeAnswer => ({ fault: `parsing time ${goQuote(text)}: ${word} out of range` })
  let rest = text
  const numbers: number[] = []
  for (const { before, name, digits, low, high, word } of PARTS) {
    if (!rest.startsWith(before)) return cannot(rest, before)
    rest = rest.slice(before.length)
    const found = digits.exec(rest)?.[0]
    if (found === undefined) return cannot(rest, name)
    const number = Number(found)
    if (number < low || number > high) return outOfRange(word)
    rest = rest.slice(found.length)
    numbers.push(number)
  }
  const fraction = /^[.,](\d+)/.exec(rest)
  rest = rest.slice(fraction?.[0].length ?? 0)
  const zone = /^(?:Z|([+-])(\d{2}):(\d{2}))/.exec(rest)
  if (zone === null) return cannot(rest, "Z07:00")
  const [matched, sign, hours = "0", minutes = "0"] = zone
  if (Number(hours) > 24) return outOfRange("time zone offset hour")
  if (Number(minutes) > 60) return outOfRange("time zone offset minute")
  if (rest.length > matched.length) {
    return { fault: `parsing time ${goQuote(text)}: extra text: ${goQuote(rest.slice(matched.length))}` }
  }
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = numbers
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return outOfRange("day")
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60_000 : 60_000)
  const milliseconds = Number((fraction?.[1] ?? "").slice(0, 3).padEnd(3, "0"))
  return { at: date.setUTCHours(hour, minute, second, milliseconds) - offset }
}
