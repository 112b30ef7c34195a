import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import type { Program } from "../command.ts"
import { completionScript, completionShells, type MountedProgram } from "./completion.ts"

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

/** Its commands are called as ours are, and are others. */
const face: MountedProgram = {
  word: "other",
  about: "the other tool",
  program: {
    name: "other",
    summary: "",
    globalFlags: [{ name: "debug", type: "bool", usage: "say more" }],
    commands: [
      { ...nothing, path: ["sign"], summary: "theirs", flags: [{ name: "insecure", type: "bool", usage: "" }] },
      { ...nothing, path: ["blob", "sign"], summary: "", flags: [] },
      { ...nothing, path: ["blob", "verify"], summary: "", flags: [] },
    ],
  },
}

/** What bash would offer after these words; the last one is being typed. */
function offers(words: readonly string[], faces: readonly MountedProgram[] = []): readonly string[] {
  const script = `${completionScript(program, "bash", faces)}
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
    expect(offers(words)).toEqual(wanted)
  })

  it.each([
    { words: [""], wanted: ["keys", "other", "sign"] },
    { words: ["other", ""], wanted: ["blob", "sign"] },
    { words: ["other", "blob", ""], wanted: ["sign", "verify"] },
    { words: ["other", "k"], wanted: [] },
    { words: ["other", "keys", ""], wanted: ["blob", "sign"] },
    { words: ["other", "sign", "--"], wanted: ["--debug", "--insecure"] },
    { words: ["other", "sign", "--format", "o"], wanted: [] },
    { words: ["sign", "--"], wanted: ["--format", "--verbose"] },
    { words: ["sign", "other", "b"], wanted: [] },
  ])("with another program: $words", ({ words, wanted }) => {
    expect([...offers(words, [face])].sort()).toEqual(wanted)
  })
})

describe("other shells", () => {
  it.each(completionShells)("%s names every visible command and flag and no other", (shell) => {
    const script = completionScript(program, shell)
    for (const word of ["sign", "keys", "generate", "format", "verbose"]) expect(script).toContain(word)
    for (const word of ["secret", "old"]) expect(script).not.toContain(word)
  })

  it.each(completionShells)("%s names the commands and flags of a face", (shell) => {
    const script = completionScript(program, shell, [face])
    for (const word of ["other", "blob", "insecure", "debug"]) expect(script).toContain(word)
  })

  it("fish asks for the first word, so that commands of the same name stay apart", () => {
    const lines = completionScript(program, "fish", [face]).split("\n")
    const first = "(commandline -opc)[2]"
    const at = (flag: string): string => lines.find((line) => line.includes(`-l ${flag} `)) ?? ""
    expect(at("insecure")).toContain(`-n 'contains -- other ${first}; and __fish_seen_subcommand_from sign'`)
    expect(at("format")).toContain(`-n 'not contains -- ${first} other; and __fish_seen_subcommand_from sign'`)
  })

  it("an unknown shell is refused", () => {
    expect(() => completionScript(program, "tcsh")).toThrow(/expected one of bash, zsh, fish, powershell/)
  })
})
