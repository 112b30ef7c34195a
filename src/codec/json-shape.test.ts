import { describe, expect, it } from "vitest"
import { parseJson } from "./json.ts"
import {
  expectArray,
  expectInt64,
  expectInteger,
  expectObject,
  expectOneOf,
  expectString,
  expectText,
  member,
  onlyMembers,
  optionalString,
  stringRecord,
} from "./json-shape.ts"

const read = (text: string) => parseJson(text, { maxBytes: 10_000, what: "test" })
const bad = (why: string) =>
  expect.objectContaining({ code: "E_FORMAT_MALFORMED", what: "malformed a.b", why }) as Error

describe("json-shape", () => {
  it("passes what fits", () => {
    expect(expectObject(read('{"a":1}'), "a")).toEqual({ a: 1 })
    expect(expectArray(read("[1]"), "a", 1)).toEqual([1])
    expect(expectString("", "a")).toBe("")
    expect(expectText("x", "a")).toBe("x")
    expect(Object.is(expectInteger(-0, "a"), 0)).toBe(true)
    expect(expectOneOf("x", "a", ["x", "y"])).toBe("x")
    expect(expectInt64("9223372036854775807", "a")).toBe(2n ** 63n - 1n)
    expect(expectInt64(5, "a")).toBe(5n)
    expect(member(expectObject(read("{}"), "a"), "toString")).toBeUndefined()
    expect(optionalString(undefined, "a")).toBeUndefined()
    expect(stringRecord(read('{"__proto__":"x"}'), "a")["__proto__"]).toBe("x")
  })

  it.each([
    ["object from array", () => expectObject(read("[]"), "a.b"), "saw an array of 0, expected an object"],
    ["object from null", () => expectObject(null, "a.b"), "saw null, expected an object"],
    ["array from object", () => expectArray(read("{}"), "a.b"), "saw an object, expected an array"],
    ["array too long", () => expectArray(read("[1,2]"), "a.b", 1), "saw an array of 2, expected an array of at most 1"],
    ["string from nothing", () => expectString(undefined, "a.b"), "saw nothing, expected a string"],
    ["optional string from null", () => optionalString(null, "a.b"), "saw null, expected a string"],
    ["text from empty", () => expectText("", "a.b"), 'saw the string "", expected a string that is not empty'],
    ["one of", () => expectOneOf("z", "a.b", ["x", "y"]), 'saw the string "z", expected one of x, y'],
    ["record with a number", () => stringRecord(read('{"k":1}'), "a.b"), undefined],
  ])("refuses: %s", (_, run, why) => {
    expect(run).toThrow(
      why === undefined ? (expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error) : bad(why),
    )
  })

  it.each([["-1"], ["1.5"], ['"5"'], ["9007199254740993"], ["1e21"], ["true"]])(
    "adv: integer handling: size %s is refused",
    (text) => {
      expect(() => expectInteger(read(text), "a.b")).toThrow(/malformed a\.b/)
    },
  )

  it.each([['"-1"'], ['"9223372036854775808"'], ['"01"'], ['"-0"'], ['""'], ['"1.0"'], ["1.5"], ["-1"]])(
    "adv: integer handling: log index %s is refused",
    (text) => {
      expect(() => expectInt64(read(text), "a.b")).toThrow(/malformed a\.b/)
    },
  )

  it("refuses members that are not listed", () => {
    expect(() => {
      onlyMembers(expectObject(read('{"x":1,"y":2}'), "a"), "a.b", ["x"])
    }).toThrow(/member "y"/)
  })
})
