/** Help in the layout of cosign's own: flags as `-s, --name=default:` with the usage below. */
import type { CommandSpec, FlagSpec, Program } from "../command.ts"
import { flagUsages, visibleFlags } from "../command-line/flag-usages.ts"
import { exampleText } from "../command-line/help.ts"

/** Help of the program, or of one command. Ends in a newline. */
export function cosignHelp(program: Program, command?: CommandSpec): string {
  return command === undefined ? rootHelp(program) : commandText(program, command)
}

function rootHelp(program: Program): string {
  const shown = program.commands
    .filter((command) => command.hidden !== true && command.deprecated === undefined)
    .map((command) => ({ name: command.path.join(" "), summary: command.summary }))
    .concat({ name: "help", summary: "Help about any command" })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const width = Math.max(...shown.map((row) => row.name.length))
  const list = shown.map((row) => `${row.name.padEnd(width)} ${row.summary}\n`).join("")
  const flags = [...program.globalFlags, helpFlag(program.name)]
  return (
    `${program.summary}\n\nUsage:\n${program.name} [command]\n\nAvailable Commands:\n${list}\n` +
    `Flags:\n${flagList(flags)}\n\nUse "${program.name} [command] --help" for more information about a command.\n`
  )
}

function commandText(program: Program, command: CommandSpec): string {
  const name = command.path.join(" ")
  const synopsis = command.args.usage === "" ? `${name} [flags]` : `${name} ${command.args.usage}`
  const examples = command.examples.length === 0 ? "" : `Examples:\n${exampleText(command.examples)}\n`
  return (
    `${command.description ?? command.summary}\n\nUsage:\n${program.name} ${synopsis}\n\n${examples}` +
    `Flags:\n${flagList([...command.flags, helpFlag(name)])}\n\nGlobal Flags:\n${flagUsages(program.globalFlags)}`
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
