import { describe, expect, it } from "vitest"
import type { World } from "../../app/world.ts"
import { ToolError } from "../../core/errors.ts"
import type { CommandSpec, Invocation, Program } from "../command.ts"
import { runProgram } from "./run-program.ts"

const calls: Invocation[] = []

function command(path: readonly string[], more: Partial<CommandSpec> = {}): CommandSpec {
  return {
    path,
    summary: `does ${path.join(" ")}`,
    examples: [],
    flags: [
      { name: "key", short: "k", type: "string", usage: "the key" },
      { name: "kind", type: "string", choices: ["a", "b"], usage: "the kind" },
      { name: "old", type: "bool", usage: "gone", deprecated: "use --key" },
    ],
    args: { min: 0, usage: "THING..." },
    load: () =>
      Promise.resolve((invocation: Invocation) => {
        calls.push(invocation)
        return Promise.resolve(0)
      }),
    ...more,
  }
}

const program: Program = {
  name: "tool",
  summary: "A tool.",
  globalFlags: [
    { name: "verbose", short: "v", type: "bool", usage: "say more" },
    { name: "timeout", short: "t", type: "duration", default: "3m0s", usage: "how long" },
  ],
  environmentPrefix: "TOOL",
  commands: [
    command(["sign"], { args: { min: 1, usage: "THING..." } }),
    command(["signal"], { args: { min: 1, max: 1, usage: "THING" } }),
    command(["nothing"], { args: { min: 0, max: 0, usage: "" } }),
    command(["keys", "generate"], { aliases: ["gen"] }),
    command(["keys", "import"], { deprecated: "go away" }),
    command(["fails"], {
      load: () =>
        Promise.resolve(() => Promise.reject(new ToolError("E_REF_INVALID", { what: "bad ref", why: "it is" }))),
    }),
    command(["private"], { hidden: true, environment: false }),
  ],
}

async function run(
  argv: readonly string[],
  style: "cobra" | "own",
  env: Record<string, string> = {},
  of: Program = program,
) {
  const out = { stdout: "", stderr: "" }
  const sink = (name: keyof typeof out) => ({
    isTTY: false,
    columns: 80,
    write: (chunk: string | Uint8Array) => {
      out[name] += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk)
      return Promise.resolve()
    },
  })
  calls.length = 0
  const world = { env, stdout: sink("stdout"), stderr: sink("stderr") } as unknown as World
  const exit = await runProgram(of, argv, world, style)
  return { exit, ...out, call: calls[0] }
}

describe("finding the command", () => {
  it.each([
    { argv: ["sign", "x"], path: "sign", args: ["x"] },
    { argv: ["-v", "sign", "x"], path: "sign", args: ["x"] },
    { argv: ["--timeout", "5s", "sign", "x"], path: "sign", args: ["x"] },
    { argv: ["-t", "5s", "keys", "-v", "generate"], path: "keys generate", args: [] },
    { argv: ["keys", "gen", "a"], path: "keys generate", args: ["a"] },
    { argv: ["sign", "sign"], path: "sign", args: ["sign"] },
    { argv: ["sign", "--", "--key"], path: "sign", args: ["--key"] },
  ])("$argv", async ({ argv, path, args }) => {
    const { exit, call } = await run(argv, "cobra")
    expect(exit).toBe(0)
    expect(call?.command.path.join(" ")).toBe(path)
    expect(call?.args).toEqual(args)
  })
})

describe("cobra's words", () => {
  // Sentences as cosign 2.5.0 and 3.1.1 print them.
  it.each([
    { argv: ["frob"], stderr: `Error: unknown command "frob" for "tool"\nRun 'tool --help' for usage.\n` },
    {
      argv: ["sig"],
      stderr: `Error: unknown command "sig" for "tool"\n\nDid you mean this?\n\tsign\n\tsignal\n\nRun 'tool --help' for usage.\n`,
    },
    { argv: ["sign"], stderr: "Error: requires at least 1 arg(s), only received 0\n" },
    { argv: ["signal", "a", "b"], stderr: "Error: accepts 1 arg(s), received 2\n" },
    { argv: ["nothing", "a"], stderr: `Error: unknown command "a" for "tool nothing"\n` },
    { argv: ["sign", "--nope"], stderr: "Error: unknown flag: --nope\n" },
    { argv: ["--nope"], stderr: "Error: unknown flag: --nope\n" },
    {
      argv: ["sign", "--old"],
      stderr: "Flag --old has been deprecated, use --key\nError: requires at least 1 arg(s), only received 0\n",
    },
    { argv: ["sign", "--old", "--nope"], stderr: "Error: unknown flag: --nope\n" },
    { argv: ["fails"], stderr: "Error: bad ref: it is\n" },
  ])("$argv", async ({ argv, stderr }) => {
    expect(await run(argv, "cobra")).toMatchObject({ exit: 1, stdout: "", stderr })
  })

  it("announces a deprecated command before its flags are read", async () => {
    const { stderr } = await run(["keys", "import", "--nope"], "cobra")
    expect(stderr).toBe('Command "import" is deprecated, go away\nError: unknown flag: --nope\n')
  })
})

describe("our own words", () => {
  it.each([
    { argv: ["sing", "x"], exit: 2, has: ["unknown command", "`sign`", "[E_USAGE]"] },
    { argv: ["keys", "frob"], exit: 2, has: ['unknown command "keys frob"'] },
    { argv: ["signal"], exit: 2, has: ["too few arguments for `tool signal`", "expected THING, got none"] },
    { argv: ["signal", "a", "b"], exit: 2, has: ["too many arguments"] },
    { argv: ["nothing", "a"], exit: 2, has: ["expected no arguments"] },
    { argv: ["sign", "x", "--kind", "c"], exit: 2, has: ['bad value "c" for --kind', "a, b"] },
    { argv: ["fails"], exit: 2, has: ["error: bad ref [E_REF_INVALID]", "it is", "hint: "] },
  ])("$argv", async ({ argv, exit, has }) => {
    const result = await run(argv, "own")
    expect(result.exit).toBe(exit)
    expect(result.stdout).toBe("")
    for (const part of has) expect(result.stderr).toContain(part)
  })
})

describe("help", () => {
  it.each([["--help"], ["-h"], [], ["help"], ["-v"]])("of the program: %s", async (...argv) => {
    const { exit, stdout } = await run(argv, "own")
    expect(exit).toBe(0)
    expect(stdout).toContain("Commands:\n  fails     does fails\n  keys      generate, import\n")
    expect(stdout).toContain(
      "  -t, --timeout duration   how long (default 3m0s)\n  -v, --verbose            say more\n",
    )
    expect(stdout).not.toContain("private")
  })

  it.each([[["keys"]], [["help", "keys"]], [["keys", "--help"]]])("of a group: %s", async (argv) => {
    expect((await run(argv, "own")).stdout).toContain("  tool keys COMMAND [flags]\n")
  })

  it.each([[["sign", "--help"]], [["help", "sign"]], [["sign", "-h", "--nope"]]])("of a command: %s", async (argv) => {
    const { exit, stdout } = await run(argv, "own")
    expect(exit).toBe(0)
    expect(stdout).toContain("Usage:\n  tool sign [flags] THING...\n")
    expect(stdout).toContain("  -k, --key string    the key\n      --kind string   the kind\n")
    expect(stdout).not.toContain("--old")
    expect(stdout).not.toContain("Commands:")
  })

  it("of a command that others begin with names them", async () => {
    const both = { ...program, commands: [...program.commands, command(["keys"])] }
    const { stdout } = await run(["keys", "--help"], "own", {}, both)
    expect(stdout).toContain(
      "  tool keys [flags] THING...\n\nCommands:\n  generate   does keys generate\n  import     does keys import\n",
    )
  })

  const topics = { ...program, topic: (word: string) => Promise.resolve(word === "E_ONE" ? "about one\n" : undefined) }
  it("of a word that is no command prints what is known of it", async () => {
    expect(await run(["help", "E_ONE"], "own", {}, topics)).toMatchObject({
      exit: 0,
      stdout: "about one\n",
      stderr: "",
    })
  })

  it.each([
    ["a word that is nothing", ["help", "frob"], topics, /unknown command "frob" \[E_USAGE\]/],
    ["a word, where nothing is known", ["help", "frob"], program, /unknown command "frob" \[E_USAGE\]/],
    ["a misspelt command", ["help", "sgin"], topics, /did you mean `sign`/],
    ["a topic behind a group", ["help", "keys", "E_ONE"], topics, /unknown command "keys E_ONE"/],
  ] as const)("of %s is refused", async (_name, argv, of, words) => {
    const ran = await run(argv, "own", {}, of)
    expect([ran.exit, ran.stdout]).toEqual([2, ""])
    expect(ran.stderr).toMatch(words)
  })

  it("of a word that cobra does not know is the program's", async () => {
    expect(await run(["help", "frob"], "cobra", {}, topics)).toMatchObject({ exit: 0, stderr: "" })
  })
})

describe("flags from the environment", () => {
  it("stand for flags that were not given", async () => {
    const { call } = await run(["sign", "x"], "cobra", { TOOL_KEY: "k", TOOL_TIMEOUT: "5s" })
    expect(call?.flags.string("key")).toBe("k")
    expect(call?.flags.duration("timeout")).toBe(5000)
  })

  it.each([
    { name: "the command line wins", argv: ["sign", "x", "--key", "c"], env: { TOOL_KEY: "k" }, key: "c" },
    { name: "an empty variable is none", argv: ["sign", "x"], env: { TOOL_KEY: "" }, key: "" },
    { name: "a command may have none", argv: ["private"], env: { TOOL_KEY: "k" }, key: "" },
  ])("$name", async ({ argv, env, key }) => {
    expect((await run(argv, "cobra", env)).call?.flags.string("key")).toBe(key)
  })

  it("are ignored when they are bad", async () => {
    expect((await run(["sign", "x"], "cobra", { TOOL_TIMEOUT: "soon" })).call?.flags.duration("timeout")).toBe(180_000)
  })
})

describe("a face that is not the first word", () => {
  const faces = [{ word: "other", about: "", load: () => Promise.reject(new Error("not loaded")) }]

  it("is known to help by the program's own", async () => {
    const { exit, stdout } = await run(["help", "other"], "own", {}, { ...program, faces })
    expect(exit).toBe(0)
    expect(stdout).toContain("tool COMMAND [flags]")
  })

  it.each([[["--verbose", "other", "ls"]], [["-t", "1s", "other"]], [["-v", "other", "--help"]]])(
    "%j says that faces take no flags of ours",
    async (argv) => {
      const ran = await run(argv, "own", {}, { ...program, faces })
      expect(ran.exit).not.toBe(0)
      expect(ran.stderr).toContain('flags before "other" [E_USAGE]')
      expect(ran.stderr).toContain("`tool other COMMAND --help`")
      expect(ran.stderr).toContain("or use a command of our own")
    },
  )

  it.each([
    ["another word", ["-v", "others"], { ...program, faces }],
    ["a program without faces", ["-v", "other"], program],
    ["behind a group", ["keys", "other"], { ...program, faces }],
  ])("%s is an unknown command", async (_case, argv, of) => {
    expect((await run(argv, "own", {}, of)).stderr).toContain("unknown command")
  })
})
