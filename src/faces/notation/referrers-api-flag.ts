import { warn, type FaceInvocation } from "./face-invocation.ts"

const NAME = "allow-referrers-api"

/**
 * The deprecated flag of notation 1.x, with its warning where it is given.
 *
 * @param instead - what the warning says to use when the flag is on.
 * @returns its value; `undefined` where it is not given or the command has none.
 */
export async function referrersApiFlag(invocation: FaceInvocation, instead?: string): Promise<boolean | undefined> {
  const { flags, command } = invocation
  if (command.flags.every(({ name }) => name !== NAME) || !flags.given(NAME)) return undefined
  const allows = flags.bool(NAME)
  const hint = allows && instead !== undefined ? `, use '${instead}' instead.` : "."
  await warn(invocation, `flag '--${NAME}' is deprecated and will be removed in future versions${hint}`)
  return allows
}
