/** What a help text says apart from its prose, which is each program's own. */

/** A flag as a help text lists it. */
interface HelpFlag {
  readonly name: string
  readonly short: string
  readonly type: string
  readonly default: string
}

/** A help text without its sentences. */
export interface HelpStructure {
  /** Headings such as `Flags:`, in order. */
  readonly headings: readonly string[]
  /** Command lines of examples. */
  readonly shown: readonly string[]
  readonly usage: readonly string[]
  readonly aliases: readonly string[]
  readonly commands: readonly string[]
  readonly flags: readonly HelpFlag[]
}

const HEADING = /^(?:Usage|Aliases|Available Commands|Flags|Global Flags):$/
const FLAG = /^ {2}(?:-(\w), | {4})--([\w-]+)(?: (\S+))? {3,}(.*)$/
/** Defaults as the library prints them; prose may have other parentheses. */
const DEFAULT = /\(default ("[^"]*"|\d+|true|false)\)$/

/** Take a text in cobra's layout apart; `undefined` for one that is no help. */
export function helpStructure(text: string): HelpStructure | undefined {
  const lines = text.split("\n").map((line) => line.trimEnd())
  if (!lines.includes("Usage:")) return undefined
  const sections = new Map<string, string[]>([["", []]])
  let heading = ""
  for (const line of lines) {
    if (HEADING.test(line)) {
      heading = line
      sections.set(heading, [])
    } else if (/^\s/.test(line)) sections.get(heading)?.push(line)
  }
  const rows = (name: string): readonly string[] => sections.get(name) ?? []
  return {
    headings: [...sections.keys()],
    shown: rows("").map((line) => line.trim()),
    usage: rows("Usage:"),
    aliases: rows("Aliases:"),
    commands: rows("Available Commands:").map((line) => line.trim().split(" ", 1)[0] ?? ""),
    flags: [...rows("Flags:"), ...rows("Global Flags:")].map(flagOf),
  }
}

/** @throws {Error} for a line that is no flag: it would be left out of the comparison. */
function flagOf(line: string): HelpFlag {
  const found = FLAG.exec(line)
  if (found === null) throw new Error(`no flag: ${line}`)
  const [, short = "", name = "", type = "", usage = ""] = found
  return { name, short, type, default: DEFAULT.exec(usage)?.[1] ?? "" }
}

/** Sentences of four or more words, in small letters and without marks. Command lines and flags' names are none. */
export function helpSentences(text: string): readonly string[] {
  return text
    .split("\n")
    .flatMap((line) => proseOf(line).split(/(?<=[.;:])\s/))
    .map((sentence) =>
      sentence
        .toLowerCase()
        .replaceAll(/[^a-z0-9$]+/g, " ")
        .trim(),
    )
    .filter((sentence) => sentence.split(" ").length >= 4)
}

function proseOf(line: string): string {
  const flag = FLAG.exec(line)
  if (flag !== null) return (flag[4] ?? "").replace(DEFAULT, "")
  const command = /^ {2}[\w-]+ {1,12}(?=[A-Z])(.*)$/.exec(line)
  if (command !== null) return command[1] ?? ""
  return /^\s/.test(line) ? "" : line.replace(/^Example - (?:\[Experimental\] )?/, "")
}
