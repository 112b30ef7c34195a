import { describe, expect, it } from "vitest"

import type { JsonObject } from "../../core/json-value.ts"
import type { HttpResponse } from "../net/http-types.ts"
import { parseWarning, withWarnings } from "./warnings.ts"

describe("parseWarning", () => {
  it.each([
    ['299 - "moved"', "moved"],
    ['299 - "a \\"b\\" \\\\c"', 'a "b" \\c'],
    ['199 - "other code"', undefined],
    ['299 registry "agent"', undefined],
    ['299 - "open', undefined],
    ['299 - "a" "b"', undefined],
    ['299 - "\u001b[31mred"', undefined],
    ['299 - "\u202eturned"', undefined],
    ['299 - ""', undefined],
    [`299 - "${"x".repeat(5000)}"`, undefined],
  ])("%j", (header, text) => {
    expect(parseWarning(header)).toBe(text)
  })
})

describe("withWarnings", () => {
  it("shows each text once", async () => {
    const shown: JsonObject[] = []
    const logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: (_event: string, fields?: JsonObject) => shown.push(fields ?? {}),
    }
    const response = { headerValues: () => ['299 - "a"', '299 - "b"', "junk"] } as unknown as HttpResponse
    const http = withWarnings({ request: () => Promise.resolve(response) }, "a.b", logger, new Set())
    for (let i = 0; i < 2; i++)
      expect(await http.request({ method: "GET", url: "https://a.b/", scope: [] })).toBe(response)
    expect(shown).toEqual([
      { registry: "a.b", text: "a" },
      { registry: "a.b", text: "b" },
    ])
  })
})
