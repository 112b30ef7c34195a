/** Help in cobra's layout, in our own words. */
import type { World } from "../../app/world.ts"
import type { CommandSpec, FlagSpec, HelpContext, Program } from "../command.ts"
import { nextWords } from "../command-line/find-command.ts"
import { flagUsages } from "../command-line/flag-usages.ts"
import type { FaceFlag } from "./face-flag.ts"
import { experimentalEnabled } from "./flag-rules.ts"

/** Texts of a command or group that the tables hold beside what every program has. */
export interface Described {
  readonly summary: string
  readonly description?: string
  readonly experimental?: string
  readonly use?: string
  readonly aliases?: readonly string[]
}

/** Narrowest column of command names. */
const NAME_COLUMN = 11

/** The text of `help` for a command, a group or the program. Ends in a newline. */
export async function notationHelp(program: Program, command?: CommandSpec, context?: HelpContext): Promise<string> {
  if (context === undefined) return ""
  if (command !== undefined) return await commandHelp(program, command, context.world)
  return context.path.length === 0 ? rootHelp(program) : groupHelp(program, context.path)
}

/** What `help` says on stderr about words that are no command. */
export function notationUnknownTopic(program: Program, words: readonly string[]): string {
  return `Unknown help topic [${words.map((word) => `\`${word}\``).join(" ")}]\n${usage(program, [], "")}`
}

function rootHelp(program: Program): string {
  return `${program.summary}\n\n${usage(program, [], helpFlags([]))}`
}

function groupHelp(program: Program, path: readonly string[]): string {
  const group = program.groups?.find((g) => g.path.join(" ") === path.join(" "))
  const text = group?.description ?? group?.summary ?? ""
  return `${text}\n\n${usage(program, path, helpFlags([]), group?.aliases)}`
}

async function commandHelp(program: Program, command: CommandSpec & Partial<Described>, world: World): Promise<string> {
  const shown = experimentalEnabled(world.env)
  const flags = await withConfiguredDefaults(command.flags, world)
  const visible = flags.map((flag: FaceFlag | FlagSpec) =>
    "experimental" in flag && !shown ? { ...flag, hidden: true } : flag,
  )
  const name = command.path.at(-1) ?? ""
  const long = `${command.description ?? command.summary}${shown ? (command.experimental ?? "") : ""}`
  const line = [program.name, ...command.path, command.use ?? ""].filter((word) => word !== "").join(" ")
  return `${long}\n\nUsage:\n  ${line}\n${aliasSection(name, command.aliases)}` + `\nFlags:\n${helpFlags(visible)}\n`
}

function usage(program: Program, path: readonly string[], flags: string, aliases?: readonly string[]): string {
  const name = [program.name, ...path].join(" ")
  const rows = nextWords(program, path).map((word) => ({ word, about: summaryOf(program, [...path, word]) }))
  if (path.length === 0) rows.push({ word: "help", about: "Print the help of a command" })
  const sorted = rows.toSorted((a, b) => (a.word < b.word ? -1 : 1))
  const width = Math.max(NAME_COLUMN, ...sorted.map((row) => row.word.length))
  const list = sorted.map((row) => `  ${row.word.padEnd(width)} ${row.about}\n`).join("")
  return (
    `Usage:\n  ${name} [command]\n${aliasSection(path.at(-1) ?? "", aliases)}\nAvailable Commands:\n${list}\n` +
    `${flags === "" ? "" : `Flags:\n${flags}\n\n`}"${name} [command] --help" prints the help of a command.\n`
  )
}

function aliasSection(name: string, aliases: readonly string[] = []): string {
  return aliases.length === 0 ? "" : `\nAliases:\n  ${[name, ...aliases].join(", ")}\n`
}

function summaryOf(program: Program, path: readonly string[]): string {
  const name = path.join(" ")
  const command = program.commands.find((c) => c.path.join(" ") === name)
  return (command ?? program.groups?.find((g) => g.path.join(" ") === name))?.summary ?? ""
}

function helpFlags(flags: readonly FlagSpec[]): string {
  const help: FlagSpec = { name: "help", short: "h", type: "bool", usage: "print this help" }
  return flagUsages([...flags, help]).trimEnd()
}

/** The signature format of the configuration is the default that help shows; a file that cannot be used changes nothing. */
async function withConfiguredDefaults(flags: readonly FlagSpec[], world: World): Promise<readonly FlagSpec[]> {
  if (!flags.some((flag) => flag.name === "signature-format")) return flags
  try {
    const { notation } = await world.open({ artifacts: false })
    const { signatureFormat = "" } = await notation.readConfig()
    if (signatureFormat === "") return flags
    return flags.map((flag) =>
      flag.name === "signature-format" ? { ...flag, default: signatureFormat.toLowerCase() } : flag,
    )
  } catch {
    return flags
  }
}
