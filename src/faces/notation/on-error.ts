import { printableText } from "../../core/printable.ts"
import type { ToolError } from "../../core/errors.ts"
import type { ErrorContext } from "../command.ts"
import { sentenceOf } from "./face-error.ts"

/** Print an error as notation does: `Error: …`. Every failure ends with exit code 1. */
export async function onNotationError(error: ToolError, { world, program }: ErrorContext): Promise<number> {
  const usage = error.details["unknownCommand"] === undefined ? "" : `Run '${program.name} --help' for usage.\n`
  await world.stderr.write(printableText(`Error: ${sentenceOf(error)}\n${usage}`))
  return 1
}
