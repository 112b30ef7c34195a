import { describe, expect, it } from "vitest"
import type { JsonValue } from "../../../core/json-value.ts"
import { writeJson } from "./json.ts"

describe("writeJson", () => {
  it.each<readonly [string, JsonValue]>([
    ["scalars", [null, true, false, 0, -1.5, "x"]],
    ["empty containers", { a: [], b: {} }],
    ["nested", { a: [{ b: { c: "d" } }, ["e"]] }],
    ["escapes", { 'quo"te': "back\\slash\n" }],
  ])("writes what JSON.stringify writes: %s", (_name, value) => {
    expect(writeJson(value)).toBe(`${JSON.stringify(value, undefined, 2)}\n`)
  })

  it("keeps every digit of large integers", () => {
    expect(writeJson({ index: 18446744073709551615n })).toBe('{\n  "index": 18446744073709551615\n}\n')
  })

  it("leaves out undefined members", () => {
    expect(writeJson({ a: undefined, b: 1 } as unknown as JsonValue)).toBe('{\n  "b": 1\n}\n')
  })

  it("keeps a member called __proto__", () => {
    const value = JSON.parse('{"__proto__":{"x":1}}') as JsonValue
    expect(JSON.parse(writeJson(value))).toEqual(value)
  })

  it("adv: CVE-2025-32019 no terminal control survives, and readers get the same text", () => {
    const evil = "\x1b[31m\x9b1m\x7f\u202eabc\u200b\u2028\ufeff"
    const text = writeJson({ [evil]: evil })
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\ufeff]/)
    expect(JSON.parse(text)).toEqual({ [evil]: evil })
  })
})
