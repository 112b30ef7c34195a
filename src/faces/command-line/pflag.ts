/**
 * Reads a command line exactly as Go's pflag does, from a table of flags.
 *
 * Spec: spf13/pflag flag.go `parseArgs`, `parseLongArg`, `parseSingleShortArg`, `Set`.
 */
import { goQuote, goQuoteRune } from "../../codec/go-quote.ts"
import { ToolError } from "../../core/errors.ts"
import type { FlagSpec, FlagValues } from "../command.ts"
import { parseGoBool, parseGoCsvRecord, parseGoDuration, parseGoInt, type GoResult } from "./go-values.ts"

/** What came of a command line. */
export interface ParsedFlags {
  readonly flags: FlagValues
  readonly args: readonly string[]
  /** `--help` or `-h` was met; parsing stopped there, as pflag does when no such flag is defined. */
  readonly help: boolean
  /** Set a flag that was not given, as from the environment, without notices. A bad value changes nothing: false. */
  setFrom(name: string, text: string): boolean
}

type Value = boolean | string | number | readonly string[]

/**
 * Parse `argv` by `specs`.
 *
 * @param argv - words after the command's name; untrusted.
 * @param notice - gets a line for stderr at each use of a deprecated flag, also when a later word is in error.
 * @throws {ToolError} `E_USAGE` with pflag's own words in `what`.
 */
export function parseFlags(
  specs: readonly FlagSpec[],
  argv: readonly string[],
  notice: (line: string) => void = () => undefined,
): ParsedFlags {
  const parser = new Parser(specs, notice)
  parser.parse(argv)
  return parser
}

class Parser implements ParsedFlags, FlagValues {
  readonly args: string[] = []
  help = false
  readonly #notice: (line: string) => void
  readonly #specs = new Map<string, FlagSpec>()
  readonly #byName = new Map<string, FlagSpec>()
  readonly #byLetter = new Map<string, FlagSpec>()
  readonly #values = new Map<string, Value>()
  readonly #given = new Set<string>()

  constructor(specs: readonly FlagSpec[], notice: (line: string) => void) {
    this.#notice = notice
    for (const spec of specs) {
      this.#specs.set(spec.name, spec)
      for (const name of [spec.name, ...(spec.aliases ?? [])]) this.#byName.set(name, spec)
      if (spec.short !== undefined) this.#byLetter.set(spec.short, spec)
    }
  }

  get flags(): FlagValues {
    return this
  }

  parse(argv: readonly string[]): void {
    let rest = argv
    for (let word = rest[0]; word !== undefined && !this.help; word = rest[0]) {
      rest = rest.slice(1)
      if (!word.startsWith("-") || word === "-") this.args.push(word)
      else if (word === "--") {
        this.args.push(...rest)
        return
      } else rest = word.startsWith("--") ? this.#long(word, rest) : this.#short(word, rest)
    }
  }

  #long(word: string, rest: readonly string[]): readonly string[] {
    const body = word.slice(2)
    if (body.startsWith("-") || body.startsWith("=")) throw usage(`bad flag syntax: ${word}`)
    const equals = body.indexOf("=")
    const name = equals < 0 ? body : body.slice(0, equals)
    const spec = this.#byName.get(name)
    if (spec === undefined) {
      if (name === "help") {
        this.help = true
        return rest
      }
      throw usage(`unknown flag: --${name}`, { unknownFlag: name })
    }
    if (equals >= 0) return this.#take(spec, body.slice(equals + 1), rest)
    const bare = withoutValue(spec)
    if (bare !== undefined) return this.#take(spec, bare, rest)
    if (rest[0] === undefined) throw usage(`flag needs an argument: --${name}`)
    return this.#take(spec, rest[0], rest.slice(1))
  }

  #short(word: string, rest: readonly string[]): readonly string[] {
    let cluster = word.slice(1)
    let left = rest
    while (cluster !== "" && !this.help) {
      const letter = cluster.charAt(0)
      const spec = this.#byLetter.get(letter)
      if (spec === undefined) {
        if (letter === "h") {
          this.help = true
          return left
        }
        throw usage(`unknown shorthand flag: ${goQuoteRune(firstByte(cluster))} in -${cluster}`)
      }
      const bare = withoutValue(spec)
      if (cluster.length > 2 && cluster.charAt(1) === "=") return this.#take(spec, cluster.slice(2), left)
      if (bare !== undefined) {
        left = this.#take(spec, bare, left)
        cluster = cluster.slice(1)
        continue
      }
      if (cluster.length > 1) return this.#take(spec, cluster.slice(1), left)
      if (left[0] === undefined) throw usage(`flag needs an argument: ${goQuoteRune(letter)} in -${cluster}`)
      return this.#take(spec, left[0], left.slice(1))
    }
    return left
  }

  #take(spec: FlagSpec, text: string, rest: readonly string[]): readonly string[] {
    this.#set(spec, text)
    return rest
  }

  #set(spec: FlagSpec, text: string): void {
    const read = readValue(spec, text)
    if ("error" in read) {
      const shown = spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`
      const what = `invalid argument ${goQuote(text)} for ${goQuote(shown)} flag: ${read.error}`
      throw spec.type === "duration" ? usage(what, {}, durationAdvice(text)) : usage(what)
    }
    const before = this.#given.has(spec.name) ? this.#values.get(spec.name) : undefined
    const appends = Array.isArray(read.value) && Array.isArray(before)
    this.#values.set(spec.name, appends ? [...(before as string[]), ...(read.value as string[])] : read.value)
    this.#given.add(spec.name)
    if (spec.deprecated !== undefined) this.#notice(`Flag --${spec.name} has been deprecated, ${spec.deprecated}`)
  }

  setFrom(name: string, text: string): boolean {
    const spec = this.#spec(name)
    if (this.#given.has(name)) return false
    const read = readValue(spec, text)
    if ("error" in read) return false
    this.#values.set(name, read.value)
    this.#given.add(name)
    return true
  }

  given(name: string): boolean {
    return this.#given.has(this.#spec(name).name)
  }

  bool(name: string): boolean {
    return this.#read(name, ["bool"], false)
  }

  string(name: string): string {
    return this.#read(name, ["string"], "")
  }

  strings(name: string): readonly string[] {
    return this.#read<readonly string[]>(name, ["stringSlice", "stringArray"], [])
  }

  int(name: string): number {
    return this.#read(name, ["int", "uint"], 0)
  }

  duration(name: string): number {
    return this.#read(name, ["duration"], 0)
  }

  #spec(name: string): FlagSpec {
    const spec = this.#specs.get(name)
    if (spec === undefined) throw new ToolError("E_INTERNAL", { what: `no flag --${name} in this command's table` })
    return spec
  }

  #read<T extends Value>(name: string, types: readonly FlagSpec["type"][], empty: T): T {
    const spec = this.#spec(name)
    if (!types.includes(spec.type)) {
      throw new ToolError("E_INTERNAL", { what: `flag --${name} is a ${spec.type}, not a ${types.join(" or ")}` })
    }
    const value = this.#values.get(name)
    if (value !== undefined) return value as T
    if (spec.default === undefined) return empty
    const read = readValue(spec, spec.default)
    if ("error" in read) throw new ToolError("E_INTERNAL", { what: `bad default of --${name}`, why: read.error })
    return read.value as T
  }
}

function readValue(spec: FlagSpec, text: string): GoResult<Value> {
  switch (spec.type) {
    case "bool":
      return parseGoBool(text)
    case "int":
      return parseGoInt(text, false)
    case "uint":
      return parseGoInt(text, true)
    case "duration":
      return parseGoDuration(text)
    case "stringSlice":
      return parseGoCsvRecord(text)
    case "stringArray":
      return { value: [text] }
    case "string":
      return { value: text }
  }
}

/** The value a flag has when it stands alone; `undefined` when it takes the next word. */
function withoutValue(spec: FlagSpec): string | undefined {
  return spec.noOptDefault ?? (spec.type === "bool" ? "true" : undefined)
}

/** pflag walks bytes: a letter outside ASCII is reported by its first UTF-8 byte. */
function firstByte(text: string): string {
  return String.fromCharCode(new TextEncoder().encode(text.slice(0, 2))[0] ?? 0)
}

function usage(what: string, details: ToolError["details"] = {}, advice: readonly string[] = HELP): ToolError {
  return new ToolError("E_USAGE", { what, next: advice, details })
}

const HELP = ["run the command with `--help` to see its flags"]

/** Durations have no unit of days or longer. */
function durationAdvice(text: string): readonly string[] {
  const days = /^(\d{1,6})d$/.exec(text)?.[1]
  return [`units are h, m and s: write it as \`${days === undefined ? "720h" : `${Number(days) * 24}h`}\``]
}
