import { createRequire } from "node:module"
import { expect, it } from "vitest"
import type { JsonValue } from "../core/json-value.ts"
import { parseJson } from "./json.ts"
import { olpcJson } from "./olpc-json.ts"

const require = createRequire(createRequire(import.meta.url).resolve("tuf-js"))
const peer = require("@tufjs/canonical-json") as { canonicalize(value: unknown): string }

const same: readonly string[] = [
  "{}",
  "[]",
  '{"b":1,"a":[true,false,null],"":"x"}',
  String.raw`{"a":"quote \" backslash \\ slash \/ newline \n tab \t nul \u0000"}`,
  '{"ä":"ü","a":"€","z":"𝄞"}',
  "[0,-0,-1,9007199254740991]",
  '{"__proto__":1,"constructor":2}',
  '{"10":1,"9":2}',
]

it.each(same)("says of %s what TUF's own canonical JSON says", (text) => {
  const value = parseJson(text, { maxBytes: 1000, what: "case" })
  expect(olpcJson(value)).toBe(peer.canonicalize(JSON.parse(text)))
})

it("orders keys by code point, where UTF-16 would not", () => {
  expect(olpcJson({ "\u{1F600}": 1, "\uFFFD": 2 })).toBe('{"\uFFFD":2,"\u{1F600}":1}')
})

it("keeps integers beyond a double exactly", () => {
  expect(olpcJson(parseJson("[18446744073709551615]", { maxBytes: 100, what: "case" }))).toBe("[18446744073709551615]")
})

it.each<[string, JsonValue]>([
  ["a fraction", 1.5],
  ["infinity", Infinity],
  ["a number", Number.NaN],
  ["a lone surrogate", "\ud800"],
  ["a lone surrogate in a key", { "\udc00": 1 }],
])("refuses %s", (_, value) => {
  expect(() => olpcJson(value)).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }))
})
