import { ToolError } from "../../core/errors.ts"
import type { CommandSpec, Program } from "../command.ts"

/**
 * Check how many arguments there are.
 *
 * @throws {ToolError} `E_USAGE`; in cobra's words (`MinimumNArgs`, `ExactArgs`, `RangeArgs`, `NoArgs`) for faces.
 */
export function checkArguments(
  program: Program,
  command: CommandSpec,
  args: readonly string[],
  style: "cobra" | "own",
): void {
  const { min, max } = command.args
  const count = args.length
  if (count >= min && (max === undefined || count <= max)) return
  const name = [program.name, ...command.path].join(" ")
  const next = [`run \`${name} --help\``]
  if (style === "cobra") throw new ToolError("E_USAGE", { what: cobraSentence(name, min, max, args), next })
  const wanted = command.args.usage === "" ? "no arguments" : command.args.usage
  throw new ToolError("E_USAGE", {
    what: count < min ? `too few arguments for \`${name}\`` : `too many arguments for \`${name}\``,
    why: `expected ${wanted}, got ${count === 0 ? "none" : args.map((a) => JSON.stringify(a)).join(" ")}`,
    next,
  })
}

function cobraSentence(name: string, min: number, max: number | undefined, args: readonly string[]): string {
  const count = args.length
  if (max === undefined) return `requires at least ${min} arg(s), only received ${count}`
  if (max === 0) return `unknown command ${JSON.stringify(args[0] ?? "")} for ${JSON.stringify(name)}`
  if (min === max) return `accepts ${min} arg(s), received ${count}`
  if (min === 0) return `accepts at most ${max} arg(s), received ${count}`
  return `accepts between ${min} and ${max} arg(s), received ${count}`
}
