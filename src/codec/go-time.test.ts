import { describe, expect, it } from "vitest"
import { goAnsiC, goRfc1123z, goRfc822, goRfc3339, goRfc3339Nano, goTimeString, zoneMinutes } from "./go-time.ts"

// Printed by Go 1.26: `time.UnixMilli(N).In(zone).Format(layout)`.
const AT = Date.UTC(2025, 0, 5, 9, 7, 6, 140)

describe("times as Go prints them", () => {
  it.each([
    ["RFC1123Z", goRfc1123z(AT), "Sun, 05 Jan 2025 09:07:06 +0000"],
    ["RFC822", goRfc822(AT), "05 Jan 25 09:07 UTC"],
    ["RFC1123Z in a zone", goRfc1123z(AT, "+08:00"), "Sun, 05 Jan 2025 17:07:06 +0800"],
    ["RFC1123Z west, the day before", goRfc1123z(AT, "-09:30"), "Sat, 04 Jan 2025 23:37:06 -0930"],
    ["ANSIC pads the day", goAnsiC(AT), "Sun Jan  5 09:07:06 2025"],
    ["RFC3339", goRfc3339(AT), "2025-01-05T09:07:06Z"],
    ["RFC3339 in a zone", goRfc3339(AT, "+05:30"), "2025-01-05T14:37:06+05:30"],
    ["RFC3339Nano drops zeros", goRfc3339Nano(AT), "2025-01-05T09:07:06.14Z"],
    ["RFC3339Nano in a zone", goRfc3339Nano(AT, "-05:00"), "2025-01-05T04:07:06.14-05:00"],
    ["RFC3339Nano of a whole second", goRfc3339Nano(AT - 140), "2025-01-05T09:07:06Z"],
    ["RFC3339Nano before the epoch", goRfc3339Nano(-1), "1969-12-31T23:59:59.999Z"],
    ["String", goTimeString(AT - 140), "2025-01-05 09:07:06 +0000 UTC"],
    ["String with a fraction", goTimeString(AT), "2025-01-05 09:07:06.14 +0000 UTC"],
    ["an early year", goRfc3339(Date.UTC(999, 0, 1)), "0999-01-01T00:00:00Z"],
  ])("%s", (_name, printed, expected) => {
    expect(printed).toBe(expected)
  })

  it.each(["", "UTC", "+8", "+08:0", "08:00", "+08:00:00"])("zone %j counts as UTC", (zone) => {
    expect(zoneMinutes(zone)).toBe(0)
  })
})
