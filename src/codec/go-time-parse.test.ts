import { describe, expect, it } from "vitest"
import { parseGoTime } from "./go-time-parse.ts"

const AS = ' as "2006-01-02T15:04:05Z07:00": cannot parse '

describe("parseGoTime", () => {
  it.each([
    ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000Z"],
    ["2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.500Z"],
    ["2025-01-01T00:00:00+01:00", "2024-12-31T23:00:00.000Z"],
    ["2024-01-01T00:00:00+24:00", "2023-12-31T00:00:00.000Z"],
    ["2024-02-29T23:59:59.999999999-00:30", "2024-03-01T00:29:59.999Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
  ])("%s", (text, wanted) => {
    const read = parseGoTime(text)
    expect("at" in read ? new Date(read.at).toISOString() : read.fault).toBe(wanted)
  })

  // Sentences as cosign 3.1.1 prints them.
  it.each([
    ["yesterday", `parsing time "yesterday"${AS}"yesterday" as "2006"`],
    ["2024", `parsing time "2024"${AS}"" as "-"`],
    ["2", `parsing time "2"${AS}"2" as "2006"`],
    ["", `parsing time ""${AS}"" as "2006"`],
    ["2024-02-31T00:00:00Z", `parsing time "2024-02-31T00:00:00Z": day out of range`],
    ["2023-02-29T00:00:00Z", `parsing time "2023-02-29T00:00:00Z": day out of range`],
    ["2024-13-01T00:00:00Z", `parsing time "2024-13-01T00:00:00Z": month out of range`],
    ["2024-01-01T25:00:00Z", `parsing time "2024-01-01T25:00:00Z": hour out of range`],
    ["2024-01-01T00:61:00Z", `parsing time "2024-01-01T00:61:00Z": minute out of range`],
    ["2024-01-01T00:00:61Z", `parsing time "2024-01-01T00:00:61Z": second out of range`],
    ["2024-01-01 00:00:00Z", `parsing time "2024-01-01 00:00:00Z"${AS}" 00:00:00Z" as "T"`],
    ["2024-01-01t00:00:00z", `parsing time "2024-01-01t00:00:00z"${AS}"t00:00:00z" as "T"`],
    ["2024-1-01T00:00:00Z", `parsing time "2024-1-01T00:00:00Z"${AS}"1-01T00:00:00Z" as "01"`],
    ["2024-01-01T00:00:00", `parsing time "2024-01-01T00:00:00"${AS}"" as "Z07:00"`],
    ["2024-01-01T00:00:00+1", `parsing time "2024-01-01T00:00:00+1"${AS}"+1" as "Z07:00"`],
    ["2024-01-01T00:00:00Zfoo", `parsing time "2024-01-01T00:00:00Zfoo": extra text: "foo"`],
  ])("%s is refused", (text, fault) => {
    expect(parseGoTime(text)).toEqual({ fault })
  })
})
