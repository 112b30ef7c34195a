import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { Files } from "../../core/ports.ts"
import { parseTarget } from "../../app/parse-target.ts"
import { readTargets } from "./targets.ts"

const DIGEST = `sha256:${"a".repeat(64)}`

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof ToolError) return thrown.code
    throw thrown
  }
  return "no error"
}

describe("parseTarget", () => {
  it.each([
    ["oci:layout", "layout", undefined],
    ["oci:./a/layout:1.0", "./a/layout", "1.0"],
    ["oci:/a:b/layout", "/a:b/layout", undefined],
    [`oci:layout@${DIGEST}`, "layout", DIGEST],
    [`oci:/a@b/layout@${DIGEST}`, "/a@b/layout", DIGEST],
    ["oci:/a@b/layout:x", "/a@b/layout", "x"],
  ])("reads the layout %s", (text, path, reference) => {
    expect(parseTarget(text)).toEqual({ kind: "layout", path, text, ...(reference === undefined ? {} : { reference }) })
  })

  it("reads a reference", () => {
    expect(parseTarget("registry.example/team/app:1.0")).toMatchObject({
      kind: "registry",
      reference: { registry: "registry.example", repository: "team/app", tag: "1.0" },
    })
  })

  it.each([
    "",
    "oci:",
    "oci::tag",
    "oci:layout:",
    "oci:layout@sha256:abc",
    "registry.example/UPPER",
    "a b",
    "registry.example/app@",
  ])("refuses %j", (text) => {
    expect(codeOf(() => parseTarget(text))).toBe("E_REF_INVALID")
  })
})

describe("readTargets", () => {
  const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
  const filesWith = (content: Uint8Array): Files => ({ read: () => Promise.resolve(content) }) as unknown as Files
  const stdin = { isTTY: false, read: () => Promise.resolve(bytesOf("registry.example/from/stdin\n")) }

  async function texts(args: readonly string[], list: string, content = ""): Promise<readonly string[]> {
    const targets = await readTargets(args, list, filesWith(bytesOf(content)), stdin)
    return targets.map((target) => target.text)
  }

  it("takes arguments, then lines without comments, in order", async () => {
    const list = "# all of them\n\nregistry.example/two:1   # the second\r\n  registry.example/three\n"
    expect(await texts(["registry.example/one"], "list.txt", list)).toEqual([
      "registry.example/one",
      "registry.example/two:1",
      "registry.example/three",
    ])
  })

  it("reads standard input for -", async () => {
    expect(await texts([], "-")).toEqual(["registry.example/from/stdin"])
  })

  it.each([
    ["nothing at all", "", "", "E_USAGE", "no artifact named"],
    ["an empty list", "list.txt", "# nothing\n", "E_USAGE", "no artifact in list.txt"],
    ["a bad line", "list.txt", "registry.example/ok\nNOT GOOD\n", "E_REF_INVALID", "list.txt, line 2"],
  ])("refuses %s", async (_name, list, content, code, what) => {
    await expect(texts([], list, content)).rejects.toMatchObject({
      code,
      what: expect.stringContaining(what) as string,
    })
  })

  it("refuses a list that is no text", async () => {
    const run = readTargets([], "list.bin", filesWith(new Uint8Array([0xff, 0xfe])), stdin)
    await expect(run).rejects.toMatchObject({ code: "E_USAGE" })
  })
})
