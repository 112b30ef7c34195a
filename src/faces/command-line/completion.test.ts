import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import type { Program } from "../command.ts"
import { completionScript, completionShells } from "./completion.ts"

const nothing = { examples: [], args: { min: 0, usage: "" }, load: () => Promise.reject(new Error("not loaded")) }
const program: Program = {
  name: "tool",
  summary: "",
  globalFlags: [{ name: "verbose", short: "v", type: "bool", usage: "it's loud" }],
  commands: [
    {
      ...nothing,
      path: ["sign"],
      summary: "sign: it",
      flags: [
        { name: "format", type: "string", choices: ["one", "two"], usage: "the format" },
        { name: "old", type: "bool", usage: "gone", deprecated: "x" },
      ],
    },
    { ...nothing, path: ["keys", "generate"], summary: "make a key", flags: [] },
    { ...nothing, path: ["secret"], summary: "", flags: [], hidden: true },
  ],
}

/** What bash would offer after these words; the last one is being typed. */
function offers(...words: readonly string[]): readonly string[] {
  const script = `${completionScript(program, "bash")}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tool; printf '%s\\n' "\${COMPREPLY[@]}"`
  const out = execFileSync("bash", ["-c", script, "bash", "tool", ...words], { encoding: "utf8" })
  return out.split("\n").filter((line) => line !== "")
}

describe("bash", () => {
  it.each([
    { words: [""], wanted: ["keys", "sign"] },
    { words: ["s"], wanted: ["sign"] },
    { words: ["keys", ""], wanted: ["generate"] },
    { words: ["-v", "keys", "g"], wanted: ["generate"] },
    { words: ["sign", "--"], wanted: ["--format", "--verbose"] },
    { words: ["sign", "--format", ""], wanted: ["one", "two"] },
    { words: ["sign", "--format", "t"], wanted: ["two"] },
    { words: ["nope", ""], wanted: ["keys", "sign"] },
    { words: ["sign", "x"], wanted: [] },
  ])("$words", ({ words, wanted }) => {
    expect(offers(...words)).toEqual(wanted)
  })
})

describe("other shells", () => {
  it.each(completionShells)("%s names every visible command and flag and no other", (shell) => {
    const script = completionScript(program, shell)
    for (const word of ["sign", "keys", "generate", "format", "verbose"]) expect(script).toContain(word)
    for (const word of ["secret", "old"]) expect(script).not.toContain(word)
  })

  it("an unknown shell is refused", () => {
    expect(() => completionScript(program, "tcsh")).toThrow(/expected one of bash, zsh, fish, powershell/)
  })
})
