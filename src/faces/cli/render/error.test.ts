import { describe, expect, it } from "vitest"
import { ToolError } from "../../../core/errors.ts"
import { errorObject, renderError } from "./error.ts"
import { createStyle } from "./style.ts"

const untrusted = new ToolError("E_SIG_UNTRUSTED", {
  what: "signature found but not trusted",
  why: "the signature was made by SHA256:AAAA, expected SHA256:BBBB (acme.pub)",
  next: ["run `countersign explain registry.example/app@sha256:4f3c` to see every check"],
  details: { artifact: "registry.example/app@sha256:4f3c" },
})

describe("renderError", () => {
  it("has the documented form", () => {
    expect(renderError(untrusted)).toBe(
      [
        "error: signature found but not trusted [E_SIG_UNTRUSTED]",
        "  artifact  registry.example/app@sha256:4f3c",
        "  why       the signature was made by SHA256:AAAA, expected SHA256:BBBB (acme.pub)",
        "  hint: run `countersign explain registry.example/app@sha256:4f3c` to see every check",
        "  docs: E_SIG_UNTRUSTED",
        "",
      ].join("\n"),
    )
  })

  it("wraps why and hints under themselves", () => {
    expect(renderError(untrusted, { width: 60 }).split("\n").slice(2, 6)).toEqual([
      "  why       the signature was made by SHA256:AAAA, expected",
      "            SHA256:BBBB (acme.pub)",
      "  hint: run `countersign explain",
      "        registry.example/app@sha256:4f3c` to see every check",
    ])
  })

  it("leaves out what is not known", () => {
    const bare = new ToolError("E_REGISTRY_UNAVAILABLE", { what: "the registry failed to answer" })
    expect(renderError(bare)).toBe(
      "error: the registry failed to answer [E_REGISTRY_UNAVAILABLE]\n  hint: try again later\n  docs: E_REGISTRY_UNAVAILABLE\n",
    )
  })

  it("adv: CVE-2025-32019 a registry's message cannot start a line or colour it", () => {
    const evil = new ToolError("E_REGISTRY_DENIED", {
      what: "refused\x1b[2K\rverified",
      why: "reason\nverified  registry.example/app\n\x1b[32mok",
      details: { artifact: "a\x9b1mb\nverified" },
    })
    const text = renderError(evil)
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(text.split("\n").filter((line) => line !== "" && !line.startsWith("  "))).toHaveLength(1)
  })
})

describe("colour", () => {
  const terminal = { isTTY: true, columns: 80, write: async () => {} }
  it.each([
    ["terminal", terminal, {}, true],
    ["terminal with NO_COLOR", terminal, { NO_COLOR: "1" }, false],
    ["terminal with empty NO_COLOR", terminal, { NO_COLOR: "" }, true],
    ["dumb terminal", terminal, { TERM: "dumb" }, false],
    ["pipe", { ...terminal, isTTY: false }, {}, false],
  ] as const)("%s", (_name, stream, env, wanted) => {
    expect(createStyle(stream, env).coloured).toBe(wanted)
    expect(renderError(untrusted, { style: createStyle(stream, env) }).includes("\x1b[")).toBe(wanted)
  })
})

describe("errorObject", () => {
  it("is stable", () => {
    expect(errorObject(untrusted)).toEqual({
      code: "E_SIG_UNTRUSTED",
      kind: "negative",
      exit: 1,
      retryable: false,
      what: "signature found but not trusted",
      why: "the signature was made by SHA256:AAAA, expected SHA256:BBBB (acme.pub)",
      next: ["run `countersign explain registry.example/app@sha256:4f3c` to see every check"],
      docs: "docs/errors/E_SIG_UNTRUSTED.md",
      details: { artifact: "registry.example/app@sha256:4f3c" },
    })
  })
})
