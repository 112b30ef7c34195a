import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { tabwriter, type TabwriterOptions } from "./tabwriter.ts"

const cases = readFileSync(new URL("testdata/tabwriter-cases.jsonl", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as TabwriterOptions & { readonly text: string; readonly out: string })

it.each(cases)("$text with $minWidth, $tabWidth, $padding, $padChar as Go prints it", (c) => {
  expect(tabwriter(c.text, c)).toBe(c.out)
})
