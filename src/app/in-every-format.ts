import { asToolError, ToolError } from "../core/errors.ts"
import type { SignatureFormat } from "../formats/format.ts"

/** What was made in one format: where it lies if it was stored, and whether it was there before. */
interface MadeInFormat {
  readonly location?: unknown
  readonly existed: boolean
}

/**
 * Sign in every format, side by side. All are waited for, also when one fails, so that nothing goes on behind an error.
 *
 * @param work - signs in one format.
 * @throws {ToolError} what the first format that failed threw; it names the formats whose signatures are stored.
 */
export async function inEveryFormat<Made extends MadeInFormat>(
  formats: readonly SignatureFormat[],
  work: (format: SignatureFormat) => Promise<readonly Made[]>,
): Promise<readonly Made[]> {
  const outcomes = await Promise.allSettled(formats.map(work))
  const made = outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : []))
  const failed = outcomes.find((outcome) => outcome.status === "rejected")
  if (failed === undefined) return made.flat()
  const stored = formats.filter((_, index) =>
    made[index]?.some(({ location, existed }) => location !== undefined && !existed),
  )
  throw stored.length === 0 ? failed.reason : withStored(asToolError(failed.reason), stored)
}

function withStored(error: ToolError, stored: readonly SignatureFormat[]): ToolError {
  const { code, what, why, next, details, kind } = error
  const names = stored.map(({ id }) => id).join(", ")
  return new ToolError(code, {
    what,
    why: `${why === undefined ? "" : `${why}; `}stored all the same, in another format: ${names}`,
    next,
    details: { ...details, stored: stored.map(({ id }) => id) },
    kind,
    cause: error,
  })
}
