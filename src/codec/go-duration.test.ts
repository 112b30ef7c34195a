import { describe, expect, it } from "vitest"
import { formatGoDuration, parseGoDuration } from "./go-duration.ts"

describe("Go durations", () => {
  it.each([
    ["0", 0, "0s"],
    ["3m0s", 180_000, "3m0s"],
    ["1h", 3_600_000, "1h0m0s"],
    ["1h15m30.918273645s", 4_530_918.273645, "1h15m30.918273645s"],
    ["-1.5h", -5_400_000, "-1h30m0s"],
    ["+5s", 5000, "5s"],
    [".5s", 500, "500ms"],
    ["1.s", 1000, "1s"],
    ["300ms", 300, "300ms"],
    ["1.5ms", 1.5, "1.5ms"],
    ["12µs", 0.012, "12µs"],
    ["12μs", 0.012, "12µs"],
    ["7ns", 0.000007, "7ns"],
    ["1m1h", 3_660_000, "1h1m0s"],
  ])("%s", (text, ms, printed) => {
    expect(parseGoDuration(text)).toBeCloseTo(ms, 9)
    expect(formatGoDuration(parseGoDuration(text))).toBe(printed)
  })

  it.each([
    ["", 'time: invalid duration ""'],
    ["-", 'time: invalid duration "-"'],
    ["3", 'time: missing unit in duration "3"'],
    ["3000000h", 'time: invalid duration "3000000h"'],
    ["1d", 'time: unknown unit "d" in duration "1d"'],
    [" 1s", 'time: invalid duration " 1s"'],
    [".s", 'time: invalid duration ".s"'],
    ["1e3s", 'time: unknown unit "e" in duration "1e3s"'],
    ["s", 'time: invalid duration "s"'],
    ["1.2.3s", 'time: missing unit in duration "1.2.3s"'],
  ])("refuses %j as Go does", (text, message) => {
    expect(() => parseGoDuration(text)).toThrow(expect.objectContaining({ why: message }) as Error)
  })
})
