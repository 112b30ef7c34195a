import { expect, it } from "vitest"

import { ToolError } from "../../core/errors.ts"
import { faceError, prefixed, sentenceOf } from "./face-error.ts"

it.each([
  ["a sentence of notation, letter for letter", faceError("first\nsecond"), "first\nsecond"],
  [
    "the text of a finding",
    new ToolError("E_TRUST_MISSING", { what: "the trust store is empty", why: "saw /x" }),
    "the trust store is empty",
  ],
  [
    "of a file that could not be used, what Go says",
    new ToolError("E_IO", { what: "cannot open /x", why: "open /x: permission denied", details: { errno: "EACCES" } }),
    "open /x: permission denied",
  ],
  [
    "notation's own words for such a file",
    new ToolError("E_IO", {
      what: "unable to read /x",
      why: "open /x: permission denied",
      details: { errno: "EACCES" },
    }),
    "unable to read /x",
  ],
])("%s", (_, error, expected) => {
  expect(sentenceOf(error)).toBe(expected)
})

it("words before an error are printed before its sentence", () => {
  const failure = prefixed(
    "failed to list: ",
    new ToolError("E_IO", { what: "cannot open /x", why: "open /x: is a directory", details: { errno: "EISDIR" } }),
  )
  expect(sentenceOf(failure)).toBe("failed to list: open /x: is a directory")
})
