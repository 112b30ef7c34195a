import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { FlagSpec, FlagValues } from "../command.ts"
import { parseFlags } from "./pflag.ts"

const specs: readonly FlagSpec[] = [
  { name: "tlog-upload", type: "bool", default: "true", usage: "" },
  { name: "debug", short: "d", type: "bool", usage: "" },
  { name: "yes", short: "y", type: "bool", usage: "" },
  { name: "key", short: "k", type: "string", usage: "" },
  { name: "annotations", short: "a", type: "stringSlice", usage: "" },
  { name: "slice-default", type: "stringSlice", default: "p,q", usage: "" },
  { name: "array", short: "r", type: "stringArray", usage: "" },
  { name: "num", short: "n", type: "int", default: "10", usage: "" },
  { name: "uint", type: "uint", usage: "" },
  { name: "timeout", short: "t", type: "duration", default: "3m", usage: "" },
  { name: "opt", short: "o", type: "string", noOptDefault: "bare", usage: "" },
  { name: "old", type: "string", deprecated: "use --key instead", usage: "" },
]

interface Case {
  readonly argv: readonly string[]
  readonly error?: string
  readonly flags?: Record<string, unknown>
  readonly args?: readonly string[]
  readonly notices?: string
}

const cases = readFileSync(new URL("testdata/pflag-cases.jsonl", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Case)

function read(flags: FlagValues, spec: FlagSpec): unknown {
  switch (spec.type) {
    case "bool":
      return flags.bool(spec.name)
    case "string":
      return flags.string(spec.name)
    case "stringSlice":
    case "stringArray":
      return flags.strings(spec.name)
    case "int":
    case "uint":
      return flags.int(spec.name)
    case "duration":
      return flags.duration(spec.name)
  }
}

function outcome(argv: readonly string[]): Case {
  let notices = ""
  const noted = (): Partial<Case> => (notices === "" ? {} : { notices })
  try {
    const parsed = parseFlags(specs, argv, (line) => (notices += `${line}\n`))
    if (parsed.help) return { argv, error: "pflag: help requested", ...noted() }
    const given = specs.filter((s) => parsed.flags.given(s.name))
    const flags = Object.fromEntries(given.map((s) => [s.name, read(parsed.flags, s)]))
    return {
      argv,
      ...(given.length === 0 ? {} : { flags }),
      ...(parsed.args.length === 0 ? {} : { args: parsed.args }),
      ...noted(),
    }
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    return { argv, error: error.what, ...noted() }
  }
}

describe("parseFlags does what pflag does", () => {
  it.each(cases)("$argv", (wanted) => {
    expect(outcome(wanted.argv)).toEqual(wanted)
  })
})

describe("typed access", () => {
  it("throws for a name or a type that is not in the table", () => {
    const { flags } = parseFlags(specs, [])
    expect(() => flags.bool("typo")).toThrow(/no flag --typo/)
    expect(() => flags.string("debug")).toThrow(/is a bool/)
    expect(flags.strings("slice-default")).toEqual(["p", "q"])
    expect(flags.duration("timeout")).toBe(180_000)
  })

  it("takes a value from outside only when the flag was not given", () => {
    const parsed = parseFlags(specs, ["--key", "a"])
    parsed.setFrom("key", "b")
    parsed.setFrom("array", "c,d")
    expect(parsed.flags.string("key")).toBe("a")
    expect(parsed.flags.strings("array")).toEqual(["c,d"])
    expect(parsed.flags.given("array")).toBe(true)
    expect(parsed.setFrom("debug", "maybe")).toBe(false)
    expect(parsed.flags.given("debug")).toBe(false)
  })

  it("knows aliases", () => {
    const parsed = parseFlags([{ name: "certificate", aliases: ["cert"], type: "string", usage: "" }], ["--cert=x"])
    expect(parsed.flags.string("certificate")).toBe("x")
  })
})
