import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { parseDer } from "../../codec/der.ts"
import { decodeHex } from "../../codec/hex.ts"
import { ToolError } from "../../core/errors.ts"
import { attributeLabel, attributeType, parseName, sameName } from "./name.ts"

interface GoName {
  readonly der: string
  readonly text: string
  readonly fault?: string
}

const cases = readFileSync(new URL("testdata/go-names.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as GoName)

const nameOf = (hex: string) => parseName(parseDer(decodeHex(hex, { max: 4096, what: "name" }), "name"), "name")

describe("parseName", () => {
  it.each(cases.filter(({ fault }) => fault === undefined))("prints as Go: $text", ({ der, text }) => {
    expect(nameOf(der).text).toBe(text)
  })

  it.each(cases.filter(({ fault }) => fault !== undefined))("refuses as Go: $fault $der", ({ der }) => {
    expect(() => nameOf(der)).toThrow(ToolError)
  })

  it.each([
    ["a set in place of the sequence", "3100"],
    ["an empty set of attributes", "30023100"],
    ["an attribute without value", "30093107300506035504 03".replace(" ", "")],
    ["an attribute with two values", "300f310d300b06035504030c01410c0141"],
    ["an attribute whose type is no object identifier", "300b3109300702010a0c024141"],
  ])("refuses %s", (_, hex) => {
    expect(() => nameOf(hex)).toThrow(ToolError)
  })

  it("keeps what it read", () => {
    const name = nameOf("300e310c300a06035504030c03616263")
    expect(name.rdns).toEqual([[expect.objectContaining({ type: "2.5.4.3", value: "abc" })]])
    expect(sameName(name, nameOf("300e310c300a06035504030c03616263"))).toBe(true)
    expect(sameName(name, nameOf("300e310c300a06035504031303616263"))).toBe(false)
    expect(sameName(name, nameOf("3000"))).toBe(false)
  })

  it("knows the short names", () => {
    expect([attributeLabel("2.5.4.3"), attributeLabel("2.5.4.12")]).toEqual(["CN", undefined])
    expect([attributeType("ST"), attributeType("S")]).toEqual(["2.5.4.8", undefined])
  })
})
