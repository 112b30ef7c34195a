import type { ToolError } from "../../core/errors.ts"
import { printable, printableText } from "../../core/printable.ts"
import type { ErrorContext } from "../command.ts"
import { sentenceOf } from "./face-error.ts"

/**
 * Print an error as cosign does: `Error: …` and `error during command execution: …`, then our hints, if any.
 *
 * DEVIATION: cosign has no hints; they come after its lines, so what scripts match stays where it was.
 */
export async function onCosignError(error: ToolError, { world, program }: ErrorContext): Promise<number> {
  const { exit, hints, unknownCommand, sentence } = error.details
  const text = sentenceOf(error)
  const usage = unknownCommand === undefined ? "" : `Run '${program.name} --help' for usage.\n`
  const ours = error.code === "E_USAGE" && sentence !== true ? [] : sentence === true ? hints : error.next
  const lines = Array.isArray(ours) ? ours.map((hint) => `hint: ${printable(inOwnWords(String(hint)))}\n`).join("") : ""
  await world.stderr.write(printableText(`Error: ${text}\n${usage}error during command execution: ${text}\n${lines}`))
  return typeof exit === "number" ? exit : 1
}

/** Commands of ours that hints name, and what they are called here. */
const COMMANDS: readonly (readonly [RegExp, string])[] = [
  [/`countersign keys generate`/g, "`cosign generate-key-pair`"],
  [/`countersign keys import`/g, "`cosign import-key-pair`"],
  [/`countersign (sign|attest|login)\b/g, "`cosign $1"],
  [/`countersign trust update\b/g, "`cosign initialize"],
]

function inOwnWords(hint: string): string {
  return COMMANDS.reduce((text, [ours, theirs]) => text.replace(ours, theirs), hint)
}
