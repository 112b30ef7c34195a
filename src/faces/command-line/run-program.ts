import { EXIT } from "../../core/error-catalogue.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { World } from "../../app/world.ts"
import type { CommandSpec, ErrorContext, FlagSpec, FlagValues, Program } from "../command.ts"
import { checkArguments } from "./check-arguments.ts"
import { findCommand, nextWords, suggestions, type FoundCommand } from "./find-command.ts"
import { commandHelp, programHelp } from "./help.ts"
import { parseFlags } from "./pflag.ts"

/** Whose manners the command line has: messages and exit codes of spf13/cobra, or our own. */
export type CommandLineStyle = "cobra" | "own"

/**
 * Run one command line: find the command, parse its flags, call it, print what went wrong.
 *
 * @param argv - words after the program's name.
 * @returns the exit code. Never throws.
 */
export async function runProgram(
  program: Program,
  argv: readonly string[],
  world: World,
  style: CommandLineStyle,
): Promise<number> {
  const known: { command?: CommandSpec; flags?: FlagValues } = {}
  try {
    const rewritten = program.rewriteArgv?.(argv) ?? { argv, notices: [] }
    await writeLines(world, rewritten.notices)
    const found = findCommand(program, rewritten.argv)
    if (found.kind === "group") return await runGroup(program, found, world, style)
    known.command = found.command
    return await runCommand(program, found.command, found.argv, world, style, known)
  } catch (thrown) {
    return await report(asToolError(thrown), { world, program, argv, ...known }, style)
  }
}

async function runCommand(
  program: Program,
  command: CommandSpec,
  argv: readonly string[],
  world: World,
  style: CommandLineStyle,
  known: { flags?: FlagValues },
): Promise<number> {
  const name = command.path.at(-1) ?? ""
  if (command.deprecated !== undefined) {
    await writeLines(world, [`Command "${name}" is deprecated, ${command.deprecated}`])
  }
  const notices: string[] = []
  const specs = [...command.flags, ...program.globalFlags]
  const parsed = withSuggestions(style, specs, () => parseFlags(specs, argv, (line) => notices.push(line)))
  await writeLines(world, notices)
  if (parsed.help) return await printHelp(program, world, command)
  known.flags = parsed.flags
  checkArguments(program, command, parsed.args, style)
  if (program.environmentPrefix !== undefined && command.environment !== false) {
    for (const spec of specs) {
      const variable = `${program.environmentPrefix}_${spec.name.toUpperCase().replaceAll("-", "_")}`
      const value = world.env[variable]
      if (value !== undefined && value !== "") parsed.setFrom(spec.name, value)
    }
  }
  if (style === "own") checkValues(specs, parsed.flags)
  const handler = await command.load()
  return await handler({ program, command, flags: parsed.flags, args: parsed.args, world })
}

/** Names flags close to one that is unknown; cobra does that for commands alone. */
function withSuggestions<Value>(style: CommandLineStyle, specs: readonly FlagSpec[], parse: () => Value): Value {
  try {
    return parse()
  } catch (thrown) {
    const error = asToolError(thrown)
    const { unknownFlag } = error.details
    const names = specs.filter(({ hidden }) => hidden !== true).map(({ name }) => name)
    const close = typeof unknownFlag === "string" ? suggestions(names, unknownFlag) : []
    if (style !== "own" || close.length === 0) throw error
    const why = `did you mean ${close.map((name) => `\`--${name}\``).join(" or ")}?`
    throw new ToolError(error.code, { what: error.what, why, next: error.next, details: error.details })
  }
}

/** No command, or only the first words of one. */
async function runGroup(
  program: Program,
  found: FoundCommand & { readonly kind: "group" },
  world: World,
  style: CommandLineStyle,
): Promise<number> {
  if (found.unknown === "help" && found.path.length === 0) return await runHelp(program, found.argv, world, style)
  // COMPAT(cobra 1.9): only the program itself knows all its words; a group takes any and prints its help.
  const lenient = style === "cobra" && found.path.length > 0 && program.groups !== undefined
  if (found.unknown !== undefined && !lenient) throw unknownCommand(program, found.path, found.unknown, style)
  const notices: string[] = []
  parseFlags(program.globalFlags, found.argv, (line) => notices.push(line))
  await writeLines(world, notices)
  return await printHelp(program, world, undefined, found.path)
}

/** `help COMMAND…`. @throws {ToolError} `E_USAGE` for words that are neither command nor topic, in our own manners. */
async function runHelp(
  program: Program,
  argv: readonly string[],
  world: World,
  style: CommandLineStyle,
): Promise<number> {
  const words = argv.filter((word) => word !== "help")
  const found = findCommand(program, words)
  if (found.kind === "command") return await printHelp(program, world, found.command)
  const { path, unknown } = found
  if (unknown === undefined) return await printHelp(program, world, undefined, path)
  if (program.unknownTopic !== undefined && path.length === 0) {
    await world.stderr.write(program.unknownTopic(program, words))
    return 0
  }
  // A face's own help is behind its word; the program's names it.
  const face = path.length === 0 && program.faces?.some(({ word }) => word === unknown) === true
  if (style === "cobra" || face) return await printHelp(program, world, undefined, path)
  const topic = path.length === 0 ? await program.topic?.(unknown) : undefined
  if (topic === undefined) throw unknownCommand(program, path, unknown, style)
  await world.stdout.write(topic)
  return 0
}

async function printHelp(
  program: Program,
  world: World,
  command: CommandSpec | undefined,
  path: readonly string[] = [],
): Promise<number> {
  // Faces that say nothing of groups have none.
  const help = path.length === 0 || program.groups !== undefined ? program.help : undefined
  if (help !== undefined) await world.stdout.write(await help(program, command, { path, world }))
  else await world.stdout.write(command === undefined ? programHelp(program, path) : commandHelp(program, command))
  return 0
}

function unknownCommand(program: Program, path: readonly string[], word: string, style: CommandLineStyle): ToolError {
  const name = [program.name, ...path].join(" ")
  const instead = path.length === 0 ? program.absent?.get(word) : undefined
  if (instead !== undefined) {
    return new ToolError("E_USAGE", {
      what: `the command ${word} of ${program.name} is not part of this release`,
      next: [instead],
      details: { sentence: true, hints: [instead] },
    })
  }
  if (path.length === 0 && program.faces?.some((face) => face.word === word) === true)
    return faceBehindFlags(name, word)
  const close = suggestions(nextWords(program, path), word)
  if (style === "own") {
    return new ToolError("E_USAGE", {
      what: `unknown command ${JSON.stringify([...path, word].join(" "))}`,
      ...(close.length === 0 ? {} : { why: `did you mean ${close.map((c) => `\`${c}\``).join(" or ")}?` }),
      next: [`run \`${name} --help\` to see the commands`],
    })
  }
  const hint = close.length === 0 ? "" : `\n\nDid you mean this?\n${close.map((c) => `\t${c}\n`).join("")}`
  return new ToolError("E_USAGE", {
    what: `unknown command ${JSON.stringify(word)} for ${JSON.stringify(name)}${hint}`,
    next: [`run \`${name} --help\` to see the commands`],
    details: { unknownCommand: word },
  })
}

/** The first word chooses a face; one that is found later has flags before it. */
function faceBehindFlags(name: string, word: string): ToolError {
  return new ToolError("E_USAGE", {
    what: `flags before ${JSON.stringify(word)}`,
    why: `\`${name} ${word}\` takes the flags of ${word} alone, expected ${JSON.stringify(word)} as the first word`,
    next: [
      `leave the flags out; \`${name} ${word} COMMAND --help\` names those that go behind the command`,
      `or use a command of our own, which takes them: \`${name} --help\``,
    ],
  })
}

function checkValues(specs: readonly FlagSpec[], flags: FlagValues): void {
  for (const spec of specs) {
    if (!flags.given(spec.name)) continue
    // SECURITY: an empty value, perhaps of a variable that is not set, must not mean "as if it was not asked for".
    if (spec.type === "string" && flags.string(spec.name) === "") {
      throw new ToolError("E_USAGE", {
        what: `an empty value for --${spec.name}`,
        why: "the flag was given and says nothing, perhaps from a variable that is not set",
        next: [`check the variable, or leave out \`--${spec.name}\``],
      })
    }
    if (spec.choices === undefined) continue
    const values = spec.type === "string" ? [flags.string(spec.name)] : flags.strings(spec.name)
    const wrong = values.find((value) => !spec.choices?.includes(value))
    if (wrong === undefined) continue
    throw new ToolError("E_USAGE", {
      what: `bad value ${JSON.stringify(wrong)} for --${spec.name}`,
      why: `expected one of ${spec.choices.join(", ")}`,
    })
  }
}

async function report(error: ToolError, context: ErrorContext, style: CommandLineStyle): Promise<number> {
  const { program, world } = context
  if (program.onError !== undefined) return await program.onError(error, context)
  if (style === "own") {
    const why = error.why === undefined ? "" : `  why       ${error.why}\n`
    const hints = error.next.map((line) => `  hint: ${line}\n`).join("")
    await world.stderr.write(`error: ${error.what} [${error.code}]\n${why}${hints}`)
    return EXIT[error.kind]
  }
  const usage = error.details.unknownCommand === undefined ? "" : `Run '${program.name} --help' for usage.\n`
  await world.stderr.write(`Error: ${error.message}\n${usage}`)
  return 1
}

async function writeLines(world: World, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await world.stderr.write(lines.map((line) => `${line}\n`).join(""))
}
