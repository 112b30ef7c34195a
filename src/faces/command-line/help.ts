/** Help of our own commands, from the tables. */
import type { CommandSpec, Program } from "../command.ts"
import { nextWords } from "./find-command.ts"
import { flagUsages } from "./flag-usages.ts"

/** Help of one command. Ends in a newline. */
export function commandHelp(program: Program, command: CommandSpec): string {
  const name = [program.name, ...command.path].join(" ")
  const synopsis = [name, ...(command.flags.length > 0 ? ["[flags]"] : []), command.args.usage].filter((w) => w !== "")
  const parts = [
    `${command.summary}\n`,
    ...(command.description === undefined ? [] : [`${command.description.trim()}\n`]),
    `Usage:\n  ${synopsis.join(" ")}\n`,
    ...(command.aliases === undefined || command.aliases.length === 0 ? [] : [`Aliases:\n  ${aliasLine(command)}\n`]),
    // A command may be the first word of others.
    ...section("Commands", commandList(program, command.path)),
    ...(command.examples.length === 0 ? [] : [`Examples:\n${exampleText(command.examples)}`]),
    ...section("Flags", flagUsages(command.flags)),
    ...section("Global flags", flagUsages(program.globalFlags)),
  ]
  return parts.join("\n")
}

/** Help of the program, or of the group of commands that begin with `path`. Ends in a newline. */
export function programHelp(program: Program, path: readonly string[] = []): string {
  const name = [program.name, ...path].join(" ")
  return [
    ...(path.length === 0 ? [`${program.summary}\n`] : []),
    `Usage:\n  ${name} COMMAND [flags]\n`,
    `Commands:\n${commandList(program, path)}`,
    ...(program.notes === undefined || path.length > 0 ? [] : [program.notes.map((line) => `${line}\n`).join("")]),
    ...section("Global flags", flagUsages(program.globalFlags)),
    `Run \`${name} COMMAND --help\` to read more about a command\n`,
  ].join("\n")
}

/** A line for each word that may follow. */
function commandList(program: Program, path: readonly string[]): string {
  const rows = nextWords(program, path).map((word) => ({ word, about: summaryOf(program, [...path, word]) }))
  const width = Math.max(0, ...rows.map((row) => row.word.length))
  return rows.map((row) => `  ${row.word.padEnd(width)}   ${row.about}\n`).join("")
}

/** A command's summary; of a group, the words that may follow. */
function summaryOf(program: Program, path: readonly string[]): string {
  const command = program.commands.find((c) => c.path.length === path.length && path.every((w, i) => c.path[i] === w))
  return command === undefined ? nextWords(program, path).join(", ") : command.summary
}

function aliasLine(command: CommandSpec): string {
  return [command.path.at(-1) ?? "", ...(command.aliases ?? [])].join(", ")
}

/** Examples as `  # about` and `  line`, with an empty line between them. Ends in a newline. */
export function exampleText(examples: CommandSpec["examples"]): string {
  return examples
    .map(({ about, line }) => `${about === "" ? "" : `  # ${about}\n`}${line === "" ? "" : `${indent(line)}\n`}`)
    .join("\n")
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n")
}

function section(title: string, body: string): readonly string[] {
  return body === "" ? [] : [`${title}:\n${body}`]
}
