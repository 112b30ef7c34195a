/** Finds the command a command line means, and what to suggest when there is none. */
import type { CommandSpec, FlagSpec, Program } from "../command.ts"

/** A command and the words that are left for its flags and arguments, in order. */
export type FoundCommand =
  | { readonly kind: "command"; readonly command: CommandSpec; readonly argv: readonly string[] }
  /** Only the first words of longer commands, such as `keys`; `unknown` is a word that continues none of them. */
  | {
      readonly kind: "group"
      readonly path: readonly string[]
      readonly unknown?: string
      readonly argv: readonly string[]
    }

/**
 * Walk the words of `argv`, stepping over flags as cobra does: a flag that needs a value takes the next word with it.
 * The longest command path wins.
 */
export function findCommand(program: Program, argv: readonly string[]): FoundCommand {
  const path: string[] = []
  const taken: number[] = []
  let unknown: string | undefined
  for (const index of wordPositions(program.globalFlags, argv)) {
    const typed = argv[index] ?? ""
    const word = groupName(program, path, typed)
    const next = [...path, word]
    if (!program.commands.some((command) => matchesPrefix(command, next))) {
      unknown = typed
      break
    }
    path.push(word)
    taken.push(index)
  }
  const rest = argv.filter((_, index) => !taken.includes(index))
  const command = program.commands.find((c) => c.path.length === path.length && matchesPrefix(c, path))
  if (command !== undefined) return { kind: "command", command, argv: rest }
  return { kind: "group", path, argv: rest, ...(unknown === undefined ? {} : { unknown }) }
}

/** The name of the group that `word` is an alias of, else the word. */
function groupName(program: Program, path: readonly string[], word: string): string {
  const group = program.groups?.find(
    (g) =>
      g.path.length === path.length + 1 &&
      path.every((w, index) => g.path[index] === w) &&
      (g.aliases ?? []).includes(word),
  )
  return group?.path.at(-1) ?? word
}

/** Whether `words` are the first words of the command's path; the last word of the path may be an alias. */
function matchesPrefix(command: CommandSpec, words: readonly string[]): boolean {
  if (words.length > command.path.length || words.length === 0) return false
  return words.every((word, index) => {
    if (command.path[index] === word) return true
    return index === command.path.length - 1 && (command.aliases ?? []).includes(word)
  })
}

/** Positions of words that are neither flags nor values of flags. Spec: spf13/cobra command.go `stripFlags`. */
function* wordPositions(flags: readonly FlagSpec[], argv: readonly string[]): Generator<number> {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ""
    if (word === "--") return
    const long = word.startsWith("--") && !word.includes("=") && !standsAlone(flags, (f) => f.name === word.slice(2))
    const short = /^-[^-]$/.test(word) && word !== "-=" && !standsAlone(flags, (f) => f.short === word.slice(1))
    if (long || short) index++
    else if (word !== "" && !word.startsWith("-")) yield index
  }
}

function standsAlone(flags: readonly FlagSpec[], wanted: (flag: FlagSpec) => boolean): boolean {
  const flag = flags.find(wanted)
  return flag !== undefined && (flag.type === "bool" || flag.noOptDefault !== undefined)
}

/** Names close to `typed`: at most two edits away, or beginning with it. Spec: spf13/cobra `SuggestionsFor`. */
export function suggestions(names: readonly string[], typed: string): readonly string[] {
  const wanted = typed.toLowerCase()
  return names.filter((name) => editDistance(wanted, name.toLowerCase()) <= 2 || name.toLowerCase().startsWith(wanted))
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** The next words after `path` that lead to visible commands, sorted. */
export function nextWords(program: Program, path: readonly string[]): readonly string[] {
  const words = program.commands
    .filter((c) => c.path.length > path.length && c.hidden !== true && path.every((word, i) => c.path[i] === word))
    .map((c) => c.path[path.length] ?? "")
  return [...new Set(words)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}
