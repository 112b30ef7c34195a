import { EXIT } from "../../core/error-catalogue.ts"
import type { ToolError } from "../../core/errors.ts"
import type { ErrorContext } from "../command.ts"
import { errorDocument } from "./documents.ts"
import { printError, serialise } from "./output.ts"

/**
 * End a command that has no answer: the error on stderr and, for json and yaml, the error document on stdout.
 *
 * @returns the exit code of the error's kind.
 */
export async function fail(error: ToolError, context: ErrorContext): Promise<number> {
  const { world } = context
  const form = globalText(context, "output", "-o")
  if (form === "json" || form === "yaml") await world.stdout.write(await serialise(errorDocument(error), form))
  await printError(error, undefined, world, {
    json: globalText(context, "log-format") === "json",
    debug: context.flags?.bool("debug") ?? context.argv.includes("--debug"),
  })
  return EXIT[error.kind]
}

/** Value of a global flag; where the command line could not be parsed, what it says literally. */
function globalText(context: ErrorContext, name: string, short?: string): string {
  if (context.flags !== undefined) return context.flags.string(name)
  const { argv } = context
  for (const [index, word] of argv.entries()) {
    if (word === "--") break
    if (word === `--${name}` || word === short) return argv[index + 1] ?? ""
    if (word.startsWith(`--${name}=`)) return word.slice(name.length + 3)
    if (short !== undefined && word.startsWith(short) && !word.startsWith("--")) {
      return word.slice(short.length).replace(/^=/, "")
    }
  }
  return ""
}
