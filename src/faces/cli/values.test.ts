import { describe, expect, it } from "vitest"
import { parseAnnotations, parseFormats } from "./values.ts"

describe("parseAnnotations", () => {
  it("splits at the first equals sign and keeps odd names", () => {
    const record = parseAnnotations(["a=b=c", "empty=", "__proto__=x", "a=b=c"])
    expect(Object.entries(record)).toEqual([
      ["a", "b=c"],
      ["empty", ""],
      ["__proto__", "x"],
    ])
    expect(Object.getPrototypeOf(record)).toBeNull()
  })

  it.each([
    ["no equals sign", ["env"], "not an annotation"],
    ["no name", ["=prod"], "not an annotation"],
    ["two values", ["env=a", "env=b"], "two values for annotation"],
  ])("refuses %s", (_name, pairs, what) => {
    expect(() => parseAnnotations(pairs)).toThrow(
      expect.objectContaining({ code: "E_USAGE", what: expect.stringContaining(what) as string }),
    )
  })
})

describe("parseFormats", () => {
  it("keeps the order and drops repetitions", () => {
    expect(parseFormats(["cosign-v2", "cosign-v3", "cosign-v2"])).toEqual(["cosign-v2", "cosign-v3"])
  })

  it.each([[["cosign"]], [["cosign-v3", ""]], [["COSIGN-V3"]], [[]]])("refuses %j", (names) => {
    expect(() => parseFormats(names)).toThrow(expect.objectContaining({ code: "E_USAGE" }))
  })
})
