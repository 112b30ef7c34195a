import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import type { FlagSpec, Program } from "../command.ts"
import { faceCommands } from "./command-table.ts"
import { cosignHelp } from "./help.ts"
import { cosign2Program, cosignProgram } from "./program.ts"
import { rewriteCosignArgv } from "./rewrite-argv.ts"

type Row = readonly [name: string, short: string, shown: string, usage: string]
interface HelpOf {
  readonly flags: readonly Row[]
  readonly deprecated: readonly (readonly [name: string, sentence: string])[]
}

const printed = JSON.parse(readFileSync(new URL("testdata/flags.json", import.meta.url), "utf8")) as Record<
  string,
  Record<string, HelpOf>
>
const programs: Readonly<Record<string, Program>> = { cosign2: cosign2Program, cosign3: cosignProgram }
const cases = Object.entries(programs).flatMap(([generation, program]) =>
  Object.entries(printed[generation] ?? {}).map(([name, help]) => ({ generation, program, name, help })),
)

function flagsOf(program: Program, name: string): readonly FlagSpec[] {
  return program.commands.find((command) => command.path.join(" ") === name)?.flags ?? []
}

describe("the tables are those of cosign", () => {
  it("knows the commands of both generations", () => {
    expect(cases).toHaveLength(24 + 26)
  })

  it.each(cases)("$generation $name: flags in help", ({ program, name, help }) => {
    const text = cosignHelp(
      program,
      program.commands.find((command) => command.path.join(" ") === name),
    )
    const block = text.slice(text.indexOf("Flags:\n"), text.indexOf("\nGlobal Flags:"))
    const seen = [...block.matchAll(/^ {4}(?:-(.), )?--([A-Za-z0-9-]+)=(.*):\n\t(.*)$/gm)]
      .map(([, short = "", flag = "", shown = "", usage = ""]) => [flag, short, shown, usage] as const)
      .filter(([flag]) => flag !== "help")
      .map(([flag, short, shown, usage]) => [flag, short, shown, usage.replace(" (refused by countersign)", "")])
    expect(seen).toEqual(help.flags)
  })

  it.each(cases)("$generation $name: deprecated flags and their sentences", ({ program, name, help }) => {
    const seen = flagsOf(program, name)
      .filter((flag) => flag.deprecated !== undefined)
      .map((flag) => [flag.name, flag.deprecated ?? ""] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
    expect(seen).toEqual(help.deprecated)
  })

  it("loads every command of the table", async () => {
    for (const command of faceCommands) expect(await command.load()).toBeTypeOf("function")
  })
})

describe("rewriting old command lines", () => {
  // Results and warnings as cosign 3.1.1 shows them.
  it.each([
    { argv: ["sign", "-key", "x"], wanted: ["sign", "--key", "x"], warnings: 1 },
    { argv: ["sign", "-key=x"], wanted: ["sign", "--key=x"], warnings: 1 },
    { argv: ["sign", "-a=k=v"], wanted: ["sign", "--a=k=v"], warnings: 1 },
    { argv: ["sign", "--a=b"], wanted: ["sign", "--a=b"], warnings: 0 },
    { argv: ["--k", "x"], wanted: ["-k", "x"], warnings: 1 },
    { argv: ["sign", "-=x"], wanted: ["sign", "--=x"], warnings: 1 },
    { argv: ["sign", "--", "-key"], wanted: ["sign", "--", "--key"], warnings: 1 },
    { argv: ["version", "-version"], wanted: ["version", "version"], warnings: 1 },
    { argv: ["--version"], wanted: ["--version"], warnings: 0 },
    { argv: ["-", "--", "---x", "-r"], wanted: ["-", "--", "---x", "-r"], warnings: 0 },
  ])("$argv", ({ argv, wanted, warnings }) => {
    const rewritten = rewriteCosignArgv(argv)
    expect(rewritten.argv).toEqual(wanted)
    expect(rewritten.notices).toHaveLength(warnings)
  })
})
