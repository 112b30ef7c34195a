import { describe, expect, it } from "vitest"
import type { World } from "../../app/world.ts"
import type { CommandSpec, Program } from "../command.ts"
import { findCommand } from "./find-command.ts"
import { runProgram } from "./run-program.ts"

const command = (...path: readonly string[]): CommandSpec => ({
  path,
  aliases: [`${path.at(-1) ?? ""}s`],
  summary: "",
  examples: [],
  flags: [],
  args: { min: 0, usage: "" },
  load: () => Promise.resolve(() => Promise.resolve(7)),
})

const program: Program = {
  name: "tool",
  summary: "",
  globalFlags: [],
  commands: [command("certificate", "add"), command("blob", "policy", "show"), command("sign")],
  groups: [
    { path: ["certificate"], aliases: ["cert"], summary: "certificates" },
    { path: ["blob", "policy"], aliases: ["p"], summary: "policies" },
  ],
  help: (_program, found, context) => `help ${[...(found?.path ?? []), "/", ...(context?.path ?? [])].join(" ")}\n`,
  unknownTopic: (_program, words) => `no topic ${words.join(" ")}\n`,
}

async function run(argv: readonly string[], style: "cobra" | "own" = "cobra"): Promise<string> {
  let text = ""
  const sink = (name: string): World["stdout"] => ({
    isTTY: false,
    columns: 80,
    write: (chunk) => {
      text += `${name}: ${String(chunk)}`
      return Promise.resolve()
    },
  })
  const world = { env: {}, stdout: sink("out"), stderr: sink("err") } as unknown as World
  const exit = await runProgram(program, argv, world, style)
  return `${exit} ${text}`
}

describe("groups", () => {
  it.each([
    ["cert add", "certificate add"],
    ["cert adds", "certificate add"],
    ["certificate add x", "certificate add"],
    ["blob p show", "blob policy show"],
    ["signs", "sign"],
  ])("%s is %s", (line, wanted) => {
    const found = findCommand(program, line.split(" "))
    expect(found.kind === "command" && found.command.path.join(" ")).toBe(wanted)
  })

  it.each([
    ["cert", "0 out: help / certificate\n"],
    ["cert nope", "0 out: help / certificate\n"],
    ["cert --help", "0 out: help / certificate\n"],
    ["help cert nope", "0 out: help / certificate\n"],
    ["blob p", "0 out: help / blob policy\n"],
    ["help cert add", "0 out: help certificate add /\n"],
    ["help nope", "0 err: no topic nope\n"],
    ["", "0 out: help /\n"],
    ["cert nope --bogus", /^1 err: Error: unknown flag: --bogus/],
    ["nope", /^1 err: Error: unknown command "nope" for "tool"/],
    ["p", /^1 err: Error: unknown command "p" for "tool"/],
  ])("%s", async (line, wanted) => {
    const answer = (await run(line.split(" ").filter((word) => word !== ""))).replace(/ +\n/, "\n")
    if (typeof wanted === "string") expect(answer).toBe(wanted)
    else expect(answer).toMatch(wanted)
  })

  it("our own manners refuse unknown words everywhere", async () => {
    expect(await run(["cert", "nope"], "own")).toMatch(/^2 err: error: unknown command "certificate nope"/)
  })
})
