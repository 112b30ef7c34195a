import { describe, expect, it } from "vitest"
import { ToolError } from "../core/errors.ts"
import { parseDer } from "./der.ts"
import {
  contextTag,
  derAscii,
  derBoolean,
  derExplicit,
  derNamedBits,
  derSet,
  derString,
  derTime,
  retagDer,
} from "./der-values.ts"

const element = (text: string) => parseDer(Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex")), "test")
const time = (tag: string, text: string) =>
  element(`${tag}${text.length.toString(16).padStart(2, "0")}${Buffer.from(text).toString("hex")}`)

function outcome(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
}

describe("DER values", () => {
  it.each([
    ["01 01 ff", true],
    ["01 01 00", false],
    ["01 01 01", "E_FORMAT_MALFORMED"],
    ["01 00", "E_FORMAT_MALFORMED"],
    ["01 02 ff ff", "E_FORMAT_MALFORMED"],
    ["02 01 00", "E_FORMAT_MALFORMED"],
  ])("BOOLEAN %s", (bytes, expected) => {
    expect(outcome(() => derBoolean(element(bytes), "test"))).toBe(expected)
  })

  it.each([
    ["03 02 07 80", [0]],
    ["03 03 07 00 80", [8]],
    ["03 02 00 86", [0, 5, 6]],
    ["03 02 05 a0", [0, 2]],
    ["03 01 00", []],
    ["03 02 07 c0", "E_FORMAT_MALFORMED"],
    ["03 02 08 00", "E_FORMAT_MALFORMED"],
    ["03 01 01", "E_FORMAT_MALFORMED"],
    ["03 00", "E_FORMAT_MALFORMED"],
    ["04 01 00", "E_FORMAT_MALFORMED"],
  ])("BIT STRING %s", (bytes, expected) => {
    expect(outcome(() => derNamedBits(element(bytes), "test"))).toEqual(expected)
  })

  it.each([
    ["17", "260101000000Z", Date.UTC(2026, 0, 1)],
    ["17", "491231235959Z", Date.UTC(2049, 11, 31, 23, 59, 59)],
    ["17", "500101000000Z", Date.UTC(1950, 0, 1)],
    ["18", "20510228235959Z", Date.UTC(2051, 1, 28, 23, 59, 59)],
    ["18", "99991231235959Z", Date.UTC(9999, 11, 31, 23, 59, 59)],
    ["18", "00010101000000Z", -62135596800000],
    ["17", "2601010000Z", "E_FORMAT_MALFORMED"],
    ["17", "260101000000+0000", "E_FORMAT_MALFORMED"],
    ["17", "260101000000", "E_FORMAT_MALFORMED"],
    ["17", "260230000000Z", "E_FORMAT_MALFORMED"],
    ["17", "260101240000Z", "E_FORMAT_MALFORMED"],
    ["17", "260101006000Z", "E_FORMAT_MALFORMED"],
    ["17", "260101000060Z", "E_FORMAT_MALFORMED"],
    ["17", "20260101000000Z", "E_FORMAT_MALFORMED"],
    ["18", "260101000000Z", "E_FORMAT_MALFORMED"],
    ["18", "20260101000000.5Z", "E_FORMAT_MALFORMED"],
    ["18", "20261301000000Z", "E_FORMAT_MALFORMED"],
    ["18", `20260101000000${"0".repeat(60)}Z`, "E_FORMAT_MALFORMED"],
    ["16", "260101000000Z", "E_FORMAT_MALFORMED"],
  ])("time %s %s", (tag, text, expected) => {
    expect(outcome(() => derTime(time(tag, text), "test"))).toBe(expected)
  })

  it.each([
    ["20260101000000Z", Date.UTC(2026, 0, 1)],
    ["20260101000000.5Z", Date.UTC(2026, 0, 1, 0, 0, 0, 500)],
    ["20260101000000.123456789Z", Date.UTC(2026, 0, 1, 0, 0, 0, 123)],
    ["20260101000000.50Z", "E_FORMAT_MALFORMED"],
    ["20260101000000.Z", "E_FORMAT_MALFORMED"],
    ["20260101000000,5Z", "E_FORMAT_MALFORMED"],
    ["20260101000000.1234567891Z", "E_FORMAT_MALFORMED"],
  ])("time with fractions %s", (text, expected) => {
    expect(outcome(() => derTime(time("18", text), "test", { fractions: true }))).toBe(expected)
  })

  it("reads what is inside tags", () => {
    expect(contextTag(3, true)).toBe(0xa3)
    expect(derExplicit(element("a0 03 02 01 02"), "test").tag).toBe(2)
    expect(outcome(() => derExplicit(element("a0 00"), "test"))).toBe("E_FORMAT_MALFORMED")
    expect(outcome(() => derExplicit(element("a0 04 05 00 05 00"), "test"))).toBe("E_FORMAT_MALFORMED")
    expect(outcome(() => derExplicit(element("80 02 05 00"), "test"))).toBe("E_FORMAT_MALFORMED")
    expect(derSet(element("31 02 05 00"), "test")).toHaveLength(1)
    expect(outcome(() => derSet(element("30 02 05 00"), "test"))).toBe("E_FORMAT_MALFORMED")
    expect(derString(retagDer(element("80 01 41"), 0x0c), "test")).toBe("A")
    expect(derAscii(element("86 01 41"), "test")).toBe("A")
    expect(outcome(() => derAscii(element("86 01 80"), "test"))).toBe("E_FORMAT_MALFORMED")
    expect(outcome(() => derString(undefined, "test"))).toBe("E_FORMAT_MALFORMED")
  })
})
