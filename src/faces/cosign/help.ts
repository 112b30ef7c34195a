/** Help in the layout of cosign's own: flags as `-s, --name=default:` with the usage below. */
import type { CommandSpec, FlagSpec, HelpContext, Program } from "../command.ts"
import { nextWords } from "../command-line/find-command.ts"
import { flagUsages, visibleFlags } from "../command-line/flag-usages.ts"
import { exampleText } from "../command-line/help.ts"

/** Help of the program, of one command, or of the words that several begin with. Ends in a newline. */
export function cosignHelp(program: Program, command?: CommandSpec, context?: HelpContext): string {
  if (command !== undefined) return commandText(program, command)
  const path = context?.path ?? []
  return path.length === 0 ? rootHelp(program) : groupHelp(program, path)
}

/** Narrowest column of command names. */
const NAME_COLUMN = 11

function rootHelp(program: Program): string {
  const rows = [...rowsBelow(program, []), { name: "help", summary: "Help about any command" }]
  const flags = [...program.globalFlags, helpFlag(program.name)]
  return (
    `${program.summary}\n\nUsage:\n${program.name} [command]\n\nAvailable Commands:\n${listOf(rows)}\n` +
    `Flags:\n${flagList(flags)}\n\nUse "${program.name} [command] --help" for more information about a command.\n`
  )
}

function groupHelp(program: Program, path: readonly string[]): string {
  const group = program.groups?.find((candidate) => candidate.path.join(" ") === path.join(" "))
  const name = [program.name, ...path].join(" ")
  return (
    `${group?.description ?? group?.summary ?? ""}\n\nUsage:\n${name} [command]\n\n` +
    `Available Commands:\n${listOf(rowsBelow(program, path))}\n` +
    `Flags:\n${flagList([helpFlag(path.at(-1) ?? "")])}\n\nGlobal Flags:\n${flagUsages(program.globalFlags)}\n` +
    `Use "${name} [command] --help" for more information about a command.\n`
  )
}

interface HelpRow {
  readonly name: string
  readonly summary: string
}

/** The words that can follow `path`, save deprecated commands. */
function rowsBelow(program: Program, path: readonly string[]): readonly HelpRow[] {
  return nextWords(program, path).flatMap((word) => {
    const name = [...path, word].join(" ")
    const command = program.commands.find((candidate) => candidate.path.join(" ") === name)
    if (command?.deprecated !== undefined) return []
    const group = program.groups?.find((candidate) => candidate.path.join(" ") === name)
    return [{ name: word, summary: (command ?? group)?.summary ?? "" }]
  })
}

function listOf(rows: readonly HelpRow[]): string {
  const width = Math.max(NAME_COLUMN, ...rows.map(({ name }) => name.length))
  return rows
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, summary }) => `${name.padEnd(width)} ${summary}\n`)
    .join("")
}

function commandText(program: Program, command: CommandSpec): string {
  const name = command.path.join(" ")
  const synopsis = command.args.usage === "" ? `${name} [flags]` : `${name} ${command.args.usage}`
  const examples = command.examples.length === 0 ? "" : `Examples:\n${exampleText(command.examples)}\n`
  return (
    `${command.description ?? command.summary}\n\nUsage:\n${program.name} ${synopsis}\n\n${examples}` +
    `Flags:\n${flagList([...command.flags, helpFlag(command.path.at(-1) ?? "")])}\n\nGlobal Flags:\n${flagUsages(program.globalFlags)}`
  )
}

function helpFlag(name: string): FlagSpec {
  return { name: "help", short: "h", type: "bool", usage: `help for ${name}` }
}

function flagList(flags: readonly FlagSpec[]): string {
  return visibleFlags(flags)
    .map((flag) => {
      const short = flag.short === undefined ? "" : `-${flag.short}, `
      const refused = isRefused(flag) ? " (refused by countersign)" : ""
      return `    ${short}--${flag.name}=${shownDefault(flag)}:\n\t${flag.usage}${refused}\n`
    })
    .join("\n")
    .trimEnd()
}

function isRefused(flag: FlagSpec): boolean {
  return "refused" in flag && flag.refused !== undefined
}

function shownDefault(flag: FlagSpec): string {
  switch (flag.type) {
    case "bool":
      return flag.default ?? "false"
    case "string":
      // Closed sets are types of their own in cosign, printed without quotes.
      return flag.choices === undefined ? `'${flag.default ?? ""}'` : (flag.default ?? "")
    case "stringSlice":
    case "stringArray":
      return `[${flag.default ?? ""}]`
    case "int":
    case "uint":
      return flag.default ?? "0"
    case "duration":
      return flag.default ?? "0s"
  }
}
