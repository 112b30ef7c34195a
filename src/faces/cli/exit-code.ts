import { EXIT, type ErrorKind } from "../../core/error-catalogue.ts"
import type { ToolError } from "../../core/errors.ts"

/** Worst first: a definite no is not softened by a question that stayed open. */
const ORDER: readonly ErrorKind[] = ["bug", "usage", "negative", "conflict", "unknown"]

/**
 * Exit code of a command about several artifacts.
 *
 * @param errors - one entry per artifact, `undefined` where all is well.
 * @returns 0 without errors, else the code of the worst kind: 70, 2, 1, 4, 3.
 */
export function exitCode(errors: readonly (ToolError | undefined)[]): number {
  const kinds = new Set(errors.flatMap((error) => (error === undefined ? [] : [error.kind])))
  const worst = ORDER.find((kind) => kinds.has(kind))
  return worst === undefined ? 0 : EXIT[worst]
}
