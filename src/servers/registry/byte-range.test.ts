import { describe, expect, it } from "vitest"
import { byteRange, chunkRange } from "./byte-range.ts"

const whole = { kind: "whole" }
const no = { kind: "unsatisfiable" }
const part = (first: number, last: number): object => ({ kind: "part", first, last })

describe("byteRange of 1000 bytes", () => {
  it.each([
    [null, whole],
    ["bytes=0-0", part(0, 0)],
    ["bytes=500-999", part(500, 999)],
    ["bytes=500-", part(500, 999)],
    ["bytes=-500", part(500, 999)],
    ["bytes=-5000", part(0, 999)],
    ["bytes=900-5000", part(900, 999)],
    ["bytes=500-0", no],
    ["bytes=1000-1001", no],
    ["bytes=5000-", no],
    ["bytes=-0", no],
    ["bytes=0-1,5-6", whole],
    ["bytes=-", whole],
    ["lines=0-1", whole],
    ["bytes=a-b", whole],
    ["bytes=0x1-2", whole],
  ])("%s", (header, answer) => {
    expect(byteRange(header, 1000)).toEqual(answer)
  })

  it.each(["bytes=0-", "bytes=0-0", "bytes=-1"])("nothing of an empty blob: %s", (header) => {
    expect(byteRange(header, 0)).toEqual(no)
  })
})

describe("chunkRange", () => {
  it.each([
    ["0-9", { first: 0, last: 9 }],
    ["bytes 10-19/20", { first: 10, last: 19 }],
    ["bytes 10-19/*", { first: 10, last: 19 }],
    ["9-0", undefined],
    ["-9", undefined],
    ["0-", undefined],
    ["0-99999999999999999999", undefined],
    ["a-b", undefined],
    ["", undefined],
  ])("%j", (header, range) => {
    expect(chunkRange(header)).toEqual(range)
  })
})
