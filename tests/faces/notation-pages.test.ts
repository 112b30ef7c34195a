/** Pages of the notation faces against the tables that the faces are made of. */
import { existsSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { type FaceFlag, flagsOf } from "../../src/faces/notation/face-flag.ts"
import { faceCommands, notation2Program, notationProgram } from "../../src/faces/notation/program.ts"
import { flagRows } from "../../src/faces/notation/tables/flags.ts"

const folder = fileURLToPath(new URL("../../docs/faces/notation/", import.meta.url))
const names = (await readdir(folder)).filter((name) => name.endsWith(".md"))
const pages = await Promise.all(names.map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })))

/** One text where both generations say the same. */
function both(first: string, second: string): string {
  return first === second ? first : `${first}; in 2.0 ${second}`
}

const defaultOf = (flag: FaceFlag): string => flag.default ?? (flag.type === "bool" ? "false" : "")

function rowOf(flag: FaceFlag, second: FaceFlag | undefined, generations: string): string {
  const name = `${flag.short === undefined ? "" : `\`-${flag.short}\`, `}\`--${flag.name}\``
  const other = second ?? flag
  const usage = both(flag.usage, other.usage)
  return `| ${name} | ${generations} | ${both(defaultOf(flag), defaultOf(other))} | ${usage} |\n`
}

/** The table of a command's flags, sorted by name, as pages have it. */
function flagTable(path: readonly string[], only: string | undefined): string {
  const first = only === "notation2" ? [] : flagsOf(flagRows, path, "notation")
  const second = only === "notation" ? [] : flagsOf(flagRows, path, "notation2")
  const all = [...new Set([...first, ...second].map((flag) => flag.name))].toSorted((a, b) => (a < b ? -1 : 1))
  const rows = all.map((name) => {
    const [one, two] = [first, second].map((flags) => flags.find((flag) => flag.name === name))
    const flag = one ?? two
    if (flag === undefined) throw new Error(name)
    return rowOf(flag, two, [...(one === undefined ? [] : ["1.3"]), ...(two === undefined ? [] : ["2.0"])].join(", "))
  })
  return `| flag | generations | default | meaning |\n|---|---|---|---|\n${rows.join("")}`
}

const tables = pages.flatMap(({ name, text }) =>
  [...text.matchAll(/^## Flags of `([^`]+)`\n\n((?:\|.*\n)+)/gm)].map(
    ([, command = "", table = ""]) => [name, command, table] as const,
  ),
)

describe("pages of the notation faces", () => {
  it.each(tables)("%s: flags of %s", (_page, words, table) => {
    const path = words.replace(/^cert /, "certificate ").split(" ")
    const command = faceCommands.find((one) => one.path.join(" ") === path.join(" "))
    expect(table).toBe(flagTable(path, command?.only))
  })

  it("every command that signs or verifies has its table", () => {
    const described = tables.map(([, command]) => command)
    const wanted = ["sign", "verify", "list", "inspect", "blob sign", "blob verify", "blob inspect"]
    expect(wanted.filter((command) => !described.includes(command))).toEqual([])
  })

  it.each(pages)("$name: commands exist", ({ text }) => {
    for (const [, program, words = ""] of text.matchAll(/^\$ (notation2?) (.*)$/gm)) {
      const { commands, groups = [] } = program === "notation" ? notationProgram : notation2Program
      const given = words.split(" ")
      const groupName = (word: string): string => groups.find(({ aliases }) => aliases?.includes(word))?.path[0] ?? word
      const path = [groupName(given[0] ?? ""), ...given.slice(1)].join(" ")
      expect(
        commands.some((command) => `${path} `.startsWith(`${command.path.join(" ")} `)),
        words,
      ).toBe(true)
    }
  })

  it.each(pages)("$name: links lead somewhere", ({ name, text }) => {
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      expect(existsSync(join(folder, dirname(name), target)), target).toBe(true)
    }
  })
})
