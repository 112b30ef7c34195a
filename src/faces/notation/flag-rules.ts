/** What cobra demands of flags once they are parsed, in its order and words. */
import { goQuote } from "../../codec/go-quote.ts"
import type { FlagValues } from "../command.ts"
import type { FaceCommand } from "./face-command.ts"
import { faceError } from "./face-error.ts"
import type { FaceFlag } from "./face-flag.ts"

/** Variable that enables experimental flags. */
const EXPERIMENTAL = "NOTATION_EXPERIMENTAL"

/** Whether experimental flags may be used and are shown. */
export function experimentalEnabled(env: Readonly<Record<string, string | undefined>>): boolean {
  return env[EXPERIMENTAL] === "1"
}

/**
 * Whether experimental flags were given.
 *
 * @param name - the command as messages name it.
 * @throws {ToolError} `E_USAGE` when they are not enabled.
 */
export function usesExperimental(
  rows: readonly FaceFlag[],
  flags: FlagValues,
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const used = rows.filter((row) => row.experimental === true && flags.given(row.name)).map((row) => `--${row.name}`)
  if (used.length === 0) return false
  if (experimentalEnabled(env)) return true
  throw faceError(
    `flag(s) ${used.join(",")} in ${goQuote(name)} is experimental and not enabled by default. ` +
      `To use, please set ${EXPERIMENTAL}=1 environment variable`,
  )
}

/** Required flags, then groups of flags. Names that a generation does not have are left out. @throws {ToolError} `E_USAGE`. */
export function checkFlagRules(command: FaceCommand, rows: readonly FaceFlag[], flags: FlagValues): void {
  const known = (names: readonly string[]): readonly string[] =>
    names.filter((name) => rows.some((row) => row.name === name))
  const given = (names: readonly string[]): readonly string[] => names.filter((name) => flags.given(name))
  const missing = (command.required ?? []).filter((name) => !flags.given(name)).toSorted()
  if (missing.length > 0) throw faceError(`required flag(s) ${missing.map(goQuote).join(", ")} not set`)
  for (const names of sortedGroups(command.together)) {
    const unset = names.filter((name) => !flags.given(name)).toSorted()
    if (unset.length === 0 || unset.length === names.length) continue
    throw faceError(
      `if any flags in the group [${names.join(" ")}] are set they must all be set; missing [${unset.join(" ")}]`,
    )
  }
  for (const names of sortedGroups(command.oneRequired)) {
    if (given(names).length > 0) continue
    throw faceError(`at least one of the flags in the group [${names.join(" ")}] is required`)
  }
  for (const group of sortedGroups(command.exclusive)) {
    const names = known(group)
    const set = given(names).toSorted()
    if (set.length < 2) continue
    throw faceError(
      `if any flags in the group [${names.join(" ")}] are set none of the others can be; ` +
        `[${set.join(" ")}] were all set`,
    )
  }
}

function sortedGroups(groups: FaceCommand["together"]): readonly (readonly string[])[] {
  return (groups ?? []).toSorted((a, b) => (a.join(" ") < b.join(" ") ? -1 : 1))
}
