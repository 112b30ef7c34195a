import { describe, expect, it } from "vitest"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import { ToolError } from "../../core/errors.ts"
import { exitCode } from "./exit-code.ts"

describe("exitCode", () => {
  it.each<readonly [string, readonly (ErrorCode | undefined)[], number]>([
    ["nothing asked", [], 0],
    ["all verified", [undefined, undefined], 0],
    ["one not signed", [undefined, "E_SIG_NONE"], 1],
    ["one not trusted", ["E_SIG_UNTRUSTED"], 1],
    ["one in another format", ["E_SIG_OTHER_FORMAT"], 1],
    ["one unknown", ["E_NET_TIMEOUT", undefined], 3],
    ["a no beside an unknown stays a no", ["E_NET_TIMEOUT", "E_SIG_NONE"], 1],
    ["wrong use before a no", ["E_SIG_NONE", "E_KEY_NOT_FOUND"], 2],
    ["conflict before unknown", ["E_NET_DNS", "E_REGISTRY_TAG_IMMUTABLE"], 4],
    ["a bug before everything", ["E_USAGE", "E_INTERNAL"], 70],
  ])("%s", (_name, codes, wanted) => {
    const errors = codes.map((code) => (code === undefined ? undefined : new ToolError(code, { what: "x" })))
    expect(exitCode(errors)).toBe(wanted)
  })
})
