import { setImmediate as nextTurn } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import { describe, expect, it } from "vitest"

import { ToolError } from "./errors.ts"

class Parser {
  readonly document = "x".repeat(1000)

  fail(): ToolError {
    return new ToolError("E_FORMAT_MALFORMED", { what: `malformed document of ${this.document.length} characters` })
  }
}

function failed(): { readonly error: ToolError; readonly parser: WeakRef<Parser> } {
  const parser = new Parser()
  return { error: parser.fail(), parser: new WeakRef(parser) }
}

describe("ToolError", () => {
  it("keeps nothing of what threw it in memory", async () => {
    setFlagsFromString("--expose-gc")
    const collect = runInNewContext("gc") as () => void
    const { error, parser } = failed()
    await nextTurn()
    collect()
    expect(parser.deref()).toBeUndefined()
    expect(error.stack).toContain("Parser.fail")
  })
})
