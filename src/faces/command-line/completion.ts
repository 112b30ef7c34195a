/** Completion scripts, written from the tables: no process is started while completing. */
import { ToolError } from "../../core/errors.ts"
import type { CommandSpec, FlagSpec, Program } from "../command.ts"
import { nextWords } from "./find-command.ts"
import { visibleFlags } from "./flag-usages.ts"

/** Shells a script can be written for. */
export const completionShells = ["bash", "zsh", "fish", "powershell"] as const

/** One of {@link completionShells}. */
export type CompletionShell = (typeof completionShells)[number]

/** A program whose command lines begin with a word of another's. */
export interface MountedProgram {
  readonly word: string
  readonly about: string
  readonly program: Program
}

/**
 * The script that teaches `shell` the program's commands, flags and closed sets of values.
 *
 * @param faces - programs that a first word leads to, with commands and flags of their own.
 * @throws {ToolError} `E_USAGE` for a shell not in {@link completionShells}.
 */
export function completionScript(program: Program, shell: string, faces: readonly MountedProgram[] = []): string {
  const [root, ...others] = placesOf(program)
  const words = [...(root?.words ?? []), ...faces.map(({ word, about }) => ({ word, about }))]
  const places: readonly Place[] = [
    { path: [], flags: root?.flags ?? [], words },
    ...others,
    ...faces.flatMap((face) => placesOf(face.program, face.word)),
  ]
  switch (shell) {
    case "bash":
      return bash(program, places)
    case "zsh":
      return zsh(program, places)
    case "fish":
      return fish(program, places)
    case "powershell":
      return powershell(program, places)
  }
  throw new ToolError("E_USAGE", {
    what: `no completion for the shell ${JSON.stringify(shell)}`,
    why: `expected one of ${completionShells.join(", ")}`,
  })
}

/** A point the words so far can lead to. */
interface Place {
  readonly path: readonly string[]
  /** Word of the face that it belongs to; the first of its path. */
  readonly face?: string
  readonly words: readonly { readonly word: string; readonly about: string }[]
  readonly flags: readonly FlagSpec[]
}

function placesOf(program: Program, face?: string): readonly Place[] {
  const paths = new Map<string, readonly string[]>([["", []]])
  for (const command of program.commands.filter((c) => c.hidden !== true)) {
    command.path.forEach((_, index) => {
      const path = command.path.slice(0, index + 1)
      paths.set(path.join(" "), path)
    })
  }
  const at = (path: readonly string[]): CommandSpec | undefined =>
    program.commands.find((c) => c.path.length === path.length && path.every((word, i) => c.path[i] === word))
  return [...paths.values()].map((path) => ({
    path: face === undefined ? path : [face, ...path],
    ...(face === undefined ? {} : { face }),
    words: nextWords(program, path).map((word) => ({ word, about: at([...path, word])?.summary ?? "" })),
    flags: visibleFlags([...(at(path)?.flags ?? []), ...program.globalFlags]),
  }))
}

/** The path as one word of a `case`. */
function key(path: readonly string[]): string {
  return path.map((word) => `/${word}`).join("")
}

function flagWords(flag: FlagSpec): readonly string[] {
  return [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])]
}

function identifier(program: Program): string {
  return `_${program.name.replaceAll(/[^A-Za-z0-9]/g, "_")}`
}

/** Single quotes of the Bourne shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function bash(program: Program, places: readonly Place[]): string {
  const name = identifier(program)
  const walk = places.slice(1).map((p) => quote(key(p.path)))
  const choices = places.flatMap((place) =>
    place.flags
      .filter((flag) => flag.choices !== undefined)
      .flatMap((flag) => flagWords(flag).map((word) => ({ at: `${key(place.path)}:${word}`, flag }))),
  )
  return `# bash completion for ${program.name}
${name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" place="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place/\${COMP_WORDS[i]}" in
      ${walk.join(" | ")}) place="$place/\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$place:$prev" in
${choices.map(({ at, flag }) => `    ${quote(at)}) COMPREPLY=($(compgen -W ${quote((flag.choices ?? []).join(" "))} -- "$cur")); return ;;\n`).join("")}    *) ;;
  esac
  case "$place" in
${places.map((p) => `    ${quote(key(p.path))})\n      if [[ $cur == -* ]]; then words=${quote(p.flags.flatMap(flagWords).join(" "))}; else words=${quote(p.words.map((w) => w.word).join(" "))}; fi ;;\n`).join("")}  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F ${name} ${program.name}
`
}

function zsh(program: Program, places: readonly Place[]): string {
  const name = identifier(program)
  const described = (word: string, about: string): string => quote(`${word.replaceAll(":", "\\:")}:${about}`)
  const walk = places.slice(1).map((p) => quote(key(p.path)))
  return `#compdef ${program.name}
${name}() {
  local place="" i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    case "$place/\${words[i]}" in
      ${walk.join(" | ")}) place="$place/\${words[i]}" ;;
    esac
  done
  case "$place" in
${places.map((p) => `    ${quote(key(p.path))})\n      if [[ \${words[CURRENT]} == -* ]]; then found=(${p.flags.map((f) => described(`--${f.name}`, f.usage)).join(" ")}); else found=(${p.words.map((w) => described(w.word, w.about)).join(" ")}); fi ;;\n`).join("")}  esac
  if (( \${#found} )); then _describe ${quote(program.name)} found; else _files; fi
}
compdef ${name} ${program.name}
`
}

function fish(program: Program, places: readonly Place[]): string {
  const text = (value: string): string => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
  const faces = [...new Set(places.flatMap(({ face }) => face ?? []))]
  const first = "(commandline -opc)[2]"
  const lines = places.flatMap((place) => {
    const seen = place.path.slice(place.face === undefined ? 0 : 1).map((word) => `__fish_seen_subcommand_from ${word}`)
    // A command of a face may be called as one of ours is.
    if (place.face !== undefined) seen.unshift(`contains -- ${place.face} ${first}`)
    else if (faces.length > 0) seen.unshift(`not contains -- ${first} ${faces.join(" ")}`)
    const next = place.words.map((w) => w.word).join(" ")
    const none = next === "" ? [] : [`not __fish_seen_subcommand_from ${next}`]
    const inside = text([...seen, ...none].join("; and "))
    const here = text(seen.join("; and "))
    const condition = seen.length === 0 ? "" : ` -n ${here}`
    return [
      ...place.words.map((w) => `complete -c ${program.name} -f -n ${inside} -a ${w.word} -d ${text(w.about)}`),
      ...place.flags.map((flag) => {
        const short = flag.short === undefined ? "" : ` -s ${flag.short}`
        const value =
          flag.type === "bool" ? "" : flag.choices === undefined ? " -r" : ` -x -a ${text(flag.choices.join(" "))}`
        return `complete -c ${program.name}${condition} -l ${flag.name}${short}${value} -d ${text(flag.usage)}`
      }),
    ]
  })
  return `# fish completion for ${program.name}\n${lines.join("\n")}\n`
}

function powershell(program: Program, places: readonly Place[]): string {
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
  const list = (words: readonly string[]): string => `@(${words.map(text).join(", ")})`
  const table = places.map(
    (p) =>
      `    ${text(key(p.path))} = @{ Words = ${list(p.words.map((w) => w.word))}; Flags = ${list(p.flags.flatMap(flagWords))} }\n`,
  )
  return `# PowerShell completion for ${program.name}
Register-ArgumentCompleter -Native -CommandName ${text(program.name)} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $places = @{
${table.join("")}  }
  $place = ''
  foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
    if ($places.ContainsKey("$place/$element")) { $place = "$place/$element" }
  }
  $found = if ($wordToComplete.StartsWith('-')) { $places[$place].Flags } else { $places[$place].Words }
  $found | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`
}
