import { describe, expect, it } from "vitest"
import { parseFlags } from "../command-line/pflag.ts"
import { faceCommands } from "./program.ts"
import { flagsOf, type FaceFlag, type GenerationName } from "./face-flag.ts"
import { checkFlagRules, usesExperimental } from "./flag-rules.ts"
import { flagRows } from "./tables/flags.ts"

function check(path: string, argv: string, generation: GenerationName = "notation"): string {
  const command = faceCommands.find((row) => row.path.join(" ") === path)
  if (command === undefined) throw new Error(`no command ${path}`)
  const rows: readonly FaceFlag[] = flagsOf(flagRows, command.path, generation)
  const { flags } = parseFlags(rows, argv.split(" "))
  try {
    usesExperimental(rows, flags, `notation ${path}`, { NOTATION_EXPERIMENTAL: "1" })
    checkFlagRules(command, rows, flags)
    return ""
  } catch (error) {
    return (error as Error).message
  }
}

describe("required flags, then groups", () => {
  it.each([
    ["certificate add", "x", 'required flag(s) "store", "type" not set'],
    ["certificate add", "x --store=", 'required flag(s) "type" not set'],
    ["certificate add", "x -s a -t b", ""],
    ["sign", "x --id a", "if any flags in the group [id plugin] are set they must all be set; missing [plugin]"],
    ["sign", "x --key a --id b --plugin c", /^if any flags in the group \[key id\] .*; \[id key\] were all set$/],
    ["sign", "x --id a --timestamp-url u", /group \[id plugin\]/],
    ["sign", "x --oci-layout --force-referrers-tag=false", /\[force-referrers-tag oci-layout\] were all set$/],
    ["verify", "x --scope a", /group \[oci-layout scope\] are set they must all be set; missing \[oci-layout\]/],
    ["plugin install", "x", "at least one of the flags in the group [file url] is required"],
    ["plugin install", "x --file=false", ""],
    ["plugin install", "x --file --url", /\[file url\] were all set$/],
  ])("%s %s", (path, argv, wanted) => {
    if (typeof wanted === "string") expect(check(path, argv)).toBe(wanted)
    else expect(check(path, argv)).toMatch(wanted)
  })

  it("a flag that notation 2 does not have is not named in its groups", () => {
    const argv = "x --oci-layout --force-referrers-tag"
    expect(check("sign", argv)).toMatch(/group \[oci-layout force-referrers-tag allow-referrers-api\]/)
    expect(check("sign", argv, "notation2")).toMatch(/group \[oci-layout force-referrers-tag\]/)
  })
})

describe("the tables", () => {
  const known = (name: string, path: readonly string[], generation: GenerationName): boolean =>
    flagsOf(flagRows, path, generation).some((flag) => flag.name === name)

  it.each(["notation", "notation2"] as const)("rules of %s name flags that exist", (generation) => {
    const commands = faceCommands.filter(({ only }) => (only ?? generation) === generation)
    for (const command of commands) {
      const groups = [command.required ?? [], ...(command.together ?? []), ...(command.oneRequired ?? [])]
      for (const name of groups.flat())
        expect([command.path, name, known(name, command.path, generation)]).toContain(true)
    }
  })

  it("every row is for commands that exist, and no flag stands twice", () => {
    const paths = faceCommands.map(({ path }) => path.join(" "))
    for (const row of flagRows) expect(paths).toEqual(expect.arrayContaining([...row.commands]))
    for (const { path } of faceCommands) {
      for (const generation of ["notation", "notation2"] as const) {
        const flags = flagsOf(flagRows, path, generation)
        const names = flags.flatMap(({ name, short }) => (short === undefined ? [name] : [name, short]))
        expect(new Set(names).size).toBe(names.length)
      }
    }
  })
})
