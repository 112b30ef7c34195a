import { readdir, readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { errorPages } from "../../../scripts/generate-error-docs.ts"

const folder = fileURLToPath(new URL("../../../docs/errors/", import.meta.url))

describe("docs/errors", () => {
  it("is what `node scripts/generate-error-docs.ts` writes", async () => {
    const pages = errorPages()
    const names = (await readdir(folder)).filter((name) => name.endsWith(".md"))
    expect(names.toSorted()).toEqual([...pages.keys()].toSorted())
    for (const [name, text] of pages) expect(await readFile(`${folder}${name}`, "utf8"), name).toBe(text)
  })

  it("says something on every page", () => {
    for (const [name, text] of errorPages()) {
      expect(text, name).not.toContain("undefined")
      expect(text.startsWith("# "), name).toBe(true)
    }
  })
})
